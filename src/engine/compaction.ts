// What compaction keeps of record batches, as Kafka's Cleaner decides it (KIP-534 for delete horizons, KIP-98 for transactions). Pure over bytes: two
// passes, one that notes where each key was last seen, and one that rewrites chunks in the order of their offsets. When is compaction-runner.ts.
//
// Compared batch by batch with Apache Kafka 4.3.1 over the same histories (keys, tombstones, codecs, lags, aborted and open transactions, idempotent
// producers, segments by size and by time, records without keys). Where it differs:
// - Tombstones and markers whose time is over go at once; Kafka waits until something new makes the partition dirty.
// - Kafka keeps the header of the last batch before the active segment though nothing is left in it; a chunk here knows which offsets it covers.
import {
  baseOffsetOf,
  baseTimestampOf,
  endOffsetOf,
  hasDeleteHorizon,
  isControl,
  isIntact,
  isTransactional,
  maxTimestampOf,
  noTimestamp,
  producerIdOf,
  recordCountOf,
} from '../../protocol/records/batch.ts'
import { RecordCursor } from '../../protocol/records/record.ts'
import { forEachBatch } from '../../protocol/records/run.ts'
import { emptyBatch, rewriteBatch } from './batch-rewrite.ts'
import type { KeyOffsets } from './key-offsets.ts'
import type { AbortedRange } from './partition-transactions.ts'

/** Which records belong to aborted transactions. */
export class AbortedIndex {
  readonly #byProducer = new Map<number, AbortedRange[]>()
  readonly #markers = new Set<number>()

  constructor(ranges: readonly AbortedRange[]) {
    for (const range of ranges) {
      this.#markers.add(range.lastOffset)
      const known = this.#byProducer.get(range.producerId)
      if (known) known.push(range)
      else this.#byProducer.set(range.producerId, [range])
    }
  }

  /** Of a transactional batch. A producer's transactions do not overlap, and the ranges of one are in order. */
  holds(producerId: number, offset: number): boolean {
    const ranges = this.#byProducer.get(producerId)
    if (!ranges) return false
    let low = 0
    let high = ranges.length
    while (low < high) {
      const middle = (low + high) >> 1
      if (ranges[middle]!.lastOffset < offset) low = middle + 1
      else high = middle
    }
    const range = ranges[low]
    return range !== undefined && range.firstOffset <= offset
  }

  /** Readers are still told of the transaction that ends here: they wait for its marker. */
  endsAt(offset: number): boolean {
    return this.#markers.has(offset)
  }
}

/** Notes the keys of a chunk's records from an offset on. Answers the offset of the first record for which there was no room; null when all are noted. */
export function noteKeys(map: KeyOffsets, chunk: Buffer, fromOffset: number, aborted: AbortedIndex, decompressedBytesMax: number): number | null {
  let fullAt: number | null = null
  const cursor = new RecordCursor()
  forEachBatch(chunk, (at) => {
    if (endOffsetOf(chunk, at) <= fromOffset || isControl(chunk, at) || recordCountOf(chunk, at) === 0) return
    if (isTransactional(chunk, at) && aborted.holds(producerIdOf(chunk, at), baseOffsetOf(chunk, at))) return
    cursor.open(chunk, at, decompressedBytesMax)
    while (cursor.next()) {
      if (cursor.keyBytes < 0 || cursor.offset < fromOffset) continue
      if (map.put(cursor.bytes, cursor.keyAt, cursor.keyBytes, cursor.offset)) continue
      fullAt = cursor.offset
      return false
    }
    return
  })
  return fullAt
}

export interface CleanerFacts {
  /** Every key between where the last compaction ended and `mapEndOffset`. */
  map: KeyOffsets
  /** Records from here on stay as they are. */
  mapEndOffset: number
  aborted: AbortedIndex
  /** Base offset of the last batch of each producer that is still known: its header stays. */
  lastBatches: ReadonlyMap<number, number>
  nowMs: number
  deleteRetentionMs: number
  decompressedBytesMax: number
}

/** What is left of a run of batches. */
export interface Cleaned {
  parts: Buffer[]
  bytes: number
  /** Of the records, -1 for none. */
  maxTimestampMs: number
  changed: boolean
}

/** Cleans the chunks of a partition, first to last. */
export class Cleaner {
  readonly #facts: CleanerFacts
  readonly #cursor = new RecordCursor()
  /** Producers of whose running transaction something stays. */
  readonly #withData = new Set<number>()
  #kept = new Uint8Array(1024)
  /** When the first tombstone or marker that stays may go; null for none. */
  nextHorizonMs: number | null = null
  recordsSeen = 0
  recordsKept = 0

  constructor(facts: CleanerFacts) {
    this.#facts = facts
  }

  clean(chunk: Buffer): Cleaned {
    const cleaned: Cleaned = { parts: [], bytes: 0, maxTimestampMs: noTimestamp, changed: false }
    // Batches that stay as they are and follow each other are one part.
    let from = 0
    const flush = (to: number): void => {
      if (to > from) add(cleaned, chunk.subarray(from, to))
    }
    forEachBatch(chunk, (at, end) => {
      const batch = this.#batch(chunk, at)
      if (batch === 'as it is') {
        if (recordCountOf(chunk, at) > 0) cleaned.maxTimestampMs = Math.max(cleaned.maxTimestampMs, maxTimestampOf(chunk, at))
        return
      }
      cleaned.changed = true
      flush(at)
      from = end
      if (batch === null) return
      add(cleaned, batch)
      if (recordCountOf(batch) > 0) cleaned.maxTimestampMs = Math.max(cleaned.maxTimestampMs, maxTimestampOf(batch))
    })
    flush(chunk.length)
    return cleaned
  }

