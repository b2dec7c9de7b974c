// A stored record batch with fewer records: what stays keeps its offset, its time and its bytes, and the batch keeps its place (base offset, last
// delta, producer and sequence), as message format 2 foresees. Which records stay is compaction.ts's decision.
import {
  attributeCodecMask,
  attributeDeleteHorizon,
  attributesOf,
  baseTimestampOf,
  batchCrcFrom,
  batchHeaderBytes,
  batchLengthOffset,
  codecNone,
  codecOf,
  isLogAppendTime,
  maxTimestampOf,
  noTimestamp,
  recordCountOf,
  sealBatch,
  writeInt64,
} from '../../protocol/records/batch.ts'
import { compress } from '../../protocol/records/compression.ts'
import { RecordCursor } from '../../protocol/records/record.ts'
import { readVarint, readVarlong, varintEnd, varlongBytes, writeVarint, writeVarlong } from '../../protocol/records/varint.ts'

/** The batch at `at` with those records for which `kept` has a 1, in order. A `horizonMs` becomes its delete horizon (KIP-534); null leaves that as it is. */
export function rewriteBatch(bytes: Buffer, at: number, kept: Uint8Array, horizonMs: number | null, decompressedBytesMax: number): Buffer {
  const cursor = new RecordCursor().open(bytes, at, decompressedBytesMax)
  const recordBytes = cursor.bytes === bytes ? bytes.readInt32BE(at + 8) + batchLengthOffset - batchHeaderBytes : cursor.bytes.length
  // A new base time makes each record's difference to it longer, by nine bytes at most, and then its length, by four.
  const room = horizonMs === null ? recordBytes : recordBytes + 13 * recordCountOf(bytes, at)
  const batch = Buffer.allocUnsafeSlow(batchHeaderBytes + room)
  let end = batchHeaderBytes
  let count = 0
  let maxTimestampMs: number = noTimestamp
  for (let i = 0; cursor.next(); i++) {
    if (!kept[i]) continue
    count++
    if (cursor.timestampMs > maxTimestampMs) maxTimestampMs = cursor.timestampMs
    end = horizonMs === null ? end + cursor.bytes.copy(batch, end, cursor.recordAt, cursor.recordEnd) : copyRebased(cursor, horizonMs, batch, end)
  }
  const codec = codecOf(bytes, at)
  if (codec === codecNone) return sealed(batch.subarray(0, end), bytes, at, count, maxTimestampMs, horizonMs)
  const packed = compress(codec, batch.subarray(batchHeaderBytes, end))
  const whole = Buffer.allocUnsafeSlow(batchHeaderBytes + packed.length)
  packed.copy(whole, batchHeaderBytes)
  return sealed(whole, bytes, at, count, maxTimestampMs, horizonMs)
}

/** The header of the batch at `at`, alone: it says what its producer sent last. As in Kafka it keeps the largest time. */
export function emptyBatch(bytes: Buffer, at: number): Buffer {
  const batch = Buffer.allocUnsafeSlow(batchHeaderBytes)
  bytes.copy(batch, 0, at, at + batchHeaderBytes)
  batch.writeInt32BE(batchHeaderBytes - batchLengthOffset, 8)
  batch.writeUInt16BE(attributesOf(bytes, at) & ~(attributeCodecMask | attributeDeleteHorizon), batchCrcFrom)
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

function sealed(batch: Buffer, bytes: Buffer, at: number, count: number, maxTimestampMs: number, horizonMs: number | null): Buffer {
  bytes.copy(batch, 0, at, at + batchHeaderBytes)
  batch.writeInt32BE(batch.length - batchLengthOffset, 8)
  if (horizonMs !== null) batch.writeUInt16BE(attributesOf(bytes, at) | attributeDeleteHorizon, batchCrcFrom)
  writeInt64(batch, horizonMs ?? baseTimestampOf(bytes, at), 27)
  // Under log append time it is the time of every record.
  writeInt64(batch, isLogAppendTime(bytes, at) ? maxTimestampOf(bytes, at) : maxTimestampMs, 35)
  batch.writeInt32BE(count, 57)
  sealBatch(batch, 0)
  return batch
}
