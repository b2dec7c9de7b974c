// GetShardIterator: where to begin in a shard. All five types give an offset, sealed into the iterator; LATEST is fixed now, not when the
// iterator is used. A position older than the trim horizon reads as the trim horizon.
import { type AwsError, invalidArgument, notFound } from '../aws-error.ts'
import { checkDryRun } from '../dry-run.ts'
import { type Context, operation } from '../operation.ts'
import { cameFrom, parseSequenceNumber } from '../sequence.ts'
import { required, timestamp } from '../shape.ts'
import { dryRun, sequenceNumber, shardId, shardIteratorType, streamReference } from '../shapes.ts'
import { shardIdOf, shardIndexOf } from '../shard-id.ts'
import type { StreamShard } from '../shard-map.ts'
import { startAtTime, startLatest } from '../start.ts'
import type { Stream } from '../streams.ts'

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
    const { streams, seal, nowMs } = context
    const index = shardIndexOf(input.shardId)
    if (index === null) {
      throw notFound(`Could not find shard ${input.shardId} in stream ${streams.nameIn(input).name} under account ${streams.account}.`)
    }
    const missing = (name: string, account: string): AwsError => shardMissing(index, name, account)
    const stream = streams.serving(input, missing)
    const shard = stream.shards.get(index)
    if (!shard) throw missing(stream.name, streams.account)
    checkDryRun(input)
    const offset = await startOf(input, stream, shard, context)
    const position = { topicId: stream.topic.id, streamName: stream.name, shardIndex: index, offset, issuedMs: nowMs }
    return { ShardIterator: seal.sealIterator(position) }
  },
})

export const shardMissing = (index: number, stream: string, account: string): AwsError =>
  notFound(`Shard ${shardIdOf(index)} in stream ${stream} under account ${account} does not exist`)

interface Start {
  readonly shardIteratorType: string
  readonly startingSequenceNumber?: string | undefined
  readonly timestamp?: number | undefined
}

async function startOf(start: Start, stream: Stream, shard: StreamShard, context: Context): Promise<number> {
  const { shardIteratorType: type, startingSequenceNumber } = start
  switch (type) {
    case 'TRIM_HORIZON':
    case 'LATEST':
      if (startingSequenceNumber !== undefined) throw mustSpecify(type, 'also a StartingSequenceNumber')
      return type === 'LATEST' ? startLatest(stream, shard, context) : shard.shard.startOffset
    case 'AT_TIMESTAMP':
      return startAtTime(stream, shard, start.timestamp, context)
    default: {
      if (startingSequenceNumber === undefined) throw mustSpecify(type, 'no StartingSequenceNumber')
      const offset = offsetOf(startingSequenceNumber, stream, shard, context)
      return type === 'AT_SEQUENCE_NUMBER' ? offset : Math.min(offset + 1, Number.MAX_SAFE_INTEGER)
    }
  }
}

const mustSpecify = (type: string, what: string): AwsError =>
  invalidArgument(
    'Must either specify (1) AT_SEQUENCE_NUMBER or AFTER_SEQUENCE_NUMBER and StartingSequenceNumber or ' +
      `(2) TRIM_HORIZON or LATEST and no StartingSequenceNumber. Request specified ${type} and ${what}.`,
  )

function offsetOf(text: string, stream: Stream, { shard, id }: StreamShard, { streams }: Context): number {
  const invalid = `StartingSequenceNumber ${text} used in GetShardIterator on shard ${id} in stream ${stream.name} under account ${streams.account} is invalid`
  const position = parseSequenceNumber(text)
  if (!position) throw invalidArgument(`${invalid}.`)
  if (position.shardIndex !== shard.index) {
    throw invalidArgument(
      `Invalid StartingSequenceNumber. It encodes ${shardIdOf(position.shardIndex)}, while it was used in a call to a shard with ${id}`,
    )
  }
  if (!cameFrom(position, shard.index, shard.createdMs)) throw invalidArgument(`${invalid} because it did not come from this stream.`)
  return Math.min(position.offset, Number.MAX_SAFE_INTEGER)
}
