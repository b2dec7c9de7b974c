// The records of a batch in message format 2: read by a cursor that is used again and again and makes no object for a field, or decoded into objects where that
// does not matter (tests, the command line). builder.ts writes what this reads. Stays within its buffer whatever the bytes are; full checks are validate.ts's.

import {
  attributesOf,
  baseOffsetOf,
  baseSequenceOf,
  baseTimestampOf,
  batchBytesOf,
  batchHeaderBytes,
  codecNone,
  codecOf,
  hasDeleteHorizon,
  isControl,
  isLogAppendTime,
  isTransactional,
  lastOffsetOf,
  leaderEpochOf,
  maxTimestampOf,
  producerEpochOf,
  producerIdOf,
  recordCountOf,
} from './batch.ts'
import { decompress, decompressedBytesMaxDefault } from './compression.ts'
import { corrupt } from './refusal.ts'
import { nextBatch } from './run.ts'
import { readVarint, readVarlong, varintEnd } from './varint.ts'

/** A header of a record: keys may repeat, order counts. */
export interface RecordHeader {
  readonly key: string
  readonly value: Uint8Array | null
}

/** A record by itself. Its bytes are views of the batch's buffer. */
export interface DecodedRecord {
  readonly offset: number
  readonly timestampMs: number
  readonly key: Buffer | null
  readonly value: Buffer | null
  readonly headers: readonly RecordHeader[]
}

/** A batch by itself, every header field by name. */
export interface DecodedBatch {
  readonly baseOffset: number
  readonly lastOffset: number
  readonly leaderEpoch: number
  readonly codec: number
  readonly attributes: number
  readonly logAppendTime: boolean
  readonly transactional: boolean
  readonly control: boolean
  readonly deleteHorizonMs: number | null
  readonly baseTimestampMs: number
  readonly maxTimestampMs: number
  readonly producerId: number
  readonly producerEpoch: number
  readonly baseSequence: number
  readonly records: readonly DecodedRecord[]
}

/**
 * Walks the records of a batch: `cursor.open(bytes, at); while (cursor.next()) …`. All fields are about the current record; positions are in `bytes`, which is
 * the batch's own buffer, or a fresh one where the batch is compressed. Views stay good after the cursor has moved on.
 */
export class RecordCursor {
  bytes: Buffer = noBytes
  offset = -1
  timestampMs = -1
  keyAt = 0
  /** -1: the record has no key. */
  keyBytes = -1
  valueAt = 0
  /** -1: the record has no value, which deletes its key from a compacted topic. */
  valueBytes = -1
  headerCount = 0
  /** Where the record's own bytes begin and end, its length field included. */
  recordAt = 0
  recordEnd = 0
  #headersAt = 0
  #end = 0
  #left = 0
  #baseOffset = 0
  #baseTimestampMs = 0
  #logAppendTimeMs = -1

  /** Stands before the first record of the batch at `at`. Decompresses if need be, to `decompressedBytesMax` bytes at most. */
  open(bytes: Buffer, at = 0, decompressedBytesMax: number = decompressedBytesMaxDefault): this {
    const end = at + batchBytesOf(bytes, at)
    if (end > bytes.length || end < at + batchHeaderBytes) throw corrupt('The record batch is not wholly there')
    const codec = codecOf(bytes, at)
    if (codec === codecNone) {
      this.bytes = bytes
      this.recordEnd = at + batchHeaderBytes
      this.#end = end
    } else {
      this.bytes = decompress(codec, bytes.subarray(at + batchHeaderBytes, end), decompressedBytesMax)
      this.recordEnd = 0
      this.#end = this.bytes.length
    }
    this.#left = recordCountOf(bytes, at)
    this.#baseOffset = baseOffsetOf(bytes, at)
    this.#baseTimestampMs = baseTimestampOf(bytes, at)
    this.#logAppendTimeMs = isLogAppendTime(bytes, at) ? maxTimestampOf(bytes, at) : -1
    return this
  }

