// GetShardIterator: where to begin in a shard, sealed into an iterator. LATEST is fixed now, not when the iterator is used.
import { type AwsError, notFound } from '../aws-error.ts'
import { checkDryRun } from '../dry-run.ts'
import { shardThrottled } from '../limits.ts'
import { operation } from '../operation.ts'
import { required, timestamp } from '../shape.ts'
import { dryRun, sequenceNumber, shardId, shardIteratorType, streamReference } from '../shapes.ts'
import { shardIdOf, shardIndexOf } from '../shard-id.ts'
import { startOffset } from '../start.ts'

export const getShardIterator = operation({
  name: 'GetShardIterator',
  input: {
    shardId: required(shardId),
    shardIteratorType: required(shardIteratorType),
    startingSequenceNumber: sequenceNumber,
    timestamp: timestamp(),
    dryRun,
    ...streamReference,
  },
  async run(input, context) {
    const { streams, limits, seal, nowMs } = context
    const index = shardIndexOf(input.shardId)
    if (index === null) {
      throw notFound(`Could not find shard ${input.shardId} in stream ${streams.nameIn(input).name} under account ${streams.account}.`)
    }
    const missing = (name: string, account: string): AwsError => shardMissing(index, name, account)
    const stream = streams.serving(input, missing)
    const shard = stream.shards.get(index)
    if (!shard) throw missing(stream.name, streams.account)
    const { id: topicId } = stream.topic
    limits.checkIterator(topicId, index, nowMs, () => shardThrottled(shard.id, stream.name, streams.account))
    const start = { type: input.shardIteratorType, sequenceNumber: input.startingSequenceNumber, timestampMs: input.timestamp }
    const offset = await startOffset(start, stream, shard, context, 'GetShardIterator')
    checkDryRun(input)
    return { ShardIterator: seal.sealIterator({ topicId, streamName: stream.name, shardIndex: index, offset, issuedMs: nowMs }) }
  },
})

export const shardMissing = (index: number, stream: string, account: string): AwsError =>
  notFound(`Shard ${shardIdOf(index)} in stream ${stream} under account ${account} does not exist`)
