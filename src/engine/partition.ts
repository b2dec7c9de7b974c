// One partition while the broker runs: its bounds, its producers, and the order of appends. Opened on first use.
// Leaves bytes to storage, checks of bytes to protocol/records, reading to reading.ts.
import { noTimestamp } from '../../protocol/records/batch.ts'
import { RecordsRefused } from '../../protocol/records/refusal.ts'
import type { AppendRequest, AppendResult, AppendWaiter, CommitNotice } from '../../storage/log.ts'
import type { Store } from '../../storage/store.ts'
import type { Batch } from '../../storage/tables.ts'
import type { Clock } from '../clock.ts'
import type { Settings } from '../config.ts'
import { asEngineError, EngineError } from './errors.ts'
import type { Duplicate, ProducerFacts } from './producer-state.ts'
import type { Topic } from './topics.ts'
import { WriterState } from './writer-state.ts'

/** What is handed to the log: batches that were checked. */
export interface CheckedBatches {
  bytes: Buffer
  offsetCount: number
  maxTimestampMs: number
  /** Of the one batch that a producer with an id sends; null for others. */
  producer: ProducerFacts | null
  /** The batch belongs to a transaction. */
  transactional: boolean
  /** -1 where the topic keeps the producer's timestamps. */
  logAppendTimeMs: number
}

/** Who waits for an append: told once, in the turn in which it is settled. Must not throw. */
export interface AppendedWaiter {
  /** `logAppendTimeMs` is -1 where the topic keeps the producer's timestamps, but for a batch that was there already: that one's largest timestamp. */
  stored(baseOffset: number, logAppendTimeMs: number): void
  failed(error: unknown): void
}

export interface PartitionSurroundings {
  store: Store
  clock: Clock
  settings: Settings
  /** Told when the last stable offset has moved without an append of its own: a transaction has ended. */
  stable(partition: Partition): void
}

/** An append on its way to the log: what is asked for, and who hears of it, in one object. There are hundreds under way at once, and what a collection finds alive it copies. */
class Underway implements AppendRequest, AppendWaiter {
  readonly partition: number
  readonly bytes: Buffer
  readonly reusable: boolean
  readonly offsetCount: number
  readonly maxTimestampMs: number
  readonly leaderEpoch: number
  readonly #owner: Partition
  readonly #incarnation: number
  readonly #logAppendTimeMs: number
  readonly #waiter: AppendedWaiter

  constructor(owner: Partition, checked: CheckedBatches, reusable: boolean, incarnation: number, waiter: AppendedWaiter) {
    this.partition = owner.uid
    this.bytes = checked.bytes
    this.reusable = reusable
    this.offsetCount = checked.offsetCount
    this.maxTimestampMs = checked.maxTimestampMs
    this.leaderEpoch = owner.leaderEpoch
    this.#owner = owner
    this.#incarnation = incarnation
    this.#logAppendTimeMs = checked.logAppendTimeMs
    this.#waiter = waiter
  }

  stored({ baseOffset }: AppendResult): void {
    this.#owner.appendEnded(null)
    this.#waiter.stored(baseOffset, this.#logAppendTimeMs)
  }

  failed(error: unknown): void {
    this.#owner.appendEnded(this.#incarnation)
    this.#waiter.failed(asEngineError(error))
  }
}

export class Partition {
  readonly topic: Topic
  readonly index: number
  readonly uid: number
  /** This broker is the only leader that a partition has had. */
  readonly leaderEpoch = 0
  /** A stream's merge closed it: readable, never written again. */
  retired: boolean
  startOffset = 0
  /** One past the last durable offset: the high watermark. */
  endOffset = 0
  bytes = 0
  segmentCount = 0
  opened = false
  #surroundings: PartitionSurroundings
  #opening: Promise<void> | null = null
  #writers: WriterState
  /** Counts the times that the stored state was loaded: an append that fails belongs to one of them. */
  #incarnation = 0
  /** A marker was stored while the state was being loaded. */
  #reload = false
  #dropped = false
  /** Appends that are not durable yet. */
  #underWay = 0
  #onSettled: (() => void) | null = null
  #held: Promise<void> | null = null

  constructor(topic: Topic, index: number, uid: number, retired: boolean, surroundings: PartitionSurroundings) {
    this.topic = topic
    this.index = index
    this.uid = uid
    this.retired = retired
    this.#surroundings = surroundings
    this.#writers = WriterState.empty(uid)
  }

