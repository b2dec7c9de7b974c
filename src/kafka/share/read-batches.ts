// What was read of a partition, as acquiring needs it: where its batches lie and whether consumers may see them; and the part of it that was acquired.
import { baseOffsetOf, isControl, isTransactional, lastOffsetOf, producerIdOf } from '../../../protocol/records/batch.ts'
import { forEachBatch, sliceBatches } from '../../../protocol/records/run.ts'
import type { AcquiredRange, ReadBatch } from '../../coordinators/share/acquire.ts'
import type { AbortedTransaction } from '../../engine/reading.ts'

/** The batches of what was read. `aborted`: transactions to leave out, by first offset; empty where readers see everything. */
export function readBatches(buffers: readonly Buffer[], aborted: readonly AbortedTransaction[]): ReadBatch[] {
  const batches: ReadBatch[] = []
  const open = new Set<number>()
  let next = 0
  for (const buffer of buffers) {
    forEachBatch(buffer, (at) => {
      const last = lastOffsetOf(buffer, at)
      while (next < aborted.length && aborted[next]!.firstOffset <= last) open.add(aborted[next++]!.producerId)
      const producerId = producerIdOf(buffer, at)
      const control = isControl(buffer, at)
      const deliverable = !control && !(isTransactional(buffer, at) && open.has(producerId))
      // A marker ends the transaction; only aborted ones are in the set.
      if (control) open.delete(producerId)
      batches.push({ first: baseOffsetOf(buffer, at), last, deliverable })
    })
  }
  return batches
}

/** The whole batches from the first acquired record to the last. */
export function acquiredPart(buffers: readonly Buffer[], acquired: readonly AcquiredRange[]): Buffer[] {
  const first = acquired[0]
  if (!first) return []
  const end = acquired.at(-1)!.last + 1
  return buffers.map((buffer) => sliceBatches(buffer, first.first, Number.MAX_SAFE_INTEGER, end)).filter(({ length }) => length > 0)
}
