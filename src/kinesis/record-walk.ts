// The records that a reader of a stream may see, out of stored batches: no control records, none of aborted transactions. One callback
// per record with positions instead of objects; key and value are views of what is stored.
import { endOffsetOf, isControl, isTransactional, maxTimestampOf, producerIdOf } from '../../protocol/records/batch.ts'
import { readControl } from '../../protocol/records/control.ts'
import { RecordCursor } from '../../protocol/records/record.ts'
import { nextBatch } from '../../protocol/records/run.ts'
import type { FetchResult } from '../engine/reading.ts'

/** Return false to stop before this record. */
export type RecordVisitor = (record: RecordCursor) => boolean

/** Walks the readable records from `fromOffset`. Answers the offset to go on from: the record that was refused, or the end of what was read. */
export function walkRecords(result: FetchResult, fromOffset: number, visit: RecordVisitor): number {
  const aborted = new AbortedProducers(result)
  const cursor = new RecordCursor()
  let position = fromOffset
  for (const bytes of result.buffers) {
    for (let at = 0, next: number; (next = nextBatch(bytes, at)) !== -1; at = next) {
      const end = endOffsetOf(bytes, at)
      const hidden = aborted.hides(bytes, at)
      if (end <= position) continue
      if (!hidden) {
        cursor.open(bytes, at)
        while (cursor.next()) if (cursor.offset >= position && !visit(cursor)) return cursor.offset
      }
      position = end
    }
  }
  return position
}

/** The largest timestamp of the last batch that was read. */
export function lastTimestampOf({ buffers }: FetchResult): number {
  const bytes = buffers.at(-1)!
  let last = 0
  for (let at = 0, next: number; (next = nextBatch(bytes, at)) !== -1; at = next) last = at
  return maxTimestampOf(bytes, last)
}

/** Which producers are inside an aborted transaction, while batches pass in order (as a read-committed Kafka consumer keeps it). */
class AbortedProducers {
  readonly #coming: FetchResult['abortedTransactions']
  #next = 0
  readonly #inside = new Set<number>()

  constructor({ abortedTransactions }: FetchResult) {
    this.#coming = abortedTransactions.length > 1 ? abortedTransactions.toSorted((a, b) => a.firstOffset - b.firstOffset) : abortedTransactions
  }

  /** Whether no reader sees the batch. Must be asked for every batch. */
  hides(bytes: Buffer, at: number): boolean {
    const endOffset = endOffsetOf(bytes, at)
    for (let next = this.#coming[this.#next]; next && next.firstOffset < endOffset; next = this.#coming[++this.#next]) {
      this.#inside.add(next.producerId)
    }
    if (isControl(bytes, at)) {
      if (this.#inside.size > 0 && readControl(bytes, at)?.committed === false) this.#inside.delete(producerIdOf(bytes, at))
      return true
    }
    return this.#inside.size > 0 && isTransactional(bytes, at) && this.#inside.has(producerIdOf(bytes, at))
  }
}