  /** Everything before it is decided: no open transaction began earlier. */
  get lastStableOffset(): number {
    return this.#writers.transactions.lastStableOffset(this.endOffset)
  }

  /** Who writes here; valid once opened. */
  get writers(): WriterState {
    return this.#writers
  }

  /** Loads bounds and producers, once. Work depends on what was written since the last snapshot, not on the log's size. */
  open(): Promise<void> {
    if (this.opened) return Promise.resolve()
    if (!this.#opening) {
      this.#opening = this.#load()
      // Before all who wait for it: an append that finds the partition open must not overtake those that found it closed.
      this.#opening.then(
        () => this.#ended(true),
        () => this.#ended(false),
      )
    }
    return this.#opening
  }

  #ended(loaded: boolean): void {
    this.#opening = null
    this.opened = loaded && !this.#reload
  }

  async #load(): Promise<void> {
    const { store, clock } = this.#surroundings
    const { segmentBytes, segmentMs } = this.topic.config
    store.log.setSegmentPolicy(this.uid, { segmentBytes, segmentMs })
    await this.refreshBounds()
    this.#writers = await WriterState.load(store, this.uid, this.startOffset, this.endOffset, clock.now()).catch((error: unknown) => {
      if (!(error instanceof RecordsRefused)) throw error
      throw new EngineError('batch-damaged', `Topic ${this.topic.name}, partition ${this.index}: what is stored is damaged. ${error.message}.`)
    })
    this.#incarnation++
    if (this.#reload) {
      this.#reload = false
      await this.#load()
    }
  }

  #stale(): void {
    this.opened = false
    this.#reload = this.#opening !== null
  }

  /** Takes over the log's word for where the partition begins and ends. */
  async refreshBounds(): Promise<void> {
    const bounds = await this.#surroundings.store.log.bounds(this.uid)
    this.startOffset = bounds.startOffset
    this.endOffset = bounds.endOffset
    this.bytes = bounds.bytes
    this.segmentCount = bounds.segmentCount
  }

  /**
   * Retention, compaction or DeleteRecords took something away. Answers whether the start moved. Asks the log anew: the bounds that it answers such a step with
   * leave out appends that shared the commit and were counted already.
   */
  async shortened(): Promise<boolean> {
    if (!this.opened) return false
    const bounds = await this.#surroundings.store.log.bounds(this.uid)
    const moved = bounds.startOffset > this.startOffset
    this.startOffset = Math.max(this.startOffset, bounds.startOffset)
    this.bytes = bounds.bytes
    this.segmentCount = bounds.segmentCount
    if (moved) this.#writers.transactions.trim(this.startOffset)
    return moved
  }

  committed(notice: CommitNotice): void {
    this.endOffset = notice.endOffset
    this.bytes += notice.bytes
  }

  /** While shards change: settles when appends may go on. Whoever routes by shards waits for it before routing. */
  get held(): Promise<void> | null {
    return this.#held
  }

  /** Lets no append begin until the answer is called. Settles when none is under way: `endOffset` then stands still. */
  async hold(): Promise<() => void> {
    let release = (): void => {}
    const held = new Promise<void>((resolve) => {
      release = resolve
    })
    this.#held = held
    // Before all who wait for it, as in `open`.
    held.then(() => {
      if (this.#held === held) this.#held = null
    })
    try {
      await this.open()
    } catch (error) {
      release()
      throw error
    }
    if (this.#underWay > 0) {
      await new Promise<void>((settled) => {
        this.#onSettled = settled
      })
    }
    return release
  }

  /** The topic was deleted: nothing is appended any more. */
  drop(): void {
    this.#dropped = true
  }

  /**
   * Appends checked batches. Order is the order of calls once the partition is open; the waiter hears of it when they are durable. A batch that this
   * producer sent before is answered with the offset that it got then.
   */
  append(checked: CheckedBatches, reusable: boolean, waiter: AppendedWaiter): void {
    let duplicate: Duplicate | null
    try {
      duplicate = this.#check(checked)
    } catch (refused) {
      waiter.failed(refused)
      return
    }
    const { producer, transactional, logAppendTimeMs, maxTimestampMs } = checked
    if (duplicate) {
      // As Kafka: a batch that is there already is told with its largest timestamp, also where producers set that.
      const timeMs = duplicate.timestampMs === noTimestamp ? maxTimestampMs : duplicate.timestampMs
      Promise.resolve(duplicate.baseOffset).then(
        (baseOffset) => waiter.stored(baseOffset, timeMs),
        (error: unknown) => waiter.failed(error),
      )
    } else if (producer) {
      const pending = new Promise<number>((resolve, reject) => {
        this.#store(checked, reusable, {
          stored: (baseOffset) => {
            resolve(baseOffset)
            waiter.stored(baseOffset, logAppendTimeMs)
          },
          failed: (error) => {
            reject(error)
            waiter.failed(error)
          },
        })
      })
      const tracked = { facts: producer, timestampMs: maxTimestampMs, transactional }
      this.#writers.track(tracked, pending, this.endOffset, this.#surroundings.clock.now())
    } else this.#store(checked, reusable, waiter)
  }

  /** Throws where the batches may not be appended. Answers what they got where they were sent before, else null. */
  #check({ producer, transactional }: CheckedBatches): Duplicate | null {
    if (this.#dropped) throw new EngineError('topic-unknown', `Topic '${this.topic.name}' was deleted.`)
    if (this.retired) {
      throw new EngineError(
        'partition-retired',
        `Partition ${this.index} of '${this.topic.name}' was closed by a shard merge: read it, and produce to the others.`,
      )
    }
    if (!producer) return null
    const verdict = this.#writers.producers.check(producer)
    if (verdict.kind === 'duplicate') return verdict
    // Readers would take it for a part of the transaction, and skip it when that is aborted.
    if (!transactional && this.#writers.transactions.openSince(producer.producerId) !== null) {
      throw new EngineError('transaction-open', `Producer ${producer.producerId} has an open transaction here: its batches must belong to it.`)
    }
    return null
  }

  #store(checked: CheckedBatches, reusable: boolean, waiter: AppendedWaiter): void {
    const { store, clock, settings } = this.#surroundings
    const append = new Underway(this, checked, reusable, this.#incarnation, waiter)
    this.#underWay++
    if (!this.#writers.snapshotDue(checked.bytes.length, checked.producer !== null)) {
      store.log.appendFor(append, append)
      return
    }
    const batch = store.batch().append(append)
    const writers = this.#writers
    writers.addSnapshot(batch, clock.now() - settings.get('producer.id.expiration.ms'))
    batch.commit().then(
      ([result]) => {
        append.stored(result!)
        // Of a producer's batch the state hears by itself.
        if (!checked.producer) writers.settled(result!.baseOffset + checked.offsetCount)
      },
      (error: unknown) => append.failed(error),
    )
  }

  /** An append is durable (null), or one of the incarnation named is not. For those of this partition. */
  appendEnded(failed: number | null): void {
    if (failed !== null) this.#failed(failed)
    if (--this.#underWay > 0) return
    this.#onSettled?.()
    this.#onSettled = null
  }

  /** Whatever was on its way is gone, and with it what the writers were believed to have stored: load again before the next append. */
  #failed(incarnation: number): void {
    if (this.#incarnation === incarnation) this.opened = false
  }

  /**
   * Adds the end of a producer's transaction to a batch of writes: the control batch, made by the caller. Call the answer with the
   * offset that the commit gave it, or with null when the commit failed.
   */
  addMarker(batch: Batch, marker: Marker): (offset: number | null) => void {
    const { clock, settings } = this.#surroundings
    const incarnation = this.#incarnation
    const { producerId, producerEpoch, committed, bytes, timestampMs } = marker
    batch.append({ partition: this.uid, bytes, offsetCount: 1, maxTimestampMs: timestampMs, leaderEpoch: this.leaderEpoch })
    if (this.#writers.snapshotDue(bytes.length, true)) this.#writers.addSnapshot(batch, clock.now() - settings.get('producer.id.expiration.ms'))
    return (offset) => {
      if (offset === null) this.#failed(incarnation)
      // Loaded meanwhile, maybe from before the marker: once more.
      else if (!this.opened || this.#incarnation !== incarnation) this.#stale()
      else this.#writers.markerStored(producerId, producerEpoch, offset, committed, clock.now())
      // The commit was told of before the transaction was over: who reads committed records saw nothing new then.
      if (offset !== null) this.#surroundings.stable(this)
    }
  }
}

/** The end of a transaction in one partition. */
export interface Marker {
  producerId: number
  producerEpoch: number
  committed: boolean
  /** The control batch. */
  bytes: Buffer
  timestampMs: number
}
