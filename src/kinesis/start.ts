// Where a reader of a shard begins, by time or at the end. A shard is an interval of its partition's offsets, so every start is held
// within the shard: a shard that has ended is begun at its end, and the reader is told of the children at once.
import { invalidArgument } from './aws-error.ts'
import type { Context } from './operation.ts'
import type { StreamShard } from './shard-map.ts'
import type { Stream } from './streams.ts'

/** The end as it is now. */
export async function startLatest(stream: Stream, { shard }: StreamShard, { engine }: Context): Promise<number> {
  if (shard.endOffset !== null) return shard.endOffset
  const partition = stream.topic.partitions[shard.partition]!
  await engine.open([partition])
  return partition.endOffset
}

/** The first record at or after the time; the end where there is none yet. */
export async function startAtTime(stream: Stream, entry: StreamShard, timestampMs: number | undefined, context: Context): Promise<number> {
  const { engine, nowMs } = context
  if (timestampMs === undefined) {
    throw invalidArgument('Must specify timestampInMillis parameter for iterator of type AT_TIMESTAMP. Current request has no timestamp parameter.')
  }
  if (timestampMs > nowMs) {
    throw invalidArgument(
      'The timestampInMillis parameter cannot be greater than the currentTimestampInMillis. ' +
        `timestampInMillis: ${timestampMs}, currentTimestampInMillis: ${nowMs}`,
    )
  }
  const { shard } = entry
  const partition = stream.topic.partitions[shard.partition]!
  const found = await engine.offsetForTime(partition, timestampMs, true)
  const offset = found ? found.offset : await startLatest(stream, entry, context)
  return Math.max(shard.startOffset, shard.endOffset === null ? offset : Math.min(offset, shard.endOffset))
}
