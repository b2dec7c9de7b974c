// When compaction runs, and how far it goes at a time: by the clock, the dirtiest partition first, one after the other, in steps that end with one commit
// each and let other work have a turn. What is due is storage/compaction.ts, how a partition is compacted is compaction-pass.ts.
import { type CompactionPlan, planCompaction } from '../../storage/compaction.ts'
import type { Store } from '../../storage/store.ts'
import type { Clock, Timer } from '../clock.ts'
import type { Settings } from '../config.ts'
import type { Random } from '../random.ts'
import { CompactionPass } from './compaction-pass.ts'
import type { Partition } from './partition.ts'
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

interface Due {
  partition: Partition
  plan: CompactionPlan
  row: CompactionRow
}

const neverCompacted: CompactionRow = { cleanedTo: 0, horizonMs: null }

export class CompactionRunner {
  readonly #surroundings: CompactionSurroundings
  #timer: Timer | null = null
  #running: Promise<void> | null = null
  #closed = false
  /** Partitions that could not be compacted: as in Kafka they are left alone until a restart, and the others go on. */
  readonly #refused = new WeakSet<Partition>()

  constructor(surroundings: CompactionSurroundings) {
    this.#surroundings = surroundings
  }

  start(): void {
    const { clock, settings, failed } = this.#surroundings
    this.#timer = clock.at(clock.now() + Math.max(1, settings.get('log.cleaner.backoff.ms')), () => {
      this.checkAll()
        .catch(failed)
        .finally(() => {
          if (!this.#closed) this.start()
        })
    })
  }

  close(): void {
    this.#closed = true
    this.#timer?.cancel()
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
    for (const topic of this.#surroundings.topics.all()) {
      if (!topic.config.cleanupPolicy.compact) continue
      for (const partition of topic.partitions) {
        if (this.#closed) return []
        if (this.#refused.has(partition)) continue
        const found = await this.#look(partition)
        if (found) due.push(found)
      }
    }
    return due.sort((a, b) => b.plan.dirtyRatio - a.plan.dirtyRatio)
  }

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
    if (plan && (plan.due || horizonPassed)) return { partition, plan, row }
    if (!horizonPassed) return null
    // Nothing new, but tombstones that have been there for long enough.
    return { partition, plan: { dirtyFrom: row.cleanedTo, cleanTo: row.cleanedTo, dirtyRatio: 0, due: true }, row }
  }

  /** One pass over a partition. False where it did not come to its end. */
  async #compact({ partition, plan, row }: Due): Promise<boolean> {
    const { topics, failed } = this.#surroundings
    const stopped = (): boolean => this.#closed || topics.get(partition.topic.name) !== partition.topic
    if (stopped()) return false
    try {
      return await new CompactionPass(this.#surroundings, partition, plan, row, stopped).run()
    } catch (error) {
      if (stopped()) return false
      // A full disk passes; bytes that cannot be read do not.
      if (!(error instanceof Error && error.name === 'StorageFull')) this.#refused.add(partition)
      failed(error)
      return false
    }
  }
}
