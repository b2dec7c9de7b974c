// What one partition knows of those who write to it: idempotent producers and transactions. Kept in memory, stored now and then as a
// snapshot, brought up to date from the log when the partition is opened: the work depends on what was written since, not on the log's size.
import {
  attributeControl,
  attributesOf,
  attributeTransactional,
  baseOffsetOf,
  baseSequenceOf,
  lastOffsetDeltaOf,
  maxTimestampOf,
  producerEpochOf,
  producerIdOf,
} from '../../protocol/records/batch.ts'
import { readControl } from '../../protocol/records/control.ts'
import { forEachBatch } from '../../protocol/records/run.ts'
import type { ReadMemory } from '../../storage/log.ts'
import type { Store } from '../../storage/store.ts'
import type { Batch } from '../../storage/tables.ts'
import { producersPerPartitionMax } from '../limits.ts'
import { type AbortedRange, PartitionTransactions } from './partition-transactions.ts'
import { type ProducerFacts, ProducerState } from './producer-state.ts'
import { abortedTable, producerTable } from './rows.ts'

/** A snapshot is stored with every so many batches of producers, and with every so many bytes of whomever: about twice that is read again when the partition is opened. */
const snapshotBatches = 64
// Each is a commit of its own among small writes: at a quarter of this they took a twelfth of the appends that a processor manages.
const snapshotBytes = 64 * 1024 * 1024
/** Read at a time, into memory that stays in the processor's caches: fresh memory for all of it cost five times as much as looking at it. */
const replayBytes = 512 * 1024

/** A batch on its way to the log. */
interface TrackedBatch {
  facts: ProducerFacts
  /** The largest of its records' times. */
  timestampMs: number
  transactional: boolean
}

export class WriterState {
  readonly producers: ProducerState
  readonly transactions: PartitionTransactions
  #uid: number
  #batchesSinceSnapshot = 0
  #bytesSinceSnapshot = 0
  /** Up to here every batch is in the state with its offset. */
  #settledEnd: number

  private constructor(uid: number, producers: ProducerState, transactions: PartitionTransactions, settledEnd: number) {
    this.#uid = uid
    this.producers = producers
    this.transactions = transactions
    this.#settledEnd = settledEnd
  }

  static empty(uid: number): WriterState {
    return new WriterState(uid, new ProducerState(), new PartitionTransactions(), 0)
  }

  /** The state at the durable end. */
  static async load(store: Store, uid: number, startOffset: number, endOffset: number, nowMs: number): Promise<WriterState> {
    const snapshot = await store.tables.get(producerTable, [uid])
    const aborted: AbortedRange[] = (await store.tables.list(abortedTable, [uid])).map(({ key, row: [producerId, firstOffset] }) => ({
      producerId,
      firstOffset,
      lastOffset: Number(key[1]),
    }))
    const transactions = PartitionTransactions.from(snapshot?.open ?? [], aborted)
    transactions.trim(startOffset)
    const state = new WriterState(uid, ProducerState.from(snapshot?.producers ?? []), transactions, endOffset)
    let offset = Math.max(snapshot?.endOffset ?? 0, startOffset)
    const memory = new Scratch()
    while (offset < endOffset) {
      memory.useAgain()
      const [result] = await store.log.read([{ partition: uid, fromOffset: offset, bytesMax: replayBytes }], memory)
      if (!result?.chunks.length) break
      for (const chunk of result.chunks) {
        const from = offset
        forEachBatch(chunk.bytes, (at) => {
          if (baseOffsetOf(chunk.bytes, at) >= from) state.#replay(chunk.bytes, at, nowMs)
        })
        offset = chunk.endOffset
      }
    }
    return state
  }

