// UpdateStreamMode: provisioned or on-demand. The shards stay as they are, but for a warm throughput that they do not carry; an on-demand
// stream is not resharded by hand.
import { inUse, limitExceeded } from '../aws-error.ts'
import { planWarm } from '../on-demand.ts'
import { operation } from '../operation.ts'
import { applyReshard } from '../reshard.ts'
import { integer, required, structure } from '../shape.ts'
import { streamARN, streamId, streamMode } from '../shapes.ts'
import type { AwsFacts } from '../stream-facts.ts'

/** In 24 hours (AWS developer guide, "Switch between modes"). */
const changesMax = 2
const dayMs = 86_400_000

export const updateStreamMode = operation({
  name: 'UpdateStreamMode',
  input: {
    streamModeDetails: required(structure({ streamMode: required(streamMode) })),
    warmThroughputMiBps: integer({ min: 0 }),
    streamARN: required(streamARN),
    streamId,
  },
  async run(input, context) {
    const { streams, limits, onDemand: capacity, queues, account, nowMs } = context
    const stream = streams.active({ streamARN: input.streamARN })
    const mode = input.streamModeDetails.streamMode
    const onDemand = mode === 'ON_DEMAND'
    capacity.checkWarm(input.warmThroughputMiBps, mode, account.committed(nowMs))
    if (!onDemand && queues.of(stream).length > 0) {
      throw inUse(`Stream ${stream.name} under account ${streams.account} has queues. Delete them with DeleteQueue before the mode is changed.`)
    }
    const recent = stream.facts.modeChangedMs.filter((ms) => ms > nowMs - dayMs)
    if (mode !== stream.facts.mode && limits.on && recent.length >= changesMax) {
      throw limitExceeded(`The mode of stream ${stream.name} under account ${streams.account} was changed ${changesMax} times in the last 24 hours.`)
    }
    const change = (facts: AwsFacts): Partial<AwsFacts> => ({
      mode,
      warmThroughputMiBps: onDemand ? (input.warmThroughputMiBps ?? facts.warmThroughputMiBps) : null,
      modeChangedMs: mode === facts.mode ? facts.modeChangedMs : [...recent, nowMs].slice(-changesMax),
      distribution: onDemand ? facts.distribution : 'USER_PARTITION_KEY',
    })
    const warm = input.warmThroughputMiBps
    if (warm === undefined || warm <= stream.shards.open.length) await streams.update(stream, change, nowMs)
    else await applyReshard(stream, context, (topic, endOffsetOf, atMs) => planWarm(topic, warm, endOffsetOf, atMs), change)
    return undefined
  },
})
