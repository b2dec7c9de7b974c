// UpdateStreamRecordDistributionStrategy: whether records go where their keys say (USER_PARTITION_KEY) or are spread evenly (AUTO).
import { invalidArgument } from '../aws-error.ts'
import { operation } from '../operation.ts'
import { required } from '../shape.ts'
import { recordDistributionStrategy, streamARN, streamId } from '../shapes.ts'

export const updateStreamRecordDistributionStrategy = operation({
  name: 'UpdateStreamRecordDistributionStrategy',
  input: { recordDistributionStrategy: required(recordDistributionStrategy), streamARN: required(streamARN), streamId },
  async run(input, { streams }) {
    const stream = streams.active({ streamARN: input.streamARN })
    const distribution = input.recordDistributionStrategy
    if (stream.facts.mode !== 'ON_DEMAND') throw invalidArgument('RecordDistributionStrategy is only supported for streams in ON_DEMAND mode.')
    await streams.annotate(stream, () => ({ distribution }))
    return undefined
  },
})
