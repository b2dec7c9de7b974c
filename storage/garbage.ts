// Deleting what trims, retention and drops left behind: a bounded number of chunks per commit, from notes that outlive a crash.
import { chunkBound, garbagePartition, garbageRange, segmentKey } from './keys.ts'
import type { LmdbEnvironment } from './lmdb-environment.ts'
import { everything, unpackGarbage } from './partition-book.ts'

/**
 * Deletes at most about `keysMax` chunks and segment rows, oldest partition first, and each note that is done with. `fresh` names partitions
 * whose note the same commit writes anew: they wait for the next step. Says whether there may be more.
 */
export function collectGarbage(
  environment: LmdbEnvironment,
  keysMax: number,
  fresh: (partition: number) => boolean,
  change: (key: Buffer, value: null) => void,
): boolean {
  const notes = Array.from(environment.entries({ ...garbageRange, limit: notesMax }), ({ key, value }) => ({
    key,
    partition: garbagePartition(key),
    before: unpackGarbage(value),
  }))
  let left = keysMax
  for (const { key, partition, before } of notes) {
    if (fresh(partition)) continue
    if (left <= 0) return true
    const end = before === everything ? chunkBound(partition + 1, 0) : chunkBound(partition, before)
    const chunks = Array.from(environment.keys({ start: chunkBound(partition, 0), end, limit: left }))
    for (const chunk of chunks) change(chunk, null)
    left -= chunks.length
    if (left <= 0) return true
    if (before === everything) {
      // The rows of a dropped partition go last: until then a restart still finds what is left to delete.
      const rows = Array.from(environment.keys({ start: segmentKey(partition, 0), end: segmentKey(partition + 1, 0), limit: left }))
      for (const row of rows) change(row, null)
      left -= rows.length
      if (left <= 0) return true
    }
    change(key, null)
  }
  return notes.length === notesMax || notes.some(({ partition }) => fresh(partition))
}

/** Notes looked at in one step. */
const notesMax = 64
