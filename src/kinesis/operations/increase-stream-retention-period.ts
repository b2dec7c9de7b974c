// IncreaseStreamRetentionPeriod: retention.ms in hours, up to a year.
import { invalidArgument } from '../aws-error.ts'
import { retentionHours } from '../describe.ts'
import { operation } from '../operation.ts'
import { checkRetentionHours, hourMs } from '../retention-input.ts'
import { integer, required } from '../shape.ts'
import { streamReference } from '../shapes.ts'

export const increaseStreamRetentionPeriod = operation({
  name: 'IncreaseStreamRetentionPeriod',
  input: { retentionPeriodHours: required(integer()), ...streamReference },
  async run({ retentionPeriodHours: hours, ...reference }, { streams }) {
    const stream = streams.active(reference)
    checkRetentionHours(hours)
    const now = retentionHours(stream)
    if (hours < now) {
      throw invalidArgument(
        `Requested retention period (${hours} hours) for stream ${stream.name} can not be shorter than existing retention period (${now} hours). Use DecreaseRetentionPeriod API.`,
      )
    }
    await streams.configure(stream, 'retention.ms', String(hours * hourMs))
    return undefined
  },
})
