// Kinesis records -> a run of Kafka record batches (format 2): key = PartitionKey, value = Data, timestamp = arrival, an ExplicitHashKey
// as a header. Measured first, then written once into one buffer: nothing is allocated per record.
import { batchHeaderBytes, batchLengthOffset, noProducerId, noSequence, sealBatch, writeInt64 } from '../../protocol/records/batch.ts'
import { varintBytes, writeVarint } from '../../protocol/records/varint.ts'

/** A record as PutRecord and PutRecords give it. */
export interface PutEntry {
  readonly partitionKey: string
  readonly data: Buffer
  readonly explicitHashKey?: string | undefined
}

/** The Kafka header that carries an ExplicitHashKey, in decimal. */
export const explicitHashKeyHeader = 'aws-kinesis-explicit-hash-key'
const headerName = Buffer.from(explicitHashKeyHeader)

/** A batch holds no more than this, but one record at least, so that a Kafka consumer with small fetches is not handed all of a PutRecords at once. */
const batchBytesTarget = 512 * 1024
const magic = 2

/**
 * One run of batches with the records in order, all stamped with `arrivalMs`, each batch within the topic's `max.message.bytes` where
 * its records allow it. Offsets and leader epoch are the engine's to write.
 */
export function buildRun(entries: readonly PutEntry[], arrivalMs: number, batchBytesMax: number): Buffer {
  const batchBytes = Math.min(batchBytesTarget, batchBytesMax)
  const bodyBytes = new Array<number>(entries.length)
  /** Where each batch begins: index of its first record. */
  const starts: number[] = []
  let total = 0
  let inBatch = Number.POSITIVE_INFINITY
  for (let i = 0; i < entries.length; i++) {
    const entry = entries[i]!
    let body = bodyOf(entry, i - (starts.at(-1) ?? 0))
    if (inBatch + varintBytes(body) + body > batchBytes) {
      starts.push(i)
      body = bodyOf(entry, 0)
      total += batchHeaderBytes
      inBatch = batchHeaderBytes
    }
    bodyBytes[i] = body
    const whole = varintBytes(body) + body
    total += whole
    inBatch += whole
  }
  const bytes = Buffer.allocUnsafe(total)
  let at = 0
  for (let batch = 0; batch < starts.length; batch++) {
    at = writeBatch(bytes, at, entries, bodyBytes, starts[batch]!, starts[batch + 1] ?? entries.length, arrivalMs)
  }
  return bytes
}

function writeBatch(
  bytes: Buffer,
  at: number,
  entries: readonly PutEntry[],
  bodyBytes: readonly number[],
  from: number,
  to: number,
  arrivalMs: number,
): number {
  let end = at + batchHeaderBytes
  for (let i = from; i < to; i++) end = writeRecord(bytes, end, entries[i]!, bodyBytes[i]!, i - from)
  const count = to - from
  writeInt64(bytes, 0, at)
  bytes.writeInt32BE(end - at - batchLengthOffset, at + 8)
  bytes.writeInt32BE(0, at + 12)
  bytes.writeInt8(magic, at + 16)
  bytes.writeInt16BE(0, at + 21)
  bytes.writeInt32BE(count - 1, at + 23)
  writeInt64(bytes, arrivalMs, at + 27)
  writeInt64(bytes, arrivalMs, at + 35)
  writeInt64(bytes, noProducerId, at + 43)
  bytes.writeInt16BE(-1, at + 51)
  bytes.writeInt32BE(noSequence, at + 53)
  bytes.writeInt32BE(count, at + 57)
  sealBatch(bytes, at)
  return end
}

/** Bytes of a record after its length: attributes, time delta (0), offset delta, key, value, headers. */
function bodyOf({ partitionKey, data, explicitHashKey }: PutEntry, offsetDelta: number): number {
  const keyBytes = Buffer.byteLength(partitionKey)
  const body = 2 + varintBytes(offsetDelta) + varintBytes(keyBytes) + keyBytes + varintBytes(data.length) + data.length + 1
  if (explicitHashKey === undefined) return body
  return body + varintBytes(headerName.length) + headerName.length + varintBytes(explicitHashKey.length) + explicitHashKey.length
}

function writeRecord(bytes: Buffer, at: number, { partitionKey, data, explicitHashKey }: PutEntry, body: number, offsetDelta: number): number {
  at = writeVarint(bytes, body, at)
  bytes[at++] = 0
  bytes[at++] = 0
  at = writeVarint(bytes, offsetDelta, at)
  at = writeVarint(bytes, Buffer.byteLength(partitionKey), at)
  at += bytes.write(partitionKey, at)
  at = writeVarint(bytes, data.length, at)
  at += data.copy(bytes, at)
  if (explicitHashKey === undefined) {
    bytes[at] = 0
    return at + 1
  }
  at = writeVarint(bytes, 1, at)
  at = writeVarint(bytes, headerName.length, at)
  at += headerName.copy(bytes, at)
  at = writeVarint(bytes, explicitHashKey.length, at)
  return at + bytes.write(explicitHashKey, at, 'latin1')
}
