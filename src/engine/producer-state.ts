// Idempotent producers of one partition (KIP-98): which sequence numbers were stored, so that a retried batch is answered with
// the offset it got the first time and a gap is refused. As Kafka's ProducerStateManager and ProducerAppendInfo behave.
// Pure but for the maps it keeps; does not touch the log.
import { addSequence, noTimestamp } from '../../protocol/records/batch.ts'
import { EngineError } from './errors.ts'

/** What a batch says of its producer. */
export interface ProducerFacts {
  producerId: number
  producerEpoch: number
  baseSequence: number
  /** Offsets the batch takes; its last sequence is base + count - 1, wrapped. */
  recordCount: number
}

/** One of the last batches of a producer. While `stored` is pending its offset is not known. */
export interface KnownBatch {
  firstSequence: number
  lastSequence: number
  baseOffset: number
  /** Its largest timestamp, as it was stored: the time of its append where the topic stamps that. -1 in rows of earlier versions, which did not keep it. */
  timestampMs: number
}

/** As Kafka: a producer with five requests in flight may retry any of them. */
const batchesKept = 5

interface Pending extends KnownBatch {
  stored: Promise<number> | null
}

interface Producer {
  epoch: number
  lastUsedMs: number
  batches: Pending[]
  /** A transaction of it has ended here. */
  marked: boolean
}

/** A row that survives: [producerId, epoch, lastUsedMs, [firstSequence, lastSequence, baseOffset, timestampMs]…, marked]. */
export type ProducerRow = [producerId: number, epoch: number, lastUsedMs: number, batches: BatchRow[], marked?: boolean]
type BatchRow = [firstSequence: number, lastSequence: number, baseOffset: number, timestampMs?: number]

/** A batch that was sent before: the offset that it has or will have, and its largest timestamp. */
export interface Duplicate {
  kind: 'duplicate'
  baseOffset: Promise<number> | number
  timestampMs: number
}
export type Verdict = { kind: 'append' } | Duplicate

/** The producers that wrote to one partition. */
export class ProducerState {
  #producers = new Map<number, Producer>()

  get size(): number {
    return this.#producers.size
  }

  /** May this batch be appended, or is it a retry? Throws where it is neither. Reads only. */
  check(facts: ProducerFacts): Verdict {
    const producer = this.#producers.get(facts.producerId)
    if (!producer) {
      // State may have expired or gone with DeleteRecords: any first sequence is accepted, as Kafka does since KIP-360.
      return { kind: 'append' }
    }
    if (facts.producerEpoch < producer.epoch) {
      throw new EngineError(
        'producer-epoch-stale',
        `producer ${facts.producerId} has epoch ${producer.epoch} now; a batch with epoch ${facts.producerEpoch} came from an older instance`,
      )
    }
    if (facts.producerEpoch > producer.epoch) {
      if (facts.baseSequence !== 0) throw outOfOrder(facts, `a new epoch starts with sequence 0`)
      return { kind: 'append' }
    }
    const lastSequence = addSequence(facts.baseSequence, facts.recordCount - 1)
    for (const batch of producer.batches) {
      if (batch.firstSequence === facts.baseSequence && batch.lastSequence === lastSequence) {
        return { kind: 'duplicate', baseOffset: batch.stored ?? batch.baseOffset, timestampMs: batch.timestampMs }
      }
    }
    const last = producer.batches.at(-1)
    // Without a batch the epoch came with a marker: nothing was written in it yet.
    const expected = last ? addSequence(last.lastSequence, 1) : 0
    if (facts.baseSequence !== expected) throw outOfOrder(facts, `sequence ${expected} was expected`)
    return { kind: 'append' }
  }

  /** Takes note of a batch that is on its way to the log; `stored` settles with its base offset. */
  begin(facts: ProducerFacts, timestampMs: number, stored: Promise<number>, nowMs: number): void {
    const batch = this.#note(facts, timestampMs, nowMs)
    batch.stored = stored
    stored.then(
      (baseOffset) => {
        batch.baseOffset = baseOffset
        batch.stored = null
      },
      () => {}, // The partition forgets this whole state and loads the stored one again.
    )
  }