  /** The batch anew, or null where nothing of it stays. */
  #batch(chunk: Buffer, at: number): Buffer | null | 'as it is' {
    this.recordsSeen += recordCountOf(chunk, at)
    const result = isControl(chunk, at) ? this.#marker(chunk, at) : this.#data(chunk, at)
    if (result === 'as it is') this.recordsKept += recordCountOf(chunk, at)
    else if (result !== null) this.recordsKept += recordCountOf(result)
    return result
  }

  #data(chunk: Buffer, at: number): Buffer | null | 'as it is' {
    const { mapEndOffset, aborted } = this.#facts
    const baseOffset = baseOffsetOf(chunk, at)
    const producerId = producerIdOf(chunk, at)
    const transactional = isTransactional(chunk, at)
    let result: Buffer | null | 'as it is'
    if (baseOffset >= mapEndOffset) result = 'as it is'
    else if (transactional && aborted.holds(producerId, baseOffset)) result = this.#emptied(chunk, at)
    else result = this.#records(chunk, at)
    if (transactional && result !== null) this.#withData.add(producerId)
    return result
  }

  #records(chunk: Buffer, at: number): Buffer | null | 'as it is' {
    const { map, mapEndOffset, nowMs, deleteRetentionMs, decompressedBytesMax } = this.#facts
    const count = recordCountOf(chunk, at)
    if (count === 0) return this.#emptied(chunk, at)
    if (count > this.#kept.length) this.#kept = new Uint8Array(count * 2)
    const kept = this.#kept
    const known = hasDeleteHorizon(chunk, at) ? baseTimestampOf(chunk, at) : null
    const cursor = this.#cursor.open(chunk, at, decompressedBytesMax)
    let keptCount = 0
    let tombstones = 0
    /** Some of them will go when their time comes, without anything new. */
    let passing = false
    for (let i = 0; cursor.next(); i++) {
      const keep = cursor.offset >= mapEndOffset || this.#staysAs(cursor, map, known !== null && known <= nowMs)
      kept[i] = keep ? 1 : 0
      if (!keep) continue
      keptCount++
      if (cursor.valueBytes >= 0) continue
      tombstones++
      if (cursor.offset < mapEndOffset) passing = true
    }
    if (keptCount === 0) return this.#emptied(chunk, at)
    const horizonMs = tombstones > 0 && known === null ? nowMs + deleteRetentionMs : null
    if (passing) this.#noteHorizon(known ?? nowMs + deleteRetentionMs)
    if (keptCount === count && horizonMs === null) return 'as it is'
    return this.#rewritten(chunk, at, horizonMs)
  }

  /** The last of its key, and not a tombstone whose time is over. Records without a key, from before the topic was compacted, go, as in Kafka. */
  #staysAs(cursor: RecordCursor, map: KeyOffsets, horizonPassed: boolean): boolean {
    if (cursor.keyBytes < 0) return false
    if (cursor.valueBytes < 0 && horizonPassed) return false
    return map.get(cursor.bytes, cursor.keyAt, cursor.keyBytes) <= cursor.offset
  }

  /**
   * A transaction's end. It stays while something of the transaction does, and then for as long as a tombstone: a reader that has seen the records may still
   * need it. It also waits until readers are no longer told that the transaction was aborted: without a marker they would skip the producer's next one.
   */
  #marker(chunk: Buffer, at: number): Buffer | null | 'as it is' {
    const { mapEndOffset, aborted, nowMs, deleteRetentionMs } = this.#facts
    const offset = baseOffsetOf(chunk, at)
    const hadData = this.#withData.delete(producerIdOf(chunk, at))
    if (hadData || offset >= mapEndOffset) return 'as it is'
    if (recordCountOf(chunk, at) === 0) return this.#emptied(chunk, at)
    const known = hasDeleteHorizon(chunk, at) ? baseTimestampOf(chunk, at) : null
    if (known !== null && known <= nowMs && !aborted.endsAt(offset)) return this.#emptied(chunk, at)
    this.#noteHorizon(known ?? nowMs + deleteRetentionMs)
    if (known !== null) return 'as it is'
    this.#kept[0] = 1
    return this.#rewritten(chunk, at, nowMs + deleteRetentionMs)
  }

  /** What is kept in a batch of its own. A damaged one stays as it is: it would get a checksum that holds, and nobody would see any more that its bytes are wrong. */
  #rewritten(chunk: Buffer, at: number, horizonMs: number | null): Buffer | 'as it is' {
    if (!isIntact(chunk, at)) return 'as it is'
    return rewriteBatch(chunk, at, this.#kept, horizonMs, this.#facts.decompressedBytesMax)
  }

  /** The batch without records: gone, unless it is the last that its producer sent. */
  #emptied(chunk: Buffer, at: number): Buffer | null | 'as it is' {
    if (this.#facts.lastBatches.get(producerIdOf(chunk, at)) !== baseOffsetOf(chunk, at)) return null
    return recordCountOf(chunk, at) === 0 ? 'as it is' : emptyBatch(chunk, at)
  }

  #noteHorizon(horizonMs: number): void {
    if (this.nextHorizonMs === null || horizonMs < this.nextHorizonMs) this.nextHorizonMs = horizonMs
  }
}

function add(cleaned: Cleaned, part: Buffer): void {
  cleaned.parts.push(part)
  cleaned.bytes += part.length
}
