// Are these bytes, which a client wants to append, acceptable record batches? Yes with the facts that an append needs, or RecordsRefused with Kafka's error and a
// message for a person. As Apache Kafka 4.4's LogValidator and ProduceRequest, stricter in two points: offset deltas (scan.ts), and times beyond 2^53.
// Where Apache Kafka answers UNKNOWN_SERVER_ERROR, to broken compressed data and to an unknown codec, this says CORRUPT_MESSAGE.
// Sets the timestamp fields that the broker owns; offsets are assigned by the engine (stampBatches). Message formats 0 and 1 go through legacy.ts first.

import {
  attributesOf,
  baseOffsetOf,
  baseSequenceOf,
  baseTimestampOf,
  batchHeaderBytes,
  batchLengthOf,
  batchLengthOffset,
  codecNone,
  codecOf,
  codecZstd,
  computeCrc,
  crcOf,
  isControl,
  isLogAppendTime,
  isTransactional,
  lastOffsetDeltaOf,
  lastSequenceOf,
  magicOf,
  maxTimestampOf,
  noProducerId,
  producerEpochOf,
  producerIdOf,
  recordCountOf,
  restampBatch,
} from './batch.ts'
import { decompress, decompressedBytesMaxDefault } from './compression.ts'
import { corrupt, RecordsRefused } from './refusal.ts'
import { scanRecords } from './scan.ts'

/** What the topic and the request demand of a batch. */
export interface BatchRules {
  /** `max.message.bytes`: the largest batch, as it comes (compressed), header included. */
  readonly batchBytesMax: number
  /** `message.timestamp.type`. Under 'log-append' the batch is stamped with `nowMs`. */
  readonly timestampType: 'create' | 'log-append'
  readonly nowMs: number
  /** `message.timestamp.before.max.ms` and `message.timestamp.after.max.ms`; no bound if absent. */
  readonly timestampBeforeMaxMs?: number
  readonly timestampAfterMaxMs?: number
  /** `cleanup.policy` holds `compact`: records need keys. */
  readonly compacted?: boolean
  /** False for a Produce before v7, which cannot have meant zstd. */
  readonly zstdAllowed?: boolean
  /** How many batches may come for one partition: 1, unless the caller converted an old message set. */
  readonly batchCountMax?: number
  /** False leaves the records of a batch unread: only header, length and checksum are checked. For bytes that this broker itself wrote. */
  readonly checkRecords?: boolean
  /** How large the records of one compressed batch may become. */
  readonly decompressedBytesMax?: number
  /** What the records of the one compressed batch decompress to, where the caller had that done. */
  readonly unpacked?: Buffer
}

/** What the idempotence check needs to know about a batch with a producer id (KIP-98). */
export interface ProducerFacts {
  readonly producerId: number
  readonly producerEpoch: number
  readonly baseSequence: number
  readonly lastSequence: number
  readonly transactional: boolean
  /** Where the batch lies in the bytes that were validated, and how many offsets lie before it in them. */
  readonly at: number
  readonly offsetDelta: number
  readonly offsetCount: number
}

/** What an append needs to know about bytes that passed. */
export interface BatchSummary {
  /** The batches end here; a client's stray bytes after them are to be cut off, as Apache Kafka does silently. */
  readonly end: number
  readonly batchCount: number
  /** How many offsets the batches take: one for each record. */
  readonly offsetCount: number
  /** The largest timestamp after stamping; -1 where no record has one. */
  readonly maxTimestampMs: number
  /** One entry for each batch with a producer id. */
  readonly producers: readonly ProducerFacts[]
}

const noProducers: readonly ProducerFacts[] = []
/** Bytes up to and including the magic: without them there is not even the beginning of a batch. */
const headerToMagicBytes = 17
/** The smallest length field of any message format; anything below is senseless in all of them. */
const lengthMin = 14

/** Checks every whole batch in `bytes`. Writes into them only where the broker owns the field: timestamp type, largest timestamp, and then the checksum. */
export function validateBatches(bytes: Buffer, rules: BatchRules): BatchSummary {
  const batchCountMax = rules.batchCountMax ?? 1
  let producers = noProducers
  let maxTimestampMs = -1
  let offsetCount = 0
  let batchCount = 0
  let at = 0
  for (let next: number; (next = wholeBatchEnd(bytes, at)) !== -1; at = next) {
    if (++batchCount > batchCountMax) throw invalid(`A produce request may hold one record batch for each partition; there are more`)
    const timestampMs = validateBatch(bytes, at, next, rules)
    if (timestampMs > maxTimestampMs) maxTimestampMs = timestampMs
    const count = recordCountOf(bytes, at)
    if (producerIdOf(bytes, at) > noProducerId) producers = [...producers, producerFacts(bytes, at, offsetCount)]
    offsetCount += count
  }
  if (batchCount === 0)
    throw invalid(`A produce request must hold a whole record batch for each partition; there are ${bytes.length} bytes and no batch in them`)
  return { end: at, batchCount, offsetCount, maxTimestampMs, producers }
}

