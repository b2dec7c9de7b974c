// Writes a record batch in message format 2, record by record, straight into one buffer that grows. record.ts reads it back.

import {
  attributeControl,
  attributeDeleteHorizon,
  attributeLogAppendTime,
  attributeTransactional,
  batchHeaderBytes,
  batchLengthOffset,
  codecNone,
  noLeaderEpoch,
  noProducerId,
  noSequence,
  noTimestamp,
  sealBatch,
  writeInt64,
} from './batch.ts'
import { compress } from './compression.ts'
import type { RecordHeader } from './record.ts'
import { varintBytes, varlongBytes, writeVarint, writeVarlong } from './varint.ts'

/** What the batch's header says besides what follows from its records. */
export interface BatchOptions {
  readonly codec?: number
  /** For gzip and zstd. */
  readonly compressionLevel?: number
  readonly baseOffset?: number
  readonly leaderEpoch?: number
  readonly producerId?: number
  readonly producerEpoch?: number
  readonly baseSequence?: number
  readonly transactional?: boolean
  readonly control?: boolean
  /** Every record's time becomes this one. */
  readonly logAppendTimeMs?: number
  /** When compaction may drop the batch's tombstones (KIP-534). Takes the place of the base timestamp. */
  readonly deleteHorizonMs?: number
  /** Keeps the end of a batch whose last records compaction has removed. By default the delta of the last record. */
  readonly lastOffsetDelta?: number
  /** How large the buffer is to begin with: a good guess saves growing it. */
  readonly bytesHint?: number
  /** Memory to write into, if the caller keeps some: fresh memory costs more than the writing. The batch is then a view of it, unless it outgrew it. */
  readonly buffer?: Buffer
}

/** A record to be written. Strings are written as UTF-8. */
export interface RecordInput {
  readonly key?: Uint8Array | string | null
  readonly value?: Uint8Array | string | null
  readonly headers?: readonly RecordHeader[]
  readonly timestampMs?: number
}

const noHeaders: readonly RecordHeader[] = []
const bytesHintDefault = 4096
/** Small batches come from Node's pool, which costs a tenth; a large one would keep a pool's page alive for nothing. */
const pooledBytesMax = 1024

const lengthOf = (field: Uint8Array | string | null): number =>
  field === null ? -1 : typeof field === 'string' ? Buffer.byteLength(field) : field.length

/** Collects records, then gives the batch. One builder makes one batch. */
export class BatchBuilder {
  recordCount = 0
  maxTimestampMs: number = noTimestamp
  #bytes: Buffer
  #at = batchHeaderBytes
  #baseTimestampMs: number = noTimestamp
  #lastOffsetDelta = -1
  readonly #options: BatchOptions

  constructor(options: BatchOptions = {}) {
    this.#options = options
    const bytes = Math.max(options.bytesHint ?? bytesHintDefault, batchHeaderBytes)
    this.#bytes = options.buffer ?? (bytes <= pooledBytesMax ? Buffer.allocUnsafe(bytes) : Buffer.allocUnsafeSlow(bytes))
    if (options.deleteHorizonMs !== undefined) this.#baseTimestampMs = options.deleteHorizonMs
  }

  /** How large the batch is so far, before compression. */
  get bytesSoFar(): number {
    return this.#at
  }

