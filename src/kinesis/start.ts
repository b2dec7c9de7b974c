// Where a reader of a shard begins: the five iterator types as offsets, for GetShardIterator and SubscribeToShard. A shard is an interval
// of its partition's offsets, so every start is held within the shard: one that has ended is begun at its end, and its reader is told
// of the children at once. A start older than the trim horizon reads as the trim horizon.
import { type AwsError, internalFailure, invalidArgument } from './aws-error.ts'
import { readForeignNumber } from './foreign-sequence.ts'
import type { Context } from './operation.ts'
import { cameFrom, offsetFrom, type Position, parseSequenceNumber } from './sequence.ts'
import { shardIdOf } from './shard-id.ts'
import type { StreamShard } from './shard-map.ts'
import type { Stream } from './streams.ts'

export interface StartingPosition {
  readonly type: 'AT_SEQUENCE_NUMBER' | 'AFTER_SEQUENCE_NUMBER' | 'TRIM_HORIZON' | 'LATEST' | 'AT_TIMESTAMP'
  readonly sequenceNumber?: string | undefined
  readonly timestampMs?: number | undefined
}

/** The offset to begin at. `operation` names the caller in AWS's texts. */
export async function startOffset(start: StartingPosition, stream: Stream, shard: StreamShard, context: Context, operation: string): Promise<number> {
  const { type, sequenceNumber } = start
  switch (type) {
    case 'TRIM_HORIZON':
    case 'LATEST':
      if (sequenceNumber !== undefined) throw mustSpecify(type, 'also a StartingSequenceNumber')
      return type === 'LATEST' ? latest(stream, shard, context) : shard.shard.startOffset
    case 'AT_TIMESTAMP':
      return atTime(stream, shard, start.timestampMs, context)
    default:
      if (sequenceNumber === undefined) throw mustSpecify(type, 'no StartingSequenceNumber')
      return withinShard(offsetFrom(positionIn(sequenceNumber, stream, shard, context, operation), type), stream, shard, context)
  }
}

/**
 * A number above everything that an open shard has: AWS takes it, as far as its layout tells. No record has it, unless one that was lost (a restored backup, a power
 * cut under --flush async): who goes on from there begins at the end, and misses nothing that is put from now on.
 */
async function withinShard(offset: number, stream: Stream, { shard }: StreamShard, { engine }: Context): Promise<number> {
  if (shard.endOffset !== null) return offset
  const partition = stream.topic.partitions[shard.partition]!
  await engine.open([partition])
  return Math.min(offset, Math.max(shard.startOffset, partition.endOffset))
}

const mustSpecify = (type: string, what: string): AwsError =>
  invalidArgument(
    'Must either specify (1) AT_SEQUENCE_NUMBER or AFTER_SEQUENCE_NUMBER and StartingSequenceNumber or ' +
      `(2) TRIM_HORIZON or LATEST and no StartingSequenceNumber. Request specified ${type} and ${what}.`,
  )

/**
 * The end as readers see it now. What an open transaction has written is not to be seen yet, nor what came after it: whoever begins here is told of both once
 * the transaction is committed.
 */
async function latest(stream: Stream, { shard }: StreamShard, { engine }: Context): Promise<number> {
  if (shard.endOffset !== null) return shard.endOffset
  const partition = stream.topic.partitions[shard.partition]!
  await engine.open([partition])
  return Math.max(shard.startOffset, partition.lastStableOffset)
}

/** The first record at or after the time, also one of an open transaction; the end where there is none yet. */
async function atTime(stream: Stream, { shard }: StreamShard, timestampMs: number | undefined, { engine, nowMs }: Context): Promise<number> {
  if (timestampMs === undefined) {
    throw invalidArgument('Must specify timestampInMillis parameter for iterator of type AT_TIMESTAMP. Current request has no timestamp parameter.')
  }
  if (timestampMs > nowMs) {
    throw invalidArgument(
      'The timestampInMillis parameter cannot be greater than the currentTimestampInMillis. ' +
        `timestampInMillis: ${timestampMs}, currentTimestampInMillis: ${nowMs}`,
    )
  }
  const partition = stream.topic.partitions[shard.partition]!
  const found = await engine.offsetForTime(partition, timestampMs)
  const offset = found ? found.offset : partition.endOffset
  return Math.max(shard.startOffset, shard.endOffset === null ? offset : Math.min(offset, shard.endOffset))
}

function positionIn(text: string, stream: Stream, { shard, id }: StreamShard, { streams }: Context, operation: string): Position {
  const position = parseSequenceNumber(text)
  if (position && cameFrom(position, shard.index, shard.createdMs)) return position
  const invalid = `StartingSequenceNumber ${text} used in ${operation} on shard ${id} in stream ${stream.name} under account ${streams.account} is invalid`
  const foreign = readForeignNumber(text)
  if (!foreign) throw invalidArgument(`${invalid}.`)
  if (foreign.shardIndex !== shard.index) {
    throw invalidArgument(
      `Invalid StartingSequenceNumber. It encodes ${shardIdOf(foreign.shardIndex)}, while it was used in a call to a shard with ${id}`,
    )
  }
  // AWS itself fails on its oldest layout.
  throw foreign.version === 0 ? internalFailure('') : invalidArgument(`${invalid} because it did not come from this stream.`)
}
