// Small appends between their commit and their chunk. A chunk of its own for each would make LMDB copy a page of the tree for every partition that a commit touches:
// eight bytes written for one that was sent. So the small appends of a commit, of all partitions, are one value, the entry, in LMDB or in the journal file; here is what
// is in the entries, in memory too. When enough of a partition has come together it is settled: joined into one chunk of the log. An entry whose pieces are all settled is deleted, oldest first.
// Which partitions are settled when is commit-plan.ts's decision; what a start finds is put together with the stored rows by partition-book.ts.
import { BufferPool } from './buffer-pool.ts'
import { Fifo } from './fifo.ts'
import { contentAt, entryBytesOf, packEntry, unpackEntry } from './journal-entry.ts'
import type { FoundSlot } from './journal-slot.ts'
import { journalRange, journalSequence } from './keys.ts'
import type { LmdbEnvironment } from './lmdb-environment.ts'
import type { Chunk } from './log.ts'
import { Piece } from './piece.ts'
import { type PartitionFacts, withChunk } from './segments.ts'
import { StoreUnusable } from './store.ts'

/** An entry that is stored. */
export interface Journaled {
  readonly sequence: number
  readonly nowMs: number
  /** What it takes in memory, about. */
  readonly bytes: number
  readonly pieces: readonly Piece[]
  /** Pieces that are not settled. */
  live: number
  /** Its bytes; null when no piece is left in it. */
  value: Buffer | null
  /** Its memory is not the pool's, or somebody was given a view of it: it is not used again. */
  lent: boolean
  /** It is in the journal file, not in LMDB. */
  readonly filed: boolean
}

/** An entry that a commit is about to store. */
export interface NewEntry {
  readonly sequence: number
  readonly value: Buffer
  readonly nowMs: number
  readonly pieces: readonly Piece[]
  readonly droppedCount: number
}

/** What a partition has in the journal: always its end, within its active segment. */
interface Loose {
  /** The facts without it: what the stored rows say. Null until they were read after a start. */
  stored: PartitionFacts | null
  pieces: Piece[]
  bytes: number
}

/** A piece weighs its bytes and what is kept in memory to find them. */
const pieceOverheadBytes = 256
const pooledBytesMax = 8 * 1024 * 1024
const noPieces: readonly Piece[] = []

export class Journal {
  /** Memory of entries, and of chunks that are put together from them. */
  readonly pool = new BufferPool(pooledBytesMax)
  readonly #byPartition = new Map<number, Loose>()
  /** Entries from the first one that is not wholly settled. */
  readonly #entries = new Fifo<Journaled>()
  /** Partitions of which enough has come together for a chunk. */
  readonly ripe = new Set<number>()
  readonly #ripeBytes: number
  #bytes = 0
  /** Entries before those, which are still in LMDB. */
  readonly #spent = new Fifo<number>()
  /** That of the next entry. */
  nextSequence = 0

  constructor(ripeBytes: number) {
    this.#ripeBytes = ripeBytes
  }

  /** What the last process left, in LMDB and in the journal file. Entries below `floor` are void. Throws StoreUnusable. */
  static load(environment: LmdbEnvironment, ripeBytes: number, floor = 0, filed: readonly FoundSlot[] = []): Journal {
    const journal = new Journal(ripeBytes)
    journal.nextSequence = floor
    const found: { sequence: number; value: Buffer; filed: boolean }[] = filed.map(({ sequence, value }) => ({ sequence, value, filed: true }))
    for (const key of Array.from(environment.keys(journalRange))) {
      const sequence = journalSequence(key)
      if (sequence < floor) journal.#spent.push(sequence)
      else found.push({ sequence, value: environment.copy(key)!, filed: false })
    }
    found.sort((one, other) => one.sequence - other.sequence)
    for (const [i, entry] of found.entries()) {
      // Without entries in the file nothing was said of the first ones that LMDB deleted.
      const expected = i > 0 || filed.length > 0 ? journal.nextSequence : entry.sequence
      if (entry.sequence !== expected)
        throw new StoreUnusable(`${environment.directory} is damaged: entry ${expected} of its journal is missing, and ${entry.sequence} is there`)
      journal.#recover(entry.sequence, entry.value, entry.filed)
    }
    return journal
  }

