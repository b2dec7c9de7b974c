// A record by its own time inside one batch. Only timestamps and offsets are read; keys and values are stepped over.
import {
  baseOffsetOf,
  baseTimestampOf,
  batchHeaderBytes,
  codecNone,
  codecOf,
  isLogAppendTime,
  maxTimestampOf,
  recordCountOf,
} from '../../protocol/records/batch.ts'
import { decompress } from '../../protocol/records/compression.ts'
import { readVarint, readVarlong, varintEnd } from '../../protocol/records/varint.ts'

/** The first record of the batch in bytes[at, end) that is not before `timestampMs` nor before `fromOffset`; null for none. */
export function firstRecordAtOrAfter(
  bytes: Buffer,
  at: number,
  end: number,
  timestampMs: number,
  fromOffset: number,
): { offset: number; timestampMs: number } | null {
  const maxMs = maxTimestampOf(bytes, at)
  if (maxMs < timestampMs) return null
  const baseOffset = baseOffsetOf(bytes, at)
  // The batch's time is every record's.
  if (isLogAppendTime(bytes, at)) return { offset: Math.max(baseOffset, fromOffset), timestampMs: maxMs }
  const codec = codecOf(bytes, at)
  const compressed = codec !== codecNone
  const records = compressed ? decompress(codec, bytes.subarray(at + batchHeaderBytes, end)) : bytes
  const recordsEnd = compressed ? records.length : end
  let position = compressed ? 0 : at + batchHeaderBytes
  const baseMs = baseTimestampOf(bytes, at)
  for (let left = recordCountOf(bytes, at); left > 0; left--) {
    const length = readVarint(records, position, recordsEnd)
    const start = varintEnd
    // One byte of attributes lies between the length and the time.
    const recordMs = baseMs + readVarlong(records, start + 1, recordsEnd)
    if (recordMs >= timestampMs) {
      const offset = baseOffset + readVarint(records, varintEnd, recordsEnd)
      if (offset >= fromOffset) return { offset, timestampMs: recordMs }
    }
    position = start + length
  }
  return null
}
