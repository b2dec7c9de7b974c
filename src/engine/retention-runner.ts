// When retention runs: by the clock for every topic, and at once for a partition that outgrew its size. What may go is storage's decision.
import type { RetentionPolicy } from '../../storage/log.ts'
import type { Store } from '../../storage/store.ts'
import type { Clock } from '../clock.ts'
import type { Settings } from '../config.ts'
import type { Partition } from './partition.ts'
import { Repeating } from './repeating.ts'
import type { Topic, Topics } from './topics.ts'

/** Partitions looked at before other work gets a turn. */
const partitionsPerSlice = 64

export class RetentionRunner {
  #store: Store
  #topics: Topics
  #clock: Clock
  #moved: (partition: Partition) => void
  #failed: (error: unknown) => void
  readonly #rounds: Repeating
  #running = new Map<Partition, Promise<void>>()
  #closed = false

  constructor(options: {
    store: Store
    topics: Topics
    clock: Clock
    settings: Settings
    moved(partition: Partition): void
    failed(error: unknown): void
  }) {
    this.#store = options.store
    this.#topics = options.topics
    this.#clock = options.clock
    this.#moved = options.moved
    this.#failed = options.failed
    const { clock, settings, failed } = options
    this.#rounds = new Repeating({ clock, intervalMs: () => settings.get('log.retention.check.interval.ms'), work: () => this.checkAll(), failed })
  }

  start(): void {
    this.#rounds.start()
  }

  close(): void {
    this.#closed = true
    this.#rounds.close()
  }

  /** Settles when the steps that were under way at `close` have ended. */
  async idle(): Promise<void> {
    await Promise.allSettled(this.#running.values())
  }

  /** A commit made the partition larger: bytes over the limit by a whole segment go now, not at the next check. */
  grew(partition: Partition): void {
    const { retentionBytes, segmentBytes, cleanupPolicy } = partition.topic.config
    if (retentionBytes < 0 || !cleanupPolicy.delete || partition.bytes < retentionBytes + segmentBytes) return
    if (!this.#closed && !this.#running.has(partition)) this.#run(partition).catch(this.#failed)
  }

  async checkAll(): Promise<void> {
    let looked = 0
    for (const topic of this.#topics.all()) {
      if (!policyOf(topic)) continue
      for (const partition of topic.partitions) {
        if (this.#closed) return
        await this.#run(partition)
        if (++looked % partitionsPerSlice === 0) await new Promise((resolve) => setImmediate(resolve))
      }
    }
  }

  #run(partition: Partition): Promise<void> {
    if (this.#running.has(partition)) return Promise.resolve()
    const run = this.#retain(partition).finally(() => this.#running.delete(partition))
    this.#running.set(partition, run)
    return run
  }

  async #retain(partition: Partition): Promise<void> {
    for (let more = true; more && !this.#closed; ) {
      const policy = policyOf(partition.topic)
      if (!policy || this.#topics.get(partition.topic.name) !== partition.topic) return
      more = (await this.#store.log.retain(partition.uid, policy, this.#clock.now())).more
      if (await partition.shortened()) this.#moved(partition)
    }
  }
}

/** What may be dropped of a topic by age and size; null where nothing may. */
function policyOf(topic: Topic): RetentionPolicy | null {
  const { retentionMs, retentionBytes, cleanupPolicy } = topic.config
  if (!cleanupPolicy.delete || (retentionMs < 0 && retentionBytes < 0)) return null
  return { retentionMs, retentionBytes }
}