  /** Goes to the next record; false after the last. */
  next(): boolean {
    if (this.#left <= 0) return false
    this.#left--
    const { bytes } = this
    this.recordAt = this.recordEnd
    const bodyBytes = readVarint(bytes, this.recordAt, this.#end)
    const end = varintEnd + bodyBytes
    if (bodyBytes < 0 || end > this.#end) throw corrupt('A record says that it is longer than its batch')
    this.recordEnd = end
    const timestampDelta = readVarlong(bytes, varintEnd + 1, end)
    this.timestampMs = this.#logAppendTimeMs === -1 ? this.#baseTimestampMs + timestampDelta : this.#logAppendTimeMs
    this.offset = this.#baseOffset + readVarint(bytes, varintEnd, end)
    this.keyBytes = Math.max(readVarint(bytes, varintEnd, end), -1)
    this.keyAt = varintEnd
    this.valueBytes = Math.max(readVarint(bytes, this.keyAt + Math.max(this.keyBytes, 0), end), -1)
    this.valueAt = varintEnd
    this.headerCount = readVarint(bytes, this.valueAt + Math.max(this.valueBytes, 0), end)
    this.#headersAt = varintEnd
    return true
  }

  /** A view of the current record's key. */
  key(): Buffer | null {
    return this.keyBytes < 0 ? null : this.bytes.subarray(this.keyAt, this.keyAt + this.keyBytes)
  }

  /** A view of the current record's value. */
  value(): Buffer | null {
    return this.valueBytes < 0 ? null : this.bytes.subarray(this.valueAt, this.valueAt + this.valueBytes)
  }

  /** The current record's headers. */
  headers(): RecordHeader[] {
    const headers: RecordHeader[] = []
    let at = this.#headersAt
    for (let left = this.headerCount; left > 0; left--) {
      const keyBytes = readVarint(this.bytes, at, this.recordEnd)
      const keyAt = varintEnd
      if (keyBytes < 0) throw corrupt('A record header has no key')
      const valueBytes = readVarint(this.bytes, keyAt + keyBytes, this.recordEnd)
      const valueAt = varintEnd
      at = valueAt + Math.max(valueBytes, 0)
      if (at > this.recordEnd) throw corrupt('A record header is longer than its record')
      headers.push({ key: this.bytes.toString('utf8', keyAt, keyAt + keyBytes), value: valueBytes < 0 ? null : this.bytes.subarray(valueAt, at) })
    }
    return headers
  }

  /** A view of the value of the last header with this key; null if its value is, undefined without such a header. */
  header(key: string): Uint8Array | null | undefined {
    return this.headerCount <= 0 ? undefined : this.headers().findLast((header) => header.key === key)?.value
  }

  /** The current record as an object. */
  toRecord(): DecodedRecord {
    const { offset, timestampMs } = this
    return { offset, timestampMs, key: this.key(), value: this.value(), headers: this.headers() }
  }
}

const noBytes = Buffer.alloc(0)

/** Decodes the batch at `at` into an object. */
export function decodeBatch(bytes: Buffer, at = 0, decompressedBytesMax: number = decompressedBytesMaxDefault): DecodedBatch {
  const records: DecodedRecord[] = []
  const cursor = new RecordCursor().open(bytes, at, decompressedBytesMax)
  while (cursor.next()) records.push(cursor.toRecord())
  return {
    baseOffset: baseOffsetOf(bytes, at),
    lastOffset: lastOffsetOf(bytes, at),
    leaderEpoch: leaderEpochOf(bytes, at),
    codec: codecOf(bytes, at),
    attributes: attributesOf(bytes, at),
    logAppendTime: isLogAppendTime(bytes, at),
    transactional: isTransactional(bytes, at),
    control: isControl(bytes, at),
    deleteHorizonMs: hasDeleteHorizon(bytes, at) ? baseTimestampOf(bytes, at) : null,
    baseTimestampMs: baseTimestampOf(bytes, at),
    maxTimestampMs: maxTimestampOf(bytes, at),
    producerId: producerIdOf(bytes, at),
    producerEpoch: producerEpochOf(bytes, at),
    baseSequence: baseSequenceOf(bytes, at),
    records,
  }
}

/** Decodes every whole batch of a run. */
export function decodeBatches(bytes: Buffer, decompressedBytesMax: number = decompressedBytesMaxDefault): DecodedBatch[] {
  const batches: DecodedBatch[] = []
  for (let at = 0, next: number; (next = nextBatch(bytes, at)) !== -1; at = next) batches.push(decodeBatch(bytes, at, decompressedBytesMax))
  return batches
}

/** The records of a run of batches, without control records: what a consumer hands to its program. */
export function readRecords(bytes: Buffer, decompressedBytesMax: number = decompressedBytesMaxDefault): DecodedRecord[] {
  return decodeBatches(bytes, decompressedBytesMax).flatMap((batch) => (batch.control ? [] : batch.records))
}
