// UpdateStreamMode: provisioned or on-demand. The shards stay as they are, but for a warm throughput that they do not carry; an on-demand
// stream is not resharded by hand.
import { inUse } from '../aws-error.ts'
import { planWarm } from '../on-demand.ts'
import { operation } from '../operation.ts'
import { applyReshard } from '../reshard.ts'
import { integer, required, structure } from '../shape.ts'
import { streamARN, streamId, streamMode } from '../shapes.ts'
import type { AwsFacts } from '../stream-facts.ts'

export const updateStreamMode = operation({
  name: 'UpdateStreamMode',
  input: {
    streamModeDetails: required(structure({ streamMode: required(streamMode) })),
    warmThroughputMiBps: integer({ min: 0 }),
    streamARN: required(streamARN),
    streamId,
  },
  async run(input, context) {
    const { streams, onDemand: capacity, queues, account, nowMs } = context
    const stream = streams.active({ streamARN: input.streamARN })
    const mode = input.streamModeDetails.streamMode
    const onDemand = mode === 'ON_DEMAND'
    capacity.checkWarm(input.warmThroughputMiBps, mode, account.committed(nowMs))
    if (!onDemand && queues.of(stream).length > 0) {
      throw inUse(`Stream ${stream.name} under account ${streams.account} has queues. Delete them with DeleteQueue before the mode is changed.`)
    }
    const change = (facts: AwsFacts): Partial<AwsFacts> => ({
      mode,
      warmThroughputMiBps: onDemand ? (input.warmThroughputMiBps ?? facts.warmThroughputMiBps) : null,
      distribution: onDemand ? facts.distribution : 'USER_PARTITION_KEY',
    })
    const warm = input.warmThroughputMiBps
    if (warm === undefined || warm <= stream.shards.open.length) await streams.update(stream, change, nowMs)
    else await applyReshard(stream, context, (topic, endOffsetOf, atMs) => planWarm(topic, warm, endOffsetOf, atMs), change)
    return undefined
  },
})
