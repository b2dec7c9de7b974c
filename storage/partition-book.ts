// What is committed: the facts of each partition, read from its segment rows when it is first asked for, and where its chunks lie, those that are still in the
// journal among them. Nothing here is read when the store is opened.

import type { Journal } from './journal.ts'
import { chunkBound, chunkOfKey, garbageKey, segmentKey } from './keys.ts'
import type { LmdbEnvironment } from './lmdb-environment.ts'
import { unpackSegment } from './segment-row.ts'
import { type ChunkFacts, factsOf, nothing, type PartitionFacts } from './segments.ts'

/** In a note about garbage: all of the partition. */
export const everything = Number.POSITIVE_INFINITY

export class PartitionBook {
  readonly #environment: LmdbEnvironment
  readonly #journal: Journal
  readonly #facts = new Map<number, PartitionFacts>()
  readonly #dropped = new Set<number>()
  readonly #rewriting = new Set<number>()
  #clearing = false

  constructor(environment: LmdbEnvironment, journal: Journal) {
    this.#environment = environment
    this.#journal = journal
  }

  facts(partition: number): PartitionFacts {
    if (this.#rewriting.has(partition)) return this.#load(partition)
    let facts = this.#facts.get(partition)
    if (!facts) {
      facts = this.#load(partition)
      if (!this.#clearing) this.#facts.set(partition, facts)
    }
    return facts
  }

  /** Whether it was dropped, as far as is known: once its last bytes are gone, only until the process ends. */
  isDropped(partition: number): boolean {
    this.facts(partition)
    return this.#dropped.has(partition)
  }

  set(partition: number, facts: PartitionFacts): void {
    this.#rewriting.delete(partition)
    this.#facts.set(partition, facts)
  }

  markDropped(partition: number): void {
    this.#rewriting.delete(partition)
    this.#facts.set(partition, nothing)
    this.#dropped.add(partition)
  }

  /** A commit that replaces chunks is under way: between its moment and its answer only LMDB knows which there are. Ends with `set` or `notRewritten`. */
  rewriting(partition: number): void {
    this.#rewriting.add(partition)
  }

  notRewritten(partition: number): void {
    this.#rewriting.delete(partition)
  }

  /** A commit that clears is under way: between its moment and its answer only LMDB knows what there is, so that nothing is kept of what is read. */
  forgetWhileClearing(): void {
    this.#facts.clear()
    this.#clearing = true
  }

  /** The clear was made, or, with `false`, was not. */
  cleared(done: boolean): void {
    this.#facts.clear()
    this.#clearing = false
    if (done) this.#dropped.clear()
  }

  /** The chunk that holds `offset`, or the part of the journal: one seek at most. */
  chunkHolding(partition: number, offset: number): ChunkFacts | undefined {
    const loose = this.#journal.holding(partition, offset)
    if (loose) return loose
    // Every chunk that begins at or before the offset sorts before this.
    const start = chunkBound(partition, offset + 1)
    for (const key of this.#environment.keys({ start, end: chunkBound(partition, 0), reverse: true, limit: 1 })) {
      const chunk = chunkOfKey(key)
      return chunk.endOffset > offset ? chunk : undefined
    }
    return undefined
  }

  #load(partition: number): PartitionFacts {
    const garbage = this.#environment.view(garbageKey(partition))
    if (garbage && unpackGarbage(garbage) === everything) {
      this.#dropped.add(partition)
      this.#journal.settled(partition)
      return nothing
    }
    const rows = this.#environment.entries({ start: segmentKey(partition, 0), end: segmentKey(partition + 1, 0) })
    return this.#journal.withLoose(partition, factsOf(Array.from(rows, ({ key, value }) => unpackSegment(key, value))))
  }
}

/** A note about garbage: chunks of the partition below this offset may be deleted. */
export function packGarbage(beforeOffset: number): Buffer {
  const row = Buffer.allocUnsafe(8)
  row.writeDoubleBE(beforeOffset)
  return row
}

export const unpackGarbage = (row: Uint8Array): number => Buffer.from(row.buffer, row.byteOffset, row.byteLength).readDoubleBE()
