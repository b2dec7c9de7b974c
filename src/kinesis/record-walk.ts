// The records that a reader of a stream may see, out of stored batches: no control records, none of aborted transactions. One callback
// per record with positions instead of objects; key and value are views of what is stored.
import {
  baseOffsetOf,
  baseTimestampOf,
  batchHeaderBytes,
  codecOf,
  endOffsetOf,
  isControl,
  isLogAppendTime,
  isTransactional,
  maxTimestampOf,
  producerIdOf,
} from '../../protocol/records/batch.ts'
import { decompress } from '../../protocol/records/compression.ts'
import { nextBatch } from '../../protocol/records/run.ts'
import { readVarint, readVarlong, varintEnd } from '../../protocol/records/varint.ts'
import type { FetchResult } from '../engine/reading.ts'

/** Return false to stop before this record. A null value is an empty one: AWS knows no other. */
export type RecordVisitor = (offset: number, timestampMs: number, key: Buffer | null, value: Buffer) => boolean

const empty = Buffer.alloc(0)
/** The type of an abort marker, in the key of a control record after its version. */
const abortMarker = 0

/** Walks the readable records from `fromOffset`. Answers the offset to go on from: the record that was refused, or the end of what was read. */
export function walkRecords(result: FetchResult, fromOffset: number, visit: RecordVisitor): number {
  const aborted = new AbortedProducers(result)
  let position = fromOffset
  for (const bytes of result.buffers) {
    for (let at = 0, next: number; (next = nextBatch(bytes, at)) !== -1; at = next) {
      const end = endOffsetOf(bytes, at)
      if (end <= position || aborted.hides(bytes, at, next)) {
        position = Math.max(position, end)
        continue
      }
      const stopped = walkBatch(bytes, at, next, position, visit)
      if (stopped !== -1) return stopped
      position = end
    }
  }
  return position
}

/** -1, or the offset of the record that the visitor refused. */
function walkBatch(batch: Buffer, start: number, batchEnd: number, fromOffset: number, visit: RecordVisitor): number {
  const baseOffset = baseOffsetOf(batch, start)
  const oneTime = isLogAppendTime(batch, start)
  const baseTimestampMs = oneTime ? maxTimestampOf(batch, start) : baseTimestampOf(batch, start)
  // Codec 0 gives back what it got: a view, which costs one object per batch.
  const bytes = decompress(codecOf(batch, start), batch.subarray(start + batchHeaderBytes, batchEnd))
  for (let at = 0; at < bytes.length; ) {
    const bodyBytes = readVarint(bytes, at, bytes.length)
    const end = varintEnd + bodyBytes
    const delta = readVarlong(bytes, varintEnd + 1, end)
    const offset = baseOffset + readVarint(bytes, varintEnd, end)
    at = end
    if (offset < fromOffset) continue
    const keyBytes = readVarint(bytes, varintEnd, end)
    const keyAt = varintEnd
    const valueBytes = readVarint(bytes, keyAt + Math.max(0, keyBytes), end)
    const key = keyBytes < 0 ? null : bytes.subarray(keyAt, keyAt + keyBytes)
    const value = valueBytes <= 0 ? empty : bytes.subarray(varintEnd, varintEnd + valueBytes)
    if (!visit(offset, oneTime ? baseTimestampMs : baseTimestampMs + delta, key, value)) return offset
  }
  return -1
}

/** Which producers are inside an aborted transaction, while batches pass in order (as a read-committed Kafka consumer keeps it). */
class AbortedProducers {
  readonly #coming: FetchResult['abortedTransactions']
  #next = 0
  readonly #inside = new Set<number>()

  constructor({ abortedTransactions }: FetchResult) {
    this.#coming = abortedTransactions.toSorted((a, b) => a.firstOffset - b.firstOffset)
  }

  /** Whether no reader sees the batch. Must be asked for every batch. */
  hides(bytes: Buffer, at: number, end: number): boolean {
    const lastOffset = endOffsetOf(bytes, at) - 1
    for (let next = this.#coming[this.#next]; next && next.firstOffset <= lastOffset; next = this.#coming[++this.#next]) {
      this.#inside.add(next.producerId)
    }
    if (isControl(bytes, at)) {
      if (isAbortMarker(bytes, at, end)) this.#inside.delete(producerIdOf(bytes, at))
      return true
    }
    return this.#inside.size > 0 && isTransactional(bytes, at) && this.#inside.has(producerIdOf(bytes, at))
  }
}

function isAbortMarker(bytes: Buffer, at: number, end: number): boolean {
  readVarint(bytes, at + batchHeaderBytes, end)
  readVarlong(bytes, varintEnd + 1, end)
  readVarint(bytes, varintEnd, end)
  const keyBytes = readVarint(bytes, varintEnd, end)
  return keyBytes >= 4 && bytes.readInt16BE(varintEnd + 2) === abortMarker
}
