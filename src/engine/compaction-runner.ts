// When compaction runs, and how far it goes at a time: by the clock, the dirtiest partition first, one after the other, in steps that end with one commit
// each and let other work have a turn. What is due is storage/compaction.ts, how a partition is compacted is compaction-pass.ts.
import { type CompactionPlan, planCompaction } from '../../storage/compaction.ts'
import type { Store } from '../../storage/store.ts'
import type { Clock } from '../clock.ts'
import type { Settings } from '../config.ts'
import type { Random } from '../random.ts'
import { CompactionPass } from './compaction-pass.ts'
import { Pace } from './pace.ts'
import type { Partition } from './partition.ts'
import { Repeating } from './repeating.ts'
import { type CompactionRow, compactionTable } from './rows.ts'
import type { Topics } from './topics.ts'

export interface CompactionSurroundings {
  store: Store
  topics: Topics
  clock: Clock
  settings: Settings
  random: Random
  moved(partition: Partition): void
  failed(error: unknown): void
}

/** What compaction did since the start, and what it found when it last looked. */
export interface CompactionFigures {
  /** Of a partition, from its first offset to its last, that came to their end. */
  passes: number
  /** Spent on them and on those that did not. */
  seconds: number
  /** Looked through to be rewritten, and what was stored in its place. */
  readBytes: number
  writtenBytes: number
  recordsKept: number
  recordsRemoved: number
  /** The share of bytes not yet compacted in the dirtiest partition. */
  dirtyRatio: number
  /** Partitions with bytes that cannot be read: left alone until a restart. */
  refusedPartitions: number
}

interface Due {
  partition: Partition
  plan: CompactionPlan
  row: CompactionRow
}

const neverCompacted: CompactionRow = { cleanedTo: 0, horizonMs: null }

export class CompactionRunner {
  readonly #surroundings: CompactionSurroundings
  readonly #rounds: Repeating
  readonly #pace: Pace
  #running: Promise<void> | null = null
  #closed = false
  /** Partitions that could not be compacted: as in Kafka they are left alone until a restart, and the others go on. */
  readonly #refused = new WeakSet<Partition>()
  readonly figures: CompactionFigures = {
    passes: 0,
    seconds: 0,
    readBytes: 0,
    writtenBytes: 0,
    recordsKept: 0,
    recordsRemoved: 0,
    dirtyRatio: 0,
    refusedPartitions: 0,
  }

  constructor(surroundings: CompactionSurroundings) {
    this.#surroundings = surroundings
    const { clock, settings, failed } = surroundings
    this.#pace = new Pace({ clock, bytesPerSecondMax: () => settings.get('log.cleaner.io.max.bytes.per.second') })
    this.#rounds = new Repeating({ clock, intervalMs: () => settings.get('log.cleaner.backoff.ms'), work: () => this.checkAll(), failed })
  }

  start(): void {
    this.#rounds.start()
  }

  close(): void {
    this.#closed = true
    this.#rounds.close()
  }

  /** Settles when the pass that was under way at `close` has ended. */
  async idle(): Promise<void> {
    await this.#running?.catch(() => {})
  }

  /** Compacts whatever is due, and what becomes due meanwhile. */
  checkAll(): Promise<void> {
    this.#running ??= this.#work().finally(() => {
      this.#running = null
    })
    return this.#running
  }

  async #work(): Promise<void> {
    if (!this.#surroundings.settings.get('log.cleaner.enable')) return
    for (;;) {
      const due = await this.#due()
      let progress = false
      for (const one of due) {
        if (this.#closed) return
        if (await this.#compact(one)) progress = true
      }
      if (!progress) return
    }
  }

  /** What is due, dirtiest first. */
  async #due(): Promise<Due[]> {
    const due: Due[] = []
    let dirtyRatio = 0
    let refusedPartitions = 0
    for (const topic of this.#surroundings.topics.all()) {
      if (!topic.config.cleanupPolicy.compact) continue
      for (const partition of topic.partitions) {
        if (this.#closed) return []
        if (this.#refused.has(partition)) {
          refusedPartitions++
          continue
        }
        const found = await this.#look(partition)
        dirtyRatio = Math.max(dirtyRatio, found?.plan.dirtyRatio ?? 0)
        if (found?.plan.due) due.push(found)
      }
    }
    Object.assign(this.figures, { dirtyRatio, refusedPartitions })
    return due.sort((a, b) => b.plan.dirtyRatio - a.plan.dirtyRatio)
  }

  /** What there is to do in a partition, due or not; null for nothing. */
  async #look(partition: Partition): Promise<Due | null> {
    const { store, clock } = this.#surroundings
    await partition.open()
    const { minCleanableDirtyRatio, minCompactionLagMs, maxCompactionLagMs } = partition.topic.config
    // First the offset, then the segments: what lies below it is in both.
    const limitOffset = partition.lastStableOffset
    const segments = await store.log.segments(partition.uid)
    const row = (await store.tables.get(compactionTable, [partition.uid])) ?? neverCompacted
    const policy = { minDirtyRatio: minCleanableDirtyRatio, minLagMs: minCompactionLagMs, maxLagMs: maxCompactionLagMs }
    const plan = planCompaction(segments, row.cleanedTo, limitOffset, policy, clock.now())
    const horizonPassed = row.horizonMs !== null && row.horizonMs <= clock.now()
    if (plan) return { partition, plan: horizonPassed ? { ...plan, due: true } : plan, row }
    // Nothing new, but perhaps tombstones that have been there for long enough.
    if (!horizonPassed) return null
    return { partition, plan: { dirtyFrom: row.cleanedTo, cleanTo: row.cleanedTo, dirtyRatio: 0, due: true }, row }
  }

  /** One pass over a partition. False where it did not come to its end. */
  async #compact({ partition, plan, row }: Due): Promise<boolean> {
    const { topics, failed } = this.#surroundings
    const stopped = (): boolean => this.#closed || topics.get(partition.topic.name) !== partition.topic
    if (stopped()) return false
    const pass = new CompactionPass({ ...this.#surroundings, pace: this.#pace }, partition, plan, row, stopped)
    try {
      const complete = await pass.run()
      if (complete) this.figures.passes++
      return complete
    } catch (error) {
      if (stopped()) return false
      // A full disk passes; bytes that cannot be read do not.
      if (!(error instanceof Error && error.name === 'StorageFull')) this.#refused.add(partition)
      failed(error)
      return false
    } finally {
      this.#count(pass)
    }
  }

  #count({ cleaner, seconds, readBytes, writtenBytes }: CompactionPass): void {
    const { figures } = this
    figures.seconds += seconds
    figures.readBytes += readBytes
    figures.writtenBytes += writtenBytes
    figures.recordsKept += cleaner?.recordsKept ?? 0
    figures.recordsRemoved += (cleaner?.recordsSeen ?? 0) - (cleaner?.recordsKept ?? 0)
  }
}