/** Where the batch at `at` ends; -1 if what is there is not a whole batch, which Apache Kafka takes for the end of the run. */
function wholeBatchEnd(bytes: Buffer, at: number): number {
  if (bytes.length - at < batchLengthOffset) return -1
  const lengthBytes = batchLengthOf(bytes, at)
  if (lengthBytes < lengthMin) throw corrupt(`A record batch says that it is ${lengthBytes} bytes long; none is shorter than ${lengthMin}`)
  if (bytes.length - at < headerToMagicBytes) return -1
  const magic = magicOf(bytes, at)
  if (magic < 0 || magic > 2) throw corrupt(`A record batch has the message format (magic) ${magic}; 0, 1 and 2 exist`)
  const end = at + batchLengthOffset + lengthBytes
  return end > bytes.length ? -1 : end
}

/** Checks the batch in bytes[at, end) and returns its largest timestamp. Cheap checks come first; the records come last. */
function validateBatch(bytes: Buffer, at: number, end: number, rules: BatchRules): number {
  const magic = magicOf(bytes, at)
  if (magic !== 2) throw invalid(`A record batch has the message format (magic) ${magic}; this version of Produce takes only 2`)
  const batchBytes = end - at
  if (batchBytes > rules.batchBytesMax) {
    throw new RecordsRefused('message-too-large', `The record batch takes ${batchBytes} bytes; max.message.bytes allows ${rules.batchBytesMax}`)
  }
  if (batchBytes < batchHeaderBytes) throw corrupt(`A record batch of ${batchBytes} bytes is smaller than its header (${batchHeaderBytes})`)
  const crc = computeCrc(bytes, at)
  if (crc !== crcOf(bytes, at)) throw corrupt(`A record batch is corrupt: its checksum (CRC32C) says ${crcOf(bytes, at)}, its bytes give ${crc}`)
  validateHeader(bytes, at, rules)

  const logAppend = rules.timestampType === 'log-append'
  const scannedMs = rules.checkRecords === false ? maxTimestampOf(bytes, at) : validateRecords(bytes, at, end, rules)
  const maxTimestampMs = logAppend ? rules.nowMs : scannedMs
  restampBatch(bytes, at, logAppend, maxTimestampMs)
  return maxTimestampMs
}

function validateHeader(bytes: Buffer, at: number, rules: BatchRules): void {
  const baseOffset = baseOffsetOf(bytes, at)
  if (baseOffset !== 0) throw invalid(`A record batch must be sent with the base offset 0, not ${baseOffset}; the broker assigns offsets`)
  const count = recordCountOf(bytes, at)
  if (count <= 0) throw invalid(`A record batch says that it holds ${count} records`)
  const lastOffsetDelta = lastOffsetDeltaOf(bytes, at)
  if (lastOffsetDelta !== count - 1)
    throw invalid(`A record batch says that it holds ${count} records, but its last offset delta is ${lastOffsetDelta}`)
  if (isControl(bytes, at)) throw invalid('Clients are not allowed to write control records')
  if (producerIdOf(bytes, at) > noProducerId && baseSequenceOf(bytes, at) < 0) {
    throw invalid(`A record batch of producer ${producerIdOf(bytes, at)} has the sequence number ${baseSequenceOf(bytes, at)}`)
  }
  const codec = codecOf(bytes, at)
  if (codec > codecZstd)
    throw corrupt(`A record batch names the compression codec ${codec} (attributes ${attributesOf(bytes, at)}); 0 to ${codecZstd} exist`)
  if (codec === codecZstd && rules.zstdAllowed === false) {
    throw new RecordsRefused('unsupported-compression-type', 'zstd needs version 7 of Produce (KIP-110); the client sent an older one')
  }
  if (isLogAppendTime(bytes, at) && rules.timestampType === 'log-append') {
    throw new RecordsRefused('invalid-timestamp', 'A producer must not mark its records with log append time; the broker does that')
  }
}

function validateRecords(bytes: Buffer, at: number, end: number, rules: BatchRules): number {
  const create = rules.timestampType === 'create'
  const { nowMs, timestampBeforeMaxMs, timestampAfterMaxMs } = rules
  const recordRules = {
    keyRequired: rules.compacted === true,
    timestampMinMs:
      create && timestampBeforeMaxMs !== undefined ? Math.max(nowMs - timestampBeforeMaxMs, Number.MIN_SAFE_INTEGER) : Number.MIN_SAFE_INTEGER,
    timestampMaxMs:
      create && timestampAfterMaxMs !== undefined ? Math.min(nowMs + timestampAfterMaxMs, Number.MAX_SAFE_INTEGER) : Number.MAX_SAFE_INTEGER,
  }
  const baseTimestampMs = baseTimestampOf(bytes, at)
  const count = recordCountOf(bytes, at)
  const codec = codecOf(bytes, at)
  if (codec === codecNone) return scanRecords(bytes, at + batchHeaderBytes, end, count, baseTimestampMs, recordRules)
  const plain =
    rules.unpacked ?? decompress(codec, bytes.subarray(at + batchHeaderBytes, end), rules.decompressedBytesMax ?? decompressedBytesMaxDefault)
  return scanRecords(plain, 0, plain.length, count, baseTimestampMs, recordRules)
}

function producerFacts(bytes: Buffer, at: number, offsetDelta: number): ProducerFacts {
  return {
    producerId: producerIdOf(bytes, at),
    producerEpoch: producerEpochOf(bytes, at),
    baseSequence: baseSequenceOf(bytes, at),
    lastSequence: lastSequenceOf(bytes, at),
    transactional: isTransactional(bytes, at),
    at,
    offsetDelta,
    offsetCount: recordCountOf(bytes, at),
  }
}

const invalid = (message: string): RecordsRefused => new RecordsRefused('invalid-record', message)