  #replay(bytes: Buffer, at: number, nowMs: number): void {
    const facts = producerFactsOf(bytes, at)
    if (!facts) return
    const offset = baseOffsetOf(bytes, at)
    const attributes = attributesOf(bytes, at)
    if (attributes & attributeControl) {
      this.producers.mark(facts.producerId, facts.producerEpoch, nowMs)
      const committed = readControl(bytes, at)?.committed ?? null
      if (committed !== null) this.transactions.end(facts.producerId, offset, committed)
      return
    }
    if (facts.baseSequence >= 0) this.producers.replay(facts, maxTimestampOf(bytes, at), offset, nowMs)
    if (attributes & attributeTransactional) {
      if (this.transactions.begin(facts.producerId, offset, maxTimestampOf(bytes, at))) this.transactions.opened(facts.producerId, offset)
    }
  }

  /** Follows an append until it is stored. `atLeast` is the durable end. */
  track({ facts, timestampMs, transactional }: TrackedBatch, stored: Promise<number>, atLeast: number, nowMs: number): void {
    this.producers.begin(facts, timestampMs, stored, nowMs)
    const opens = transactional && this.transactions.begin(facts.producerId, atLeast, nowMs)
    stored.then(
      (baseOffset) => {
        if (opens) this.transactions.opened(facts.producerId, baseOffset)
        this.settled(baseOffset + facts.recordCount)
      },
      () => {}, // The partition drops this whole state and loads the stored one again.
    )
  }

  /** A control batch is stored: the transaction is over. */
  markerStored(producerId: number, producerEpoch: number, offset: number, committed: boolean, nowMs: number): void {
    this.producers.mark(producerId, producerEpoch, nowMs)
    this.transactions.end(producerId, offset, committed)
    this.settled(offset + 1)
  }

  settled(endOffset: number): void {
    if (endOffset > this.#settledEnd) this.#settledEnd = endOffset
  }

  /** Is it time to store a snapshot with the next append of `bytes`, of a producer or not? */
  snapshotDue(bytes: number, ofProducer: boolean): boolean {
    if (ofProducer) this.#batchesSinceSnapshot++
    this.#bytesSinceSnapshot += bytes
    return this.#batchesSinceSnapshot >= snapshotBatches || this.#bytesSinceSnapshot >= snapshotBytes
  }

  /** Adds the state up to the last settled batch to a batch of writes; what is on its way is found in the log. */
  addSnapshot(batch: Batch, expireBeforeMs: number): void {
    this.#batchesSinceSnapshot = 0
    this.#bytesSinceSnapshot = 0
    this.producers.expire(expireBeforeMs, producersPerPartitionMax, (producerId) => this.transactions.openSince(producerId) !== null)
    const endOffset = this.#settledEnd
    batch.put(producerTable, [this.#uid], { endOffset, producers: this.producers.rows(), open: this.transactions.rows() })
    for (const { producerId, firstOffset, lastOffset } of this.transactions.takeUnstored(endOffset)) {
      batch.put(abortedTable, [this.#uid, lastOffset], [producerId, firstOffset])
    }
    for (const lastOffset of this.transactions.takeTrimmed()) batch.delete(abortedTable, [this.#uid, lastOffset])
  }
}

/** Memory for one read after the other, as large as they need it. */
class Scratch implements ReadMemory {
  #memory: Buffer | null = null
  #at = 0

  /** Nobody looks at what was taken so far. */
  useAgain(): void {
    this.#at = 0
  }

  take(bytes: number): Buffer {
    const have = this.#memory?.length ?? 0
    if (!this.#memory || this.#at + bytes > have) {
      this.#memory = Buffer.allocUnsafeSlow(Math.max(bytes, Math.min(2 * have, replayBytes)))
      this.#at = 0
    }
    this.#at += bytes
    return this.#memory.subarray(this.#at - bytes, this.#at)
  }
}

/** What the batch at `at` says of its producer; null where it has none. Counts the records that it was sent with, also those that compaction took. */
export function producerFactsOf(bytes: Buffer, at = 0): ProducerFacts | null {
  const producerId = producerIdOf(bytes, at)
  if (producerId < 0) return null
  return {
    producerId,
    producerEpoch: producerEpochOf(bytes, at),
    baseSequence: baseSequenceOf(bytes, at),
    recordCount: lastOffsetDeltaOf(bytes, at) + 1,
  }
}