  /** Where a piece lies is known once the stored rows of its partition were read. */
  #recover(sequence: number, value: Buffer, filed: boolean): void {
    const { nowMs, parts, dropped } = unpackEntry(value)
    for (const partition of dropped) this.settled(partition)
    const pieces = parts.map(({ partition, baseOffset, offsetCount, maxTimestampMs, runs, bytes }) => {
      const facts = { baseOffset, endOffset: baseOffset + offsetCount, position: 0, maxTimestampMs, runningMaxTimestampMs: -1 }
      return new Piece(partition, facts, runs, bytes, false, false)
    })
    const entry = this.#begin(sequence, nowMs, value, pieces, true, filed)
    let at = contentAt(pieces.length, dropped.length)
    for (const piece of pieces) {
      piece.keptIn(entry, at)
      at += piece.bytes
      this.#looseOf(piece.partition).pieces.push(piece)
    }
  }

  /** Memory that is held, about. */
  get bytes(): number {
    return this.#bytes
  }

  /** Everything below this entry is settled, durably. */
  get floor(): number {
    return this.#entries.at(0)?.sequence ?? this.nextSequence
  }

  /** Partitions of which something is here. */
  get partitions(): number[] {
    return [...this.#byPartition.keys()]
  }

  /** What a partition has here, in order of offset. */
  pieces(partition: number): readonly Piece[] {
    return this.#byPartition.get(partition)?.pieces ?? noPieces
  }

  bytesOf(partition: number): number {
    return this.#byPartition.get(partition)?.bytes ?? 0
  }

  /** The facts that the stored rows give, without what is here; undefined where nothing is. */
  storedFacts(partition: number): PartitionFacts | undefined {
    return this.#byPartition.get(partition)?.stored ?? undefined
  }

  /** The piece that holds an offset. */
  holding(partition: number, offset: number): Piece | undefined {
    const pieces = this.pieces(partition)
    const piece = pieces[indexHolding(pieces, offset)]
    return piece && piece.baseOffset <= offset ? piece : undefined
  }

  /** Adds pieces from the one that holds an offset on, while they stay within `bytesMax`; the first of an answer is always given. */
  read(partition: number, fromOffset: number, bytesMax: number, taken: Chunk[]): void {
    const pieces = this.pieces(partition)
    let left = bytesMax
    for (let i = indexHolding(pieces, fromOffset); i < pieces.length; i++) {
      const piece = pieces[i]!
      const { baseOffset, endOffset } = piece
      left -= piece.bytes
      if (taken.length > 0 && left < 0) return
      // Who has a view of it may keep it for as long as it likes.
      piece.entry!.lent = true
      taken.push({ baseOffset, endOffset, bytes: piece.view })
    }
  }

  /** The facts with what is here, on top of what the stored rows say. Those were read first after a start: what was settled before is let go. */
  withLoose(partition: number, stored: PartitionFacts): PartitionFacts {
    const loose = this.#byPartition.get(partition)
    if (!loose) return stored
    if (!loose.stored) this.#place(loose, stored)
    let facts = stored
    // A commit under way may have settled them already, or cleared everything: then they do not follow.
    for (const piece of loose.pieces) if (piece.baseOffset === facts.endOffset) facts = following(facts, piece).facts
    return facts
  }

  #place(loose: Loose, stored: PartitionFacts): void {
    loose.stored = stored
    const found = loose.pieces
    loose.pieces = []
    let facts = stored
    for (const piece of found) {
      if (piece.baseOffset !== facts.endOffset) {
        piece.entry!.live--
        continue
      }
      const next = following(facts, piece)
      facts = next.facts
      piece.position = next.chunk.position
      piece.runningMaxTimestampMs = next.chunk.runningMaxTimestampMs
      loose.pieces.push(piece)
      loose.bytes += piece.bytes
    }
    this.#spend()
  }

  /** Pieces that are here longest, oldest first. */
  *oldest(): Iterable<Piece> {
    for (let i = 0; i < this.#entries.length; i++) {
      const { live, pieces } = this.#entries.at(i)!
      if (live === 0) continue
      for (const piece of pieces) if (this.#isHere(piece)) yield piece
    }
  }

  /** Of a partition what is oldest is settled first: newer pieces may still be here. */
  #isHere({ partition, baseOffset }: Piece): boolean {
    const first = this.#byPartition.get(partition)?.pieces[0]
    return first !== undefined && first.baseOffset <= baseOffset
  }

  /** The entry of a commit that is being made. It counts when it is `added`. */
  entryOf(nowMs: number, pieces: readonly Piece[], dropped: readonly number[]): NewEntry {
    const value = this.pool.take(entryBytesOf(pieces, dropped))
    packEntry(value, nowMs, pieces, dropped)
    return { sequence: this.nextSequence, value, nowMs, pieces, droppedCount: dropped.length }
  }

  /** An entry is durable, in the journal file or in LMDB. `storedFacts` are those that the rows of a piece's partition have. */
  added({ sequence, value, nowMs, pieces, droppedCount }: NewEntry, filed: boolean, storedFacts: (partition: number) => PartitionFacts): void {
    const entry = this.#begin(sequence, nowMs, value, pieces, false, filed)
    let at = contentAt(pieces.length, droppedCount)
    for (const piece of pieces) {
      const loose = this.#looseOf(piece.partition)
      loose.stored ??= storedFacts(piece.partition)
      piece.keptIn(entry, at)
      at += piece.bytes
      loose.pieces.push(piece)
      loose.bytes += piece.bytes
      if (loose.bytes >= this.#ripeBytes) this.ripe.add(piece.partition)
    }
    this.#spend()
  }

  /** Nothing of the partition is to be found here any more: it is in chunks now, or was dropped. */
  settled(partition: number): void {
    const loose = this.#byPartition.get(partition)
    if (!loose) return
    this.#byPartition.delete(partition)
    this.ripe.delete(partition)
    this.#letGo(loose.pieces)
  }

  /** What came before some pieces is in chunks now, and the rows say `stored`. Those pieces follow it, and perhaps one that is on its way here. */
  settledTo(partition: number, stored: PartitionFacts): void {
    const loose = this.#looseOf(partition)
    const count = indexHolding(loose.pieces, stored.endOffset)
    const gone = count === loose.pieces.length ? loose.pieces : loose.pieces.slice(0, count)
    loose.pieces = loose.pieces.slice(count)
    loose.stored = stored
    for (const { bytes } of gone) loose.bytes -= bytes
    if (loose.bytes < this.#ripeBytes) this.ripe.delete(partition)
    this.#letGo(gone)
  }

  #letGo(pieces: readonly Piece[]): void {
    for (const { entry } of pieces) {
      if (--entry!.live > 0) continue
      if (!entry!.lent) this.pool.give(entry!.value!)
      entry!.value = null
    }
    this.#spend()
  }

  /** Entries in LMDB that hold nothing any more, oldest first. */
  spentSequences(countMax: number): number[] {
    return Array.from({ length: Math.min(countMax, this.#spent.length) }, (_, i) => this.#spent.at(i)!)
  }

  /** The first `count` of them are deleted. */
  deleted(count: number): void {
    for (let i = 0; i < count; i++) this.#spent.shift()
  }

  clear(): void {
    this.#byPartition.clear()
    this.ripe.clear()
    this.#entries.clear()
    this.#spent.clear()
    this.#bytes = 0
  }

  #begin(sequence: number, nowMs: number, value: Buffer, pieces: readonly Piece[], lent: boolean, filed: boolean): Journaled {
    const bytes = value.length + pieceOverheadBytes * (1 + pieces.length)
    const entry: Journaled = { sequence, nowMs, bytes, pieces, live: pieces.length, value, lent, filed }
    this.nextSequence = sequence + 1
    this.#entries.push(entry)
    this.#bytes += bytes
    return entry
  }

  /** In order, so that a note about a drop outlives what it makes void. */
  #spend(): void {
    while (this.#entries.at(0)?.live === 0) {
      const entry = this.#entries.shift()!
      this.#bytes -= entry.bytes
      if (!entry.filed) this.#spent.push(entry.sequence)
    }
  }

  #looseOf(partition: number): Loose {
    let loose = this.#byPartition.get(partition)
    if (!loose) this.#byPartition.set(partition, (loose = { stored: null, pieces: [], bytes: 0 }))
    return loose
  }
}

/** A piece here never opens a segment behind another one: only the very first of a partition. */
const following = (facts: PartitionFacts, piece: Piece) => withChunk(facts, piece, facts.active === null, piece.entry!.nowMs)

/** The first piece that ends after an offset. */
function indexHolding(pieces: readonly Piece[], offset: number): number {
  let low = 0
  let high = pieces.length
  while (low < high) {
    const middle = (low + high) >> 1
    if (pieces[middle]!.endOffset <= offset) low = middle + 1
    else high = middle
  }
  return low
}
