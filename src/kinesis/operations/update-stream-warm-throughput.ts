// UpdateStreamWarmThroughput: kept and given back. There is no scaling to warm up here: the target is reached at once.
import { invalidArgument } from '../aws-error.ts'
import { warmThroughput } from '../describe.ts'
import { operation } from '../operation.ts'
import { integer, required } from '../shape.ts'
import { streamReference } from '../shapes.ts'

export const updateStreamWarmThroughput = operation({
  name: 'UpdateStreamWarmThroughput',
  input: { warmThroughputMiBps: required(integer({ min: 0 })), ...streamReference },
  async run(input, { streams, account, nowMs }) {
    const stream = streams.active(input)
    if (stream.facts.mode !== 'ON_DEMAND') throw invalidArgument('Warm throughput is only supported for streams in ON_DEMAND mode.')
    if (!account.committed(nowMs)) throw invalidArgument('Warm throughput needs MinimumThroughputBillingCommitment to be enabled for the account.')
    await streams.update(stream, () => ({ warmThroughputMiBps: input.warmThroughputMiBps }), nowMs)
    return { StreamARN: stream.arn, StreamName: stream.name, WarmThroughput: warmThroughput(stream) }
  },
})
