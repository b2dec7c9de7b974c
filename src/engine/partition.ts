// One partition while the broker runs: its bounds, its producers, and the order of appends. Opened on first use.
// Leaves bytes to storage, checks of bytes to protocol/records, reading to reading.ts.
import { baseSequenceOf, endOffsetOf, isControl, producerEpochOf, producerIdOf, recordCountOf } from '../../protocol/records/batch.ts'
import { forEachBatch } from '../../protocol/records/run.ts'
import type { AppendResult, CommitNotice } from '../../storage/log.ts'
import { StorageFull, type Store } from '../../storage/store.ts'
import type { Clock } from '../clock.ts'
import type { Settings } from '../config.ts'
import { producersPerPartitionMax } from '../limits.ts'
import { EngineError } from './errors.ts'
import { type ProducerFacts, ProducerState } from './producer-state.ts'
import { producerTable } from './rows.ts'
import type { Topic } from './topics.ts'

/** A snapshot of the producers is stored with every so many batches or bytes: that much is read again when the partition is opened. */
const snapshotBatches = 64
const snapshotBytes = 8 * 1024 * 1024

/** What is handed to the log: batches that were checked. */
export interface CheckedBatches {
  bytes: Buffer
  offsetCount: number
  maxTimestampMs: number
  /** Of the one batch that a producer with an id sends; null for others. */
  producer: ProducerFacts | null
  /** The batch belongs to a transaction. */
  transactional: boolean
}

export interface PartitionSurroundings {
  store: Store
  clock: Clock
  settings: Settings
}

export class Partition {
  readonly topic: Topic
  readonly index: number
  readonly uid: number
  /** This broker is the only leader that a partition has had. */
  readonly leaderEpoch = 0
  /** A stream's merge closed it: readable, never written again. */
  readonly retired: boolean
  startOffset = 0
  /** One past the last durable offset: the high watermark. */
  endOffset = 0
  bytes = 0
  segmentCount = 0
  opened = false
  #surroundings: PartitionSurroundings
  #opening: Promise<void> | null = null
  #producers = new ProducerState()
  #batchesSinceSnapshot = 0
  #bytesSinceSnapshot = 0
  /** Counts the times that the stored state was loaded: an append that fails belongs to one of them. */
  #incarnation = 0
  /** Up to here the producers' state has every batch with its offset. */
  #settledEnd = 0
  #dropped = false

  constructor(topic: Topic, index: number, uid: number, retired: boolean, surroundings: PartitionSurroundings) {
    this.topic = topic
    this.index = index
    this.uid = uid
    this.retired = retired
    this.#surroundings = surroundings
  }

  /** Everything before it is decided. Without open transactions that is everything durable. */
  get lastStableOffset(): number {
    return this.endOffset
  }

  get producerCount(): number {
    return this.#producers.size
  }

