// UpdateStreamWarmThroughput: an on-demand stream gets the shards that carry the throughput before it comes; a lower one than before releases
// what neither it nor double the peak of the last 30 days needs.
import { invalidArgument } from '../aws-error.ts'
import { warmThroughput } from '../describe.ts'
import { planWarm } from '../on-demand.ts'
import { operation } from '../operation.ts'
import { applyReshard } from '../reshard.ts'
import { integer, required } from '../shape.ts'
import { streamReference } from '../shapes.ts'

export const updateStreamWarmThroughput = operation({
  name: 'UpdateStreamWarmThroughput',
  input: { warmThroughputMiBps: required(integer({ min: 0 })), ...streamReference },
  async run(input, context) {
    const { streams, onDemand: capacity, account, nowMs } = context
    const stream = streams.active(input)
    const warm = input.warmThroughputMiBps
    if (stream.facts.mode !== 'ON_DEMAND') throw invalidArgument('Warm throughput is only supported for streams in ON_DEMAND mode.')
    capacity.checkWarm(warm, stream.facts.mode, account.committed(nowMs))
    await applyReshard(
      stream,
      context,
      (topic, endOffsetOf, atMs) => planWarm(topic, warm, endOffsetOf, atMs),
      () => ({ warmThroughputMiBps: warm }),
    )
    return { StreamARN: stream.arn, StreamName: stream.name, WarmThroughput: warmThroughput(stream) }
  },
})
