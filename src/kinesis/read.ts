// Reading a shard: the committed records of its interval of the partition, within GetRecords' limits. Does not wait and does not know
// iterators; GetRecords and SubscribeToShard use it alike.
import type { Engine } from '../engine/engine.ts'
import type { Share } from './body.ts'
import { encryptionOf } from './describe.ts'
import type { Output } from './operation.ts'
import { partitionKeyOf } from './partition-key.ts'
import { lastTimestampOf, walkRecords } from './record-walk.ts'
import type { StreamShard } from './shard-map.ts'
import type { Stream } from './streams.ts'
import { WireTime } from './wire-time.ts'

export interface ReadLimits {
  readonly recordsMax: number
  /** Of keys and data. The first record is given however big it is. */
  readonly bytesMax: number
  /** Where the records become one answer: taken if there is something to read. Who reads a shard at its end, as most do, needs none. */
  readonly room?: Share
}

export interface ShardRead {
  readonly records: Output[]
  /** Where the next read begins. */
  readonly nextOffset: number
  /** The shard has ended, and everything of it was read. */
  readonly ended: boolean
  readonly millisBehindLatest: number
  /** Of keys and data. */
  readonly bytes: number
}

/** What GetRecords' largest answer takes of memory, base64 and all. */
export const answerBytesMost = 16 * 1024 * 1024

/** Stored bytes asked for at a time: enough for a large answer in few steps, little where few records are wanted. */
const stepBytesMax = 4 * 1024 * 1024
const stepBytesMin = 64 * 1024
/** Stored bytes that one read looks through: of what aborted transactions have left there may be gigabytes, and no caller waits for their end. */
const walkBytesMax = 32 * 1024 * 1024
const noData = Buffer.alloc(0)

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
  const encryption = encryptionOf(stream)
  // A stream that spreads its records tells only the keys that producers gave.
  const keyOf = (key: Buffer | null): string | undefined => (key === null && stream.facts.distribution === 'AUTO' ? undefined : partitionKeyOf(key))
  const records: Output[] = []
  let bytes = 0
  let lastTimestampMs = nowMs
  // What retention has taken is skipped: the trim horizon moves under a slow reader.
  let offset = Math.max(fromOffset, shard.startOffset, partition.startOffset)
  let full = false
  let stableOffset = partition.lastStableOffset
  let walkedBytes = 0
  if (limits.room && offset < Math.min(endOffset, stableOffset)) await limits.room.take(answerBytesMost)
  while (!full && walkedBytes < walkBytesMax && offset < Math.min(endOffset, stableOffset)) {
    const wanted = Math.min(stepBytesMax, Math.max(stepBytesMin, (limits.bytesMax - bytes) / 4))
    const [result] = await engine.read([{ partition, fromOffset: offset, bytesMax: wanted }], { bytesMax: wanted, committedOnly: true })
    if (!result || result.buffers.length === 0) {
      // Trimmed between two steps, or compaction has left nothing of what was there to read.
      offset = result && result.startOffset > offset ? result.startOffset : Math.min(endOffset, stableOffset)
      continue
    }
    stableOffset = result.lastStableOffset
    walkedBytes += result.buffers.reduce((sum, { length }) => sum + length, 0)
    if (records.length === 0) lastTimestampMs = lastTimestampOf(result)
    offset = walkRecords(result, offset, (record) => {
      const size = Math.max(record.keyBytes, 0) + Math.max(record.valueBytes, 0)
      full = record.offset >= endOffset || records.length >= limits.recordsMax || (records.length > 0 && bytes + size > limits.bytesMax)
      if (full) return false
      bytes += size
      lastTimestampMs = record.timestampMs
      records.push({
        SequenceNumber: numbers.at(record.offset, lastTimestampMs),
        ApproximateArrivalTimestamp: new WireTime(lastTimestampMs),
        // A null value, which deletes a key from a compacted topic, reads as an empty one: AWS knows no other.
        Data: record.value() ?? noData,
        PartitionKey: keyOf(record.key()),
        EncryptionType: encryption,
      })
      return true
    })
  }
  const ended = shard.endOffset !== null && offset >= shard.endOffset
  const caughtUp = ended || offset >= Math.min(endOffset, stableOffset)
  // Readers stop at 0: it says that nothing follows, whatever timestamps producers give.
  const millisBehindLatest = caughtUp ? 0 : Math.max(1, nowMs - lastTimestampMs)
  return { records, nextOffset: Math.min(offset, endOffset), ended, bytes, millisBehindLatest }
}
