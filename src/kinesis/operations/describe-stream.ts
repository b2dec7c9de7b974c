// DescribeStream: a stream with its shards, page by page (ExclusiveStartShardId, HasMoreShards).
import { invalidArgument } from '../aws-error.ts'
import { describeStream as describe, describeShard, visibleShards } from '../describe.ts'
import { operation } from '../operation.ts'
import { limitTo10000, shardId, streamReference } from '../shapes.ts'
import { shardIndexOf } from '../shard-id.ts'

const shardsDefault = 100

export const describeStream = operation({
  name: 'DescribeStream',
  input: { limit: limitTo10000, exclusiveStartShardId: shardId, ...streamReference },
  run(input, { streams, nowMs }) {
    const stream = streams.find(input)
    let after = -1
    if (input.exclusiveStartShardId !== undefined) {
      const index = shardIndexOf(input.exclusiveStartShardId)
      if (index === null) throw invalidArgument(`ExclusiveStartShardId ${input.exclusiveStartShardId} is not a shard id.`)
      after = index
    }
    const shards = visibleShards(stream, nowMs).filter(({ shard }) => shard.index > after)
    const limit = input.limit ?? shardsDefault
    return {
      StreamDescription: {
        ...describe(stream),
        Shards: shards.slice(0, limit).map((shard) => describeShard(shard)),
        HasMoreShards: shards.length > limit,
      },
    }
  },
})
