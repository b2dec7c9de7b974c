// Is what the disk gives back what was stored? Every batch carries the checksum that its producer gave it. Kafka's consumers check it themselves; who hands out
// records, or makes new batches of them, looks here first: wrong bytes would be believed, or even get a checksum that holds.
import { baseOffsetOf, isIntact, lastOffsetOf } from '../../protocol/records/batch.ts'
import { corrupt, type RecordsRefused } from '../../protocol/records/refusal.ts'
import { nextBatch } from '../../protocol/records/run.ts'

/** Bytes of the whole batches at the run's beginning whose checksums hold: all of it where nothing is damaged. */
export function intactBytes(run: Buffer): number {
  let at = 0
  for (let next: number; (next = nextBatch(run, at)) !== -1; at = next) if (!isIntact(run, at)) return at
  return at
}

/** Runs up to the first damaged batch. Throws RecordsRefused where that is the very first. */
export function intactRuns(runs: readonly Buffer[]): Buffer[] {
  const intact: Buffer[] = []
  for (const run of runs) {
    const bytes = intactBytes(run)
    if (bytes > 0) intact.push(run.subarray(0, bytes))
    if (bytes === run.length) continue
    if (intact.length === 0) throw damagedBatch(run)
    break
  }
  return intact
}

const damagedBatch = (run: Buffer): RecordsRefused =>
  corrupt(`the bytes of the batch with offsets ${baseOffsetOf(run)} to ${lastOffsetOf(run)} do not give its checksum (CRC32C)`)

/** Refuses a run whose batches do not reach to its end: a length in it leads nowhere. */
export function checkEnd(run: Buffer): void {
  let at = 0
  for (let next: number; (next = nextBatch(run, at)) !== -1; ) at = next
  if (at < run.length) throw corrupt(`the length of the batch with offset ${baseOffsetOf(run, at)} leads past what was stored`)
}
