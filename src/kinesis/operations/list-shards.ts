// ListShards: the shards of a stream, with filters by time; pages by NextToken alone. At most 1000 a page, as AWS.
import { type AwsError, inUse, invalidArgument } from '../aws-error.ts'
import { describeShard, visibleShards } from '../describe.ts'
import { operation } from '../operation.ts'
import { openPage, sealPage } from '../page-token.ts'
import { oneOf, required, structure, timestamp } from '../shape.ts'
import { limitTo10000, nextToken, shardId, streamReference } from '../shapes.ts'
import { shardIndexOf } from '../shard-id.ts'
import type { StreamShard } from '../shard-map.ts'
import { type Stream, streamNotFound } from '../streams.ts'

const shardsMax = 1000

const shardFilter = structure({
  type: required(oneOf('AFTER_SHARD_ID', 'AT_TRIM_HORIZON', 'FROM_TRIM_HORIZON', 'AT_LATEST', 'AT_TIMESTAMP', 'FROM_TIMESTAMP')),
  shardId,
  timestamp: timestamp(),
})
type Filter = { type: string; shardId?: string | undefined; timestamp?: number | undefined }

/** What a token brings back: which stream, whose listing, and after which shard. */
interface Page {
  topicId: string
  name: string
  after: number
  filter: Filter | null
  limit: number
}

export const listShards = operation({
  name: 'ListShards',
  input: {
    nextToken,
    exclusiveStartShardId: shardId,
    maxResults: limitTo10000,
    streamCreationTimestamp: timestamp(),
    shardFilter,
    ...streamReference,
  },
  run(input, context) {
    const { streams, nowMs } = context
    let stream: Stream
    let page: Page
    if (input.nextToken !== undefined) {
      const alone = misplaced(input)
      if (alone) throw alone
      page = openPage<Page>('ListShards', input.nextToken, context)
      stream = streams.find({ streamName: page.name })
      // The name was used again for another stream since.
      if (stream.topic.id !== page.topicId) throw streamNotFound(page.name, streams.account)
      page.limit = input.maxResults ?? page.limit
    } else {
      if (input.streamName === undefined && input.streamARN === undefined) throw invalidArgument('Either NextToken or StreamName should be provided.')
      stream = streams.find(input)
      streams.checkCreation(stream, input.streamCreationTimestamp)
      if (stream.status === 'CREATING') throw inUse(`Stream ${stream.name} under account ${streams.account} not ACTIVE, instead in state CREATING`)
      const after = input.exclusiveStartShardId === undefined ? -1 : indexOf(input.exclusiveStartShardId)
      page = { topicId: stream.topic.id, name: stream.name, after, filter: input.shardFilter ?? null, limit: input.maxResults ?? shardsMax }
    }
    const shards = filtered(stream, page.filter, nowMs).filter(({ shard }) => shard.index > page.after)
    const limit = Math.min(page.limit, shardsMax)
    const shown = shards.slice(0, limit)
    return {
      Shards: shown.map((shard) => describeShard(shard)),
      NextToken: shards.length > limit ? sealPage('ListShards', { ...page, after: shown.at(-1)!.shard.index }, context) : undefined,
    }
  },
})

/** A follow-up page carries its token, and a page size at most. */
function misplaced(input: Record<string, unknown>): AwsError | null {
  for (const [member, wireName] of [
    ['streamName', 'StreamName'],
    ['streamARN', 'StreamARN'],
    ['exclusiveStartShardId', 'ExclusiveStartShardId'],
    ['shardFilter', 'ShardFilter'],
    ['streamCreationTimestamp', 'StreamCreationTimestamp'],
  ] as const) {
    if (input[member] !== undefined) return invalidArgument(`NextToken and ${wireName} cannot be provided together.`)
  }
  return null
}

function indexOf(name: string): number {
  const index = shardIndexOf(name)
  if (index === null) throw invalidArgument(`${name} is not a shard id.`)
  return index
}

/** What a filter leaves (AWS API reference, ShardFilter), by index: a page's token names the last index that was shown. */
function filtered(stream: Stream, filter: Filter | null, nowMs: number): readonly StreamShard[] {
  const visible = visibleShards(stream, nowMs)
  if (!filter) return visible
  const { retentionMs } = stream.topic.config
  const trimMs = retentionMs < 0 ? 0 : nowMs - retentionMs
  const openAt = (ms: number) => visible.filter(({ shard }) => shard.createdMs <= ms && (shard.closedMs === null || shard.closedMs > ms))
  const openSince = (ms: number) => visible.filter(({ shard }) => shard.closedMs === null || shard.closedMs >= ms)
  switch (filter.type) {
    case 'AFTER_SHARD_ID': {
      if (filter.shardId === undefined) throw invalidArgument('ShardId must be provided with ShardFilter type AFTER_SHARD_ID.')
      const after = indexOf(filter.shardId)
      return visible.filter(({ shard }) => shard.index > after)
    }
    case 'AT_LATEST':
      return visible.filter(({ shard }) => shard.endOffset === null)
    case 'AT_TRIM_HORIZON':
      return openAt(Math.max(trimMs, stream.topic.createdMs))
    case 'FROM_TRIM_HORIZON':
      return visible
    default: {
      if (filter.timestamp === undefined) throw invalidArgument(`Timestamp must be provided with ShardFilter type ${filter.type}.`)
      const atMs = Math.min(nowMs, Math.max(filter.timestamp, trimMs, stream.topic.createdMs))
      return filter.type === 'AT_TIMESTAMP' ? openAt(atMs) : openSince(atMs)
    }
  }
}
