// SplitShard: one child goes on on the parent's partition, the other on a new one; Kafka clients see one more partition.
import { invalidArgument } from '../aws-error.ts'
import { operation } from '../operation.ts'
import { alreadyClosed, applyReshard, checkProvisioned, planSplit, shardIndexToChange, shardToChange } from '../reshard.ts'
import { required } from '../shape.ts'
import { hashKey, shardId, streamReference } from '../shapes.ts'

export const splitShard = operation({
  name: 'SplitShard',
  input: { newStartingHashKey: required(hashKey), shardToSplit: required(shardId), ...streamReference },
  async run(input, context) {
    const { streams, limits } = context
    const index = shardIndexToChange(input.shardToSplit, streams.nameIn(input).name, streams.account)
    const stream = streams.active(input)
    checkProvisioned(stream, streams.account)
    const { shard, id } = shardToChange(stream, index, streams.account)
    if (shard.endOffset !== null) throw alreadyClosed(id)
    const hashStart = BigInt(input.newStartingHashKey)
    if (hashStart <= shard.hashStart + 1n || hashStart >= shard.hashEnd) {
      throw invalidArgument(
        `NewStartingHashKey ${hashStart} used in SplitShard() on shard ${id} in stream ${stream.name} under account ${streams.account} ` +
          `is not both greater than one plus the shard's StartingHashKey ${shard.hashStart} and less than the shard's EndingHashKey ${shard.hashEnd}.`,
      )
    }
    limits.newShards(1)
    await applyReshard(stream, context, (topic, endOffsetOf, nowMs) => {
      // Another reshard may have come first.
      if (topic.shards.find((now) => now.index === shard.index)?.endOffset !== null) throw alreadyClosed(id)
      return planSplit(topic, shard.index, hashStart, endOffsetOf, nowMs)
    })
    return undefined
  },
})
