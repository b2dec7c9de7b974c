// MergeShards: the child goes on on the first parent's partition; the other one's is retired: readable, and refused to Kafka producers.
import { invalidArgument } from '../aws-error.ts'
import { operation } from '../operation.ts'
import { alreadyClosed, applyReshard, checkProvisioned, planMerge, shardIndexToChange, shardToChange } from '../reshard.ts'
import { required } from '../shape.ts'
import { shardId, streamReference } from '../shapes.ts'

export const mergeShards = operation({
  name: 'MergeShards',
  input: { shardToMerge: required(shardId), adjacentShardToMerge: required(shardId), ...streamReference },
  async run(input, context) {
    const { streams } = context
    const { name } = streams.nameIn(input)
    const [firstIndex, secondIndex] = [input.shardToMerge, input.adjacentShardToMerge].map((id) => shardIndexToChange(id, name, streams.account))
    const stream = streams.active(input)
    checkProvisioned(stream, streams.account)
    const first = shardToChange(stream, firstIndex!, streams.account)
    const second = shardToChange(stream, secondIndex!, streams.account)
    for (const { shard, id } of [first, second]) if (shard.endOffset !== null) throw alreadyClosed(id)
    // The lower one first: AWS takes no other order.
    if (first.shard.hashEnd + 1n !== second.shard.hashStart) {
      throw invalidArgument(
        `Shards ${first.id} and ${second.id} in stream ${stream.name} under account ${streams.account} are not an adjacent pair of shards eligible for merging`,
      )
    }
    await applyReshard(stream, context, (topic, endOffsetOf, nowMs) => {
      for (const { shard, id } of [first, second]) {
        if (topic.shards.find(({ index }) => index === shard.index)?.endOffset !== null) throw alreadyClosed(id)
      }
      return planMerge(topic, first.shard.index, second.shard.index, endOffsetOf, nowMs)
    })
    return undefined
  },
})
