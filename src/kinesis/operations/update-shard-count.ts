// UpdateShardCount: uniform scaling, at most to double or half, ten times in 24 hours.
import { limitExceeded } from '../aws-error.ts'
import { operation } from '../operation.ts'
import { applyReshard, checkProvisioned, planCount } from '../reshard.ts'
import { integer, oneOf, required } from '../shape.ts'
import { streamReference } from '../shapes.ts'

const shardsMax = 10_000
const scalingsMax = 10
const dayMs = 86_400_000

export const updateShardCount = operation({
  name: 'UpdateShardCount',
  input: { targetShardCount: required(integer({ min: 1 })), scalingType: required(oneOf('UNIFORM_SCALING')), ...streamReference },
  async run(input, context) {
    const { streams, limits, nowMs } = context
    const stream = streams.active(input)
    checkProvisioned(stream, streams.account)
    const target = input.targetShardCount
    const current = stream.shards.open.length
    if (target > current * 2) {
      throw limitExceeded(
        `UpdateShardCount cannot scale up over double your current open shard count. Current open shard count: ${current} Target shard count: ${target}`,
      )
    }
    if (target * 2 < current) {
      throw limitExceeded(
        `UpdateShardCount cannot scale down below half your current open shard count. Current open shard count: ${current} Target shard count: ${target}`,
      )
    }
    if (target > shardsMax) throw limitExceeded(`UpdateShardCount cannot scale up to more than ${shardsMax} shards. Target shard count: ${target}`)
    const recent = stream.facts.scaledMs.filter((ms) => ms > nowMs - dayMs)
    if (limits.on && recent.length >= scalingsMax) {
      throw limitExceeded(`UpdateShardCount can be used ${scalingsMax} times in a rolling 24-hour period on stream ${stream.name}.`)
    }
    limits.newShards(Math.max(0, target - current))
    if (target !== current) {
      const scaledMs = [...recent, nowMs].slice(-scalingsMax)
      await applyReshard(
        stream,
        context,
        (topic, endOffsetOf, atMs) => planCount(topic, target, endOffsetOf, atMs),
        () => ({ scaledMs }),
      )
    }
    return { StreamName: stream.name, CurrentShardCount: current, TargetShardCount: target, StreamARN: stream.arn }
  },
})
