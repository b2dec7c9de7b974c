// Reading a shard: the committed records of its interval of the partition, within GetRecords' limits. Does not wait and does not know
// iterators; GetRecords and SubscribeToShard use it alike.
import type { Engine } from '../engine/engine.ts'
import type { Output } from './operation.ts'
import { partitionKeyOf } from './partition-key.ts'
import { walkRecords } from './record-walk.ts'
import type { StreamShard } from './shard-map.ts'
import type { Stream } from './streams.ts'
import { WireTime } from './wire-time.ts'

export interface ReadLimits {
  readonly recordsMax: number
  /** Of keys and data. The first record is given however big it is. */
  readonly bytesMax: number
}

export interface ShardRead {
  readonly records: Output[]
  /** Where the next read begins. */
  readonly nextOffset: number
  /** The shard has ended, and everything of it was read. */
  readonly ended: boolean
  readonly millisBehindLatest: number
}

/** Stored bytes asked for at a time: enough for a large answer in few steps, little where few records are wanted. */
const stepBytesMax = 4 * 1024 * 1024
const stepBytesMin = 64 * 1024

export async function readShard(
  engine: Engine,
  stream: Stream,
  { shard, numbers }: StreamShard,
  fromOffset: number,
  limits: ReadLimits,
  nowMs: number,
): Promise<ShardRead> {
  const partition = stream.topic.partitions[shard.partition]!
  await engine.open([partition])
  const endOffset = shard.endOffset ?? Number.POSITIVE_INFINITY
  const records: Output[] = []
  let bytes = 0
  let lastTimestampMs = nowMs
  // What retention has taken is skipped: the trim horizon moves under a slow reader.
  let offset = Math.max(fromOffset, shard.startOffset, partition.startOffset)
  let full = false
  let stableOffset = partition.lastStableOffset
  while (!full && offset < Math.min(endOffset, stableOffset)) {
    const wanted = Math.min(stepBytesMax, Math.max(stepBytesMin, (limits.bytesMax - bytes) / 4))
    const [result] = await engine.read([{ partition, fromOffset: offset, bytesMax: wanted }], { bytesMax: wanted, committedOnly: true })
    if (!result || result.buffers.length === 0) {
      // Trimmed between two steps, or nothing readable after all.
      if (result && result.startOffset > offset) offset = result.startOffset
      else break
      continue
    }
    stableOffset = result.lastStableOffset
    offset = walkRecords(result, offset, (at, timestampMs, key, value) => {
      const size = value.length + (key?.length ?? 0)
      full = at >= endOffset || records.length >= limits.recordsMax || (records.length > 0 && bytes + size > limits.bytesMax)
      if (full) return false
      bytes += size
      lastTimestampMs = timestampMs
      records.push({
        SequenceNumber: numbers.at(at, timestampMs),
        ApproximateArrivalTimestamp: new WireTime(timestampMs),
        Data: value,
        PartitionKey: partitionKeyOf(key),
      })
      return true
    })
  }
  const ended = shard.endOffset !== null && offset >= shard.endOffset
  const caughtUp = ended || offset >= Math.min(endOffset, stableOffset)
  return { records, nextOffset: Math.min(offset, endOffset), ended, millisBehindLatest: caughtUp ? 0 : Math.max(0, nowMs - lastTimestampMs) }
}