  /** Takes note of a batch that was found in the log. */
  replay(facts: ProducerFacts, timestampMs: number, baseOffset: number, nowMs: number): void {
    this.#note(facts, timestampMs, nowMs).baseOffset = baseOffset
  }

  #note(facts: ProducerFacts, timestampMs: number, nowMs: number): Pending {
    let producer = this.#producers.get(facts.producerId)
    if (!producer || facts.producerEpoch > producer.epoch) {
      producer = { epoch: facts.producerEpoch, lastUsedMs: nowMs, batches: [], marked: producer?.marked ?? false }
    }
    // Re-inserted, so that the map's order is the order of last use.
    this.#producers.delete(facts.producerId)
    this.#producers.set(facts.producerId, producer)
    producer.lastUsedMs = nowMs
    const batch = {
      firstSequence: facts.baseSequence,
      lastSequence: addSequence(facts.baseSequence, facts.recordCount - 1),
      baseOffset: -1,
      timestampMs,
      stored: null,
    }
    producer.batches.push(batch)
    if (producer.batches.length > batchesKept) producer.batches.shift()
    return batch
  }

  /** A marker carries the producer's epoch of now: batches of older ones are stale from here on, and a newer epoch starts with sequence 0. */
  mark(producerId: number, epoch: number, nowMs: number): void {
    const producer = this.#producers.get(producerId)
    if (!producer || epoch < producer.epoch) return
    this.#producers.delete(producerId)
    this.#producers.set(producerId, { epoch, lastUsedMs: nowMs, batches: epoch > producer.epoch ? [] : producer.batches, marked: true })
  }

  /** The producer's epoch; null where it is not known. */
  epochOf(producerId: number): number | null {
    return this.#producers.get(producerId)?.epoch ?? null
  }

  /** Producers with their epoch and last sequence, for DescribeProducers. */
  list(): { producerId: number; epoch: number; lastSequence: number; lastUsedMs: number; marked: boolean }[] {
    return [...this.#producers].map(([producerId, { epoch, lastUsedMs, batches, marked }]) => ({
      producerId,
      epoch,
      lastSequence: batches.at(-1)?.lastSequence ?? -1,
      lastUsedMs,
      marked,
    }))
  }

  /** Forgets producers that were last used before `beforeMs` (producer.id.expiration.ms), and the oldest above `countMax`; not those in the middle of something. */
  expire(beforeMs: number, countMax: number, isBusy: (producerId: number) => boolean): void {
    for (const [id, producer] of this.#producers) {
      if (producer.lastUsedMs >= beforeMs && this.#producers.size <= countMax) return
      if (!isBusy(id)) this.#producers.delete(id)
    }
  }

  /** The rows of a snapshot: batches whose offset is known. */
  rows(): ProducerRow[] {
    return [...this.#producers].map(
      ([id, { epoch, lastUsedMs, batches, marked }]): ProducerRow => [
        id,
        epoch,
        lastUsedMs,
        batches.filter((b) => b.stored === null).map((b): BatchRow => [b.firstSequence, b.lastSequence, b.baseOffset, b.timestampMs]),
        marked,
      ],
    )
  }

  static from(rows: readonly ProducerRow[]): ProducerState {
    const state = new ProducerState()
    for (const [id, epoch, lastUsedMs, batches, marked = false] of rows) {
      const known = batches.map(([firstSequence, lastSequence, baseOffset, timestampMs = noTimestamp]) => ({
        firstSequence,
        lastSequence,
        baseOffset,
        timestampMs,
        stored: null,
      }))
      state.#producers.set(id, { epoch, lastUsedMs, batches: known, marked })
    }
    return state
  }
}

function outOfOrder(facts: ProducerFacts, expected: string): EngineError {
  return new EngineError('sequence-out-of-order', `producer ${facts.producerId} sent sequence ${facts.baseSequence}, but ${expected}`)
}
