// Reading a shard: the committed records of its interval of the partition, within GetRecords' limits. Does not wait and does not know
// iterators; GetRecords and SubscribeToShard use it alike.
import type { Engine } from '../engine/engine.ts'
import type { Partition } from '../engine/partition.ts'
import { type LentMemory, Loans } from '../lent-memory.ts'
import type { Share } from './body.ts'
import { encryptionOf } from './describe.ts'
import { partitionKeyOf } from './partition-key.ts'
import { JsonRecords } from './record-json.ts'
import { type RecordDress, RecordList, type RecordSink } from './record-sink.ts'
import { lastTimestampOf, walkRecords } from './record-walk.ts'
import type { StreamShard } from './shard-map.ts'
import type { Stream } from './streams.ts'

export interface ReadLimits {
  readonly recordsMax: number
  /** Of keys and data. The first record is given however big it is. */
  readonly bytesMax: number
  /** Where the records become one answer: taken if there is something to read. Who reads a shard at its end, as most do, needs none. */
  readonly room?: Share
  /** The answer will be JSON: many records may be written as such at once, in memory that is given back when the answer has left. */
  readonly json?: { readonly memory: LentMemory; readonly outgoing: Loans }
}

export interface ShardRead {
  /** The `Records` member of an answer: a list, or JSON if that was asked for. */
  readonly records: unknown
  readonly count: number
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
/** JSON is made at once for as many records or more; fewer leave in one piece with their head, as text. */
const recordsForJson = 8

export async function readShard(
  engine: Engine,
  stream: Stream,
  entry: StreamShard,
  fromOffset: number,
  limits: ReadLimits,
  nowMs: number,
): Promise<ShardRead> {
  const { shard } = entry
  const partition = stream.topic.partitions[shard.partition]!
  await engine.open([partition])
  const endOffset = shard.endOffset ?? Number.POSITIVE_INFINITY
  let bytes = 0
  let lastTimestampMs = nowMs
  // What retention has taken is skipped: the trim horizon moves under a slow reader.
  let offset = Math.max(fromOffset, shard.startOffset, partition.startOffset)
  let full = false
  let stableOffset = partition.lastStableOffset
  let walkedBytes = 0
  if (limits.room && offset < Math.min(endOffset, stableOffset)) await limits.room.take(answerBytesMost)
  const sink = sinkFor(stream, entry, partition, Math.min(endOffset, stableOffset) - offset, limits)
  // A list of outputs has views of what was read; JSON has nothing of it.
  const loans = limits.json && sink instanceof JsonRecords ? { memory: new Loans(limits.json.memory) } : null
  while (!full && walkedBytes < walkBytesMax && offset < Math.min(endOffset, stableOffset)) {
    const wanted = Math.min(stepBytesMax, Math.max(stepBytesMin, (limits.bytesMax - bytes) / 4))
    const request = { partition, fromOffset: offset, bytesMax: wanted }
    const result = await engine.readIntact(request, { bytesMax: wanted, committedOnly: true, ...loans }).catch((error: unknown) => {
      // What was read before the damage is given; who goes on from there is told.
      if (sink.count === 0) throw error
      return null
    })
    if (!result) break
    if (result.buffers.length === 0) {
      // Trimmed between two steps, or compaction has left nothing of what was there to read.
      offset = result.startOffset > offset ? result.startOffset : Math.min(endOffset, stableOffset)
      continue
    }
    stableOffset = result.lastStableOffset
    walkedBytes += result.buffers.reduce((sum, { length }) => sum + length, 0)
    if (sink.count === 0) lastTimestampMs = lastTimestampOf(result)
    offset = walkRecords(result, offset, (record) => {
      const size = Math.max(record.keyBytes, 0) + Math.max(record.valueBytes, 0)
      full = record.offset >= endOffset || sink.count >= limits.recordsMax || (sink.count > 0 && bytes + size > limits.bytesMax)
      if (full) return false
      bytes += size
      lastTimestampMs = record.timestampMs
      sink.add(record)
      return true
    })
    loans?.memory.giveBack()
  }
  const ended = shard.endOffset !== null && offset >= shard.endOffset
  const caughtUp = ended || offset >= Math.min(endOffset, stableOffset)
  // Readers stop at 0: it says that nothing follows, whatever timestamps producers give.
  const millisBehindLatest = caughtUp ? 0 : Math.max(1, nowMs - lastTimestampMs)
  return { records: sink.made, count: sink.count, nextOffset: Math.min(offset, endOffset), ended, bytes, millisBehindLatest }
}

/** `ahead`: how many offsets there are to read. */
function sinkFor(stream: Stream, { numbers }: StreamShard, partition: Partition, ahead: number, limits: ReadLimits): RecordSink {
  const dress: RecordDress = {
    numbers,
    encryption: encryptionOf(stream),
    // A stream that spreads its records tells only the keys that producers gave.
    keyOf: (key) => (key === null && stream.facts.distribution === 'AUTO' ? undefined : partitionKeyOf(key)),
  }
  const records = Math.min(limits.recordsMax, ahead)
  if (!limits.json || records < recordsForJson) return new RecordList(dress)
  const bytesEach = partition.bytes / Math.max(1, partition.endOffset - partition.startOffset)
  const bytes = Math.min(limits.bytesMax, records * bytesEach)
  return new JsonRecords(dress, bytes, Math.min(records, Math.ceil(bytes / Math.max(1, bytesEach))), limits.json.outgoing)
}