  /** Adds a record after the last one. `offsetDelta` leaves a gap, as compaction does. The given bytes are copied. */
  append(
    timestampMs: number,
    key: Uint8Array | string | null,
    value: Uint8Array | string | null,
    headers: readonly RecordHeader[] = noHeaders,
    offsetDelta: number = this.#lastOffsetDelta + 1,
  ): void {
    if (this.recordCount === 0 && this.#options.deleteHorizonMs === undefined) this.#baseTimestampMs = timestampMs
    const timestampDelta = timestampMs - this.#baseTimestampMs
    const keyBytes = lengthOf(key)
    const valueBytes = lengthOf(value)
    let bodyBytes =
      1 + varlongBytes(timestampDelta) + varintBytes(offsetDelta) + fieldBytes(keyBytes) + fieldBytes(valueBytes) + varintBytes(headers.length)
    for (const header of headers) bodyBytes += fieldBytes(Buffer.byteLength(header.key)) + fieldBytes(lengthOf(header.value))

    this.#reserve(bodyBytes + 5)
    const bytes = this.#bytes
    let at = writeVarint(bytes, bodyBytes, this.#at)
    bytes[at++] = 0
    at = writeVarlong(bytes, timestampDelta, at)
    at = writeVarint(bytes, offsetDelta, at)
    at = writeField(bytes, key, keyBytes, at)
    at = writeField(bytes, value, valueBytes, at)
    at = writeVarint(bytes, headers.length, at)
    for (const header of headers) {
      at = writeField(bytes, header.key, Buffer.byteLength(header.key), at)
      at = writeField(bytes, header.value, lengthOf(header.value), at)
    }
    this.#at = at
    this.recordCount++
    this.#lastOffsetDelta = offsetDelta
    if (timestampMs > this.maxTimestampMs) this.maxTimestampMs = timestampMs
  }

  /** The finished batch: the builder's own buffer, so that nothing is copied unless it is compressed. The builder cannot be used after. */
  build(): Buffer {
    const options = this.#options
    const codec = options.codec ?? codecNone
    let batch = this.#bytes.subarray(0, this.#at)
    if (codec !== codecNone) {
      const level = options.compressionLevel
      const packed = compress(codec, batch.subarray(batchHeaderBytes), level === undefined ? {} : { level })
      batch = Buffer.allocUnsafeSlow(batchHeaderBytes + packed.length)
      packed.copy(batch, batchHeaderBytes)
    }
    this.#bytes = batch.subarray(0, 0)
    const attributes =
      codec |
      (options.logAppendTimeMs === undefined ? 0 : attributeLogAppendTime) |
      (options.transactional ? attributeTransactional : 0) |
      (options.control ? attributeControl : 0) |
      (options.deleteHorizonMs === undefined ? 0 : attributeDeleteHorizon)
    writeInt64(batch, options.baseOffset ?? 0, 0)
    batch.writeInt32BE(batch.length - batchLengthOffset, 8)
    batch.writeInt32BE(options.leaderEpoch ?? noLeaderEpoch, 12)
    batch[16] = 2
    batch.writeUInt16BE(attributes, 21)
    batch.writeInt32BE(options.lastOffsetDelta ?? this.#lastOffsetDelta, 23)
    writeInt64(batch, this.#baseTimestampMs, 27)
    writeInt64(batch, options.logAppendTimeMs ?? this.maxTimestampMs, 35)
    writeInt64(batch, options.producerId ?? noProducerId, 43)
    batch.writeInt16BE(options.producerEpoch ?? -1, 51)
    batch.writeInt32BE(options.baseSequence ?? noSequence, 53)
    batch.writeInt32BE(this.recordCount, 57)
    sealBatch(batch, 0)
    return batch
  }

  #reserve(bytes: number): void {
    const needed = this.#at + bytes
    if (needed <= this.#bytes.length) return
    const grown = Buffer.allocUnsafeSlow(Math.max(needed, this.#bytes.length * 2))
    this.#bytes.copy(grown, 0, 0, this.#at)
    this.#bytes = grown
  }
}

/** A batch of the given records. */
export function buildBatch(records: readonly RecordInput[], options: BatchOptions = {}): Buffer {
  const builder = new BatchBuilder(options)
  for (const { timestampMs = noTimestamp, key = null, value = null, headers } of records) builder.append(timestampMs, key, value, headers)
  return builder.build()
}

/** How many bytes a field of this length takes with its length in front; -1 for one that is null. */
const fieldBytes = (length: number): number => varintBytes(length) + Math.max(length, 0)

function writeField(bytes: Buffer, field: Uint8Array | string | null, length: number, at: number): number {
  at = writeVarint(bytes, length, at)
  if (field === null) return at
  if (typeof field === 'string') bytes.write(field, at, length)
  else if (length < smallCopyBytes) for (let i = 0; i < length; i++) bytes[at + i] = field[i]!
  else bytes.set(field, at)
  return at + length
}

/** Below this, a loop beats the call of `set`. */
const smallCopyBytes = 24