  /** Loads bounds and producers, once. Work depends on what was written since the last snapshot, not on the log's size. */
  open(): Promise<void> {
    if (this.opened) return Promise.resolve()
    this.#opening ??= this.#load().finally(() => {
      this.#opening = null
    })
    return this.#opening
  }

  async #load(): Promise<void> {
    const { store } = this.#surroundings
    const { segmentBytes, segmentMs } = this.topic.config
    store.log.setSegmentPolicy(this.uid, { segmentBytes, segmentMs })
    await this.refreshBounds()
    const snapshot = await store.tables.get(producerTable, [this.uid])
    this.#producers = ProducerState.from(snapshot?.producers ?? [])
    await this.#replayProducers(Math.max(snapshot?.endOffset ?? 0, this.startOffset))
    this.#settledEnd = this.endOffset
    this.#incarnation++
    this.opened = true
  }

  async #replayProducers(fromOffset: number): Promise<void> {
    const { store, clock } = this.#surroundings
    for (let offset = fromOffset; offset < this.endOffset; ) {
      const [result] = await store.log.read([{ partition: this.uid, fromOffset: offset, bytesMax: snapshotBytes }])
      if (!result?.chunks.length) return
      for (const chunk of result.chunks) {
        offset = chunk.endOffset
        forEachBatch(chunk.bytes, (at) => {
          const facts = producerFactsOf(chunk.bytes, at)
          if (facts && !isControl(chunk.bytes, at)) this.#producers.replay(facts, endOffsetOf(chunk.bytes, at) - facts.recordCount, clock.now())
        })
      }
    }
  }

  /** Takes over the log's word for where the partition begins and ends. */
  async refreshBounds(): Promise<void> {
    const bounds = await this.#surroundings.store.log.bounds(this.uid)
    this.startOffset = bounds.startOffset
    this.endOffset = bounds.endOffset
    this.bytes = bounds.bytes
    this.segmentCount = bounds.segmentCount
  }

  committed(notice: CommitNotice): void {
    this.endOffset = notice.endOffset
    this.bytes += notice.bytes
  }

  /** The topic was deleted: nothing is appended any more. */
  drop(): void {
    this.#dropped = true
  }

  /**
   * Appends checked batches. Order is the order of calls once the partition is open; settles when durable. A batch that this
   * producer sent before is answered with the offset that it got then.
   */
  append(checked: CheckedBatches): Promise<number> {
    if (this.#dropped) return Promise.reject(new EngineError('topic-unknown', `Topic '${this.topic.name}' was deleted.`))
    if (this.retired) {
      return Promise.reject(
        new EngineError(
          'partition-retired',
          `Partition ${this.index} of '${this.topic.name}' was closed by a shard merge: read it, and produce to the others.`,
        ),
      )
    }
    const { producer } = checked
    if (!producer) return this.#store(checked)
    try {
      const verdict = this.#producers.check(producer)
      if (verdict.kind === 'duplicate') return Promise.resolve(verdict.baseOffset)
    } catch (refused) {
      return Promise.reject(refused)
    }
    const stored = this.#store(checked)
    this.#producers.begin(producer, stored, this.#surroundings.clock.now())
    // After the producers' own note of the offset, so that a snapshot up to here never misses a batch.
    stored.then(
      (baseOffset) => {
        this.#settledEnd = baseOffset + checked.offsetCount
      },
      () => {},
    )
    return stored
  }

  async #store({ bytes, offsetCount, maxTimestampMs, producer }: CheckedBatches): Promise<number> {
    const { store } = this.#surroundings
    const incarnation = this.#incarnation
    const request = { partition: this.uid, bytes, offsetCount, maxTimestampMs, leaderEpoch: this.leaderEpoch }
    try {
      const snapshot = producer ? this.#snapshotDue(bytes.length) : null
      let result: AppendResult | undefined
      if (snapshot) [result] = await store.batch().put(producerTable, [this.uid], snapshot).append(request).commit()
      else result = await store.log.append(request)
      return result!.baseOffset
    } catch (error) {
      // Whatever was on its way is gone, and with it what the producers were believed to have stored: load again before the next append.
      if (this.#incarnation === incarnation) this.opened = false
      throw asEngineError(error)
    }
  }

  /** Now and then the producers' state up to the last settled batch: what is on its way is found in the log. */
  #snapshotDue(bytes: number): { endOffset: number; producers: ReturnType<ProducerState['rows']> } | null {
    this.#batchesSinceSnapshot++
    this.#bytesSinceSnapshot += bytes
    if (this.#batchesSinceSnapshot < snapshotBatches && this.#bytesSinceSnapshot < snapshotBytes) return null
    this.#batchesSinceSnapshot = 0
    this.#bytesSinceSnapshot = 0
    const { clock, settings } = this.#surroundings
    this.#producers.expire(clock.now() - settings.get('producer.id.expiration.ms'), producersPerPartitionMax)
    return { endOffset: this.#settledEnd, producers: this.#producers.rows() }
  }
}

/** What the batch at `at` says of its producer; null where it has none. */
export function producerFactsOf(bytes: Buffer, at = 0): ProducerFacts | null {
  const producerId = producerIdOf(bytes, at)
  if (producerId < 0) return null
  return { producerId, producerEpoch: producerEpochOf(bytes, at), baseSequence: baseSequenceOf(bytes, at), recordCount: recordCountOf(bytes, at) }
}

export function asEngineError(error: unknown): unknown {
  if (error instanceof StorageFull) return new EngineError('storage-full', `The disk is full: ${error.message}`)
  if (error instanceof Error && error.name === 'StoreFailed') return new EngineError('storage-failed', error.message)
  return error
}
