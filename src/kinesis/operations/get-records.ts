// GetRecords: what follows an iterator, at most 10,000 records and 10 MiB, and the next iterator. At the end of a shard there is none:
// the children are named instead, once (the rule by which the KCL knows that a shard is done).
import { AwsError, invalidArgument } from '../aws-error.ts'
import { childShards } from '../describe.ts'
import { checkDryRun } from '../dry-run.ts'
import { iteratorExpiredText } from '../iterator.ts'
import { shardThrottled } from '../limits.ts'
import { operation } from '../operation.ts'
import { readShard } from '../read.ts'
import { required } from '../shape.ts'
import { dryRun, limitTo10000, shardIterator, streamARN, streamId } from '../shapes.ts'
import { shardMissing } from './get-shard-iterator.ts'

const recordsMax = 10_000
const bytesMax = 10 * 1024 * 1024

export const getRecords = operation({
  name: 'GetRecords',
  input: { limit: limitTo10000, shardIterator: required(shardIterator), streamARN, streamId, dryRun },
  async run(input, context) {
    const { engine, streams, seal, settings, limits, nowMs } = context
    const position = seal.openIterator(input.shardIterator)
    if (!position || position.issuedMs > nowMs) throw invalidArgument('Invalid ShardIterator.')
    const lifeMs = settings.get('kinesis.iterator.ttl.ms')
    if (nowMs - position.issuedMs > lifeMs) throw new AwsError('ExpiredIteratorException', iteratorExpiredText(position.issuedMs, nowMs, lifeMs))
    if (input.streamARN !== undefined && streams.nameIn(input).name !== position.streamName) {
      throw invalidArgument(`ShardIterator does not belong to the stream ${input.streamARN}.`)
    }
    const missing = (name: string, account: string): AwsError => shardMissing(position.shardIndex, name, account)
    const stream = streams.serving({ streamName: position.streamName }, missing)
    const shard = stream.topic.id === position.topicId ? stream.shards.get(position.shardIndex) : undefined
    if (!shard) throw missing(position.streamName, streams.account)
    checkDryRun(input)
    const { id: topicId } = stream.topic
    limits.checkRead(topicId, position.shardIndex, nowMs, () => shardThrottled(shard.id, stream.name, streams.account))
    const read = await readShard(engine, stream, shard, position.offset, { recordsMax: input.limit ?? recordsMax, bytesMax }, nowMs)
    limits.didRead(topicId, position.shardIndex, read.bytes, nowMs)
    const next = { ...position, offset: read.nextOffset, issuedMs: nowMs }
    return {
      Records: read.records,
      NextShardIterator: read.ended ? undefined : seal.sealIterator(next),
      MillisBehindLatest: read.millisBehindLatest,
      ChildShards: read.ended ? childShards(stream, position.shardIndex) : undefined,
    }
  },
})
