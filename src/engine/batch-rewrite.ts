// A stored record batch with fewer records: what stays keeps its offset, its time and its bytes, and the batch keeps its place (base offset, last
// delta, producer and sequence), as message format 2 foresees. Which records stay is compaction.ts's decision.
import {
  attributeDeleteHorizon,
  attributesOf,
  batchCrcFrom,
  batchHeaderBytes,
  batchLengthOffset,
  codecNone,
  codecOf,
  isLogAppendTime,
  noTimestamp,
  recordCountOf,
  sealBatch,
  writeInt64,
} from '../../protocol/records/batch.ts'
import { RecordCursor } from '../../protocol/records/record.ts'
import { repacked } from '../../protocol/records/repack.ts'
import { readVarint, readVarlong, varintEnd, varlongBytes, writeVarint, writeVarlong } from '../../protocol/records/varint.ts'

const nothing = Buffer.alloc(0)

/** The batch at `at` with those records for which `kept` has a 1, in order. A `horizonMs` becomes its delete horizon (KIP-534); null leaves that as it is. */
export function rewriteBatch(bytes: Buffer, at: number, kept: Uint8Array, horizonMs: number | null, decompressedBytesMax: number): Buffer {
  const cursor = new RecordCursor().open(bytes, at, decompressedBytesMax)
  const recordBytes = cursor.bytes === bytes ? bytes.readInt32BE(at + 8) + batchLengthOffset - batchHeaderBytes : cursor.bytes.length
  // A new base time makes each record's difference to it longer, by nine bytes at most, and then its length, by four.
  const records = room(horizonMs === null ? recordBytes : recordBytes + 13 * recordCountOf(bytes, at))
  let end = 0
  let count = 0
  let maxTimestampMs: number = noTimestamp
  for (let i = 0; cursor.next(); i++) {
    if (!kept[i]) continue
    count++
    if (cursor.timestampMs > maxTimestampMs) maxTimestampMs = cursor.timestampMs
    end = horizonMs === null ? end + cursor.bytes.copy(records, end, cursor.recordAt, cursor.recordEnd) : copyRebased(cursor, horizonMs, records, end)
  }
  const batch = repacked(bytes, at, records.subarray(0, end), codecOf(bytes, at))
  if (horizonMs !== null) {
    batch.writeUInt16BE(attributesOf(bytes, at) | attributeDeleteHorizon, batchCrcFrom)
    writeInt64(batch, horizonMs, 27)
  }
  // Under log append time it is the time of every record.
  if (!isLogAppendTime(bytes, at)) writeInt64(batch, maxTimestampMs, 35)
  batch.writeInt32BE(count, 57)
  sealBatch(batch, 0)
  return batch
}

/** Memory in which records gather before they are packed: used again, as fresh memory costs more than what is done in it. */
let scratch = Buffer.alloc(0)
const scratchBytesMax = 2 * 1024 * 1024

function room(bytes: number): Buffer {
  if (bytes > scratchBytesMax) return Buffer.allocUnsafeSlow(bytes)
  if (bytes > scratch.length) scratch = Buffer.allocUnsafeSlow(Math.min(scratchBytesMax, bytes * 2))
  return scratch
}

/** The header of the batch at `at`, alone: it says what its producer sent last. As in Kafka it keeps the largest time. */
export function emptyBatch(bytes: Buffer, at: number): Buffer {
  const batch = repacked(bytes, at, nothing, codecNone)
  batch.writeUInt16BE(attributesOf(batch) & ~attributeDeleteHorizon, batchCrcFrom)
  writeInt64(batch, noTimestamp, 27)
  batch.writeInt32BE(0, 57)
  sealBatch(batch, 0)
  return batch
}

function copyRebased(cursor: RecordCursor, baseTimestampMs: number, into: Buffer, at: number): number {
  const { bytes, recordAt, recordEnd, timestampMs } = cursor
  readVarint(bytes, recordAt, recordEnd)
  const attributesAt = varintEnd
  readVarlong(bytes, attributesAt + 1, recordEnd)
  const tailAt = varintEnd
  const delta = timestampMs - baseTimestampMs
  const bodyBytes = 1 + varlongBytes(delta) + recordEnd - tailAt
  at = writeVarint(into, bodyBytes, at)
  into[at++] = bytes[attributesAt]!
  at = writeVarlong(into, delta, at)
  return at + bytes.copy(into, at, tailAt, recordEnd)
}
