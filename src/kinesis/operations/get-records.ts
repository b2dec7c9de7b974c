// GetRecords: what follows an iterator, at most 10,000 records and 10 MiB, and the next iterator. At the end of a shard there is none:
// the children are named instead, once (the rule by which the KCL knows that a shard is done).
import { AwsError, invalidArgument } from '../aws-error.ts'
import { childShards } from '../describe.ts'
import { checkDryRun } from '../dry-run.ts'
import { type IteratorPosition, iteratorExpiredText } from '../iterator.ts'
import { checkStreamKey } from '../kms.ts'
import { shardThrottled } from '../limits.ts'
import { type Context, type Output, operation } from '../operation.ts'
import { readShard } from '../read.ts'
import { required } from '../shape.ts'
import { dryRun, limitTo10000, shardIterator, streamARN, streamId } from '../shapes.ts'
import type { StreamShard } from '../shard-map.ts'
import type { StreamCounts } from '../stream-counts.ts'
import type { Stream } from '../streams.ts'
import { shardMissing } from './get-shard-iterator.ts'

const recordsMax = 10_000
const bytesMax = 10 * 1024 * 1024

export const getRecords = operation({
  name: 'GetRecords',
  input: { limit: limitTo10000, shardIterator: required(shardIterator), streamARN, streamId, dryRun },
  run(input, context) {
    const { streams, seal, settings, nowMs } = context
    const position = seal.openIterator(input.shardIterator)
    if (!position) throw invalidArgument('Invalid ShardIterator.')
    const lifeMs = settings.get('kinesis.iterator.ttl.ms')
    if (nowMs - position.issuedMs > lifeMs) throw new AwsError('ExpiredIteratorException', iteratorExpiredText(position.issuedMs, nowMs, lifeMs))
    const missing = (name: string, account: string): AwsError => shardMissing(position.shardIndex, name, account)
    if (input.streamARN !== undefined && streams.find(input).name !== position.streamName) {
      throw invalidArgument(`ShardIterator does not belong to the stream ${input.streamARN}.`)
    }
    const stream = streams.serving({ streamName: position.streamName }, missing)
    const shard = stream.topic.id === position.topicId ? stream.shards.get(position.shardIndex) : undefined
    if (!shard) throw missing(position.streamName, streams.account)
    checkStreamKey(stream, settings)
    checkDryRun(input)
    const counts = context.counts.of(stream)
    return counts.getRecords.timed(() => read(stream, shard, position, input.limit ?? recordsMax, context, counts))
  },
})

async function read(
  stream: Stream,
  entry: StreamShard,
  position: IteratorPosition,
  limit: number,
  context: Context,
  counts: StreamCounts,
): Promise<Output> {
  const { engine, streams, seal, limits, room, nowMs } = context
  const { index } = entry.shard
  limits.checkRead(stream.topic.id, index, nowMs, () => {
    counts.refusedRead(index)
    return shardThrottled(entry.id, stream.name, streams.account)
  })
  const { records, count, nextOffset, ended, millisBehindLatest, bytes } = await readShard(
    engine,
    stream,
    entry,
    position.offset,
    { recordsMax: limit, bytesMax, room, ...(context.format === 'json' ? { json: context } : {}) },
    nowMs,
  )
  limits.didRead(stream.topic.id, index, bytes, nowMs)
  counts.read(index, count, bytes, millisBehindLatest, nowMs)
  return {
    Records: records,
    NextShardIterator: ended ? undefined : seal.sealIterator({ ...position, offset: nextOffset, issuedMs: nowMs }),
    MillisBehindLatest: millisBehindLatest,
    ChildShards: ended ? childShards(stream, index) : undefined,
  }
}
