// The engine: what both doors call. Topics, partitions, records; no wire formats, no sockets.
// The parts are in the files beside this one; here is how they meet.
import { stampBatches } from '../../protocol/records/run.ts'
import type { CommitNotice } from '../../storage/log.ts'
import type { Store } from '../../storage/store.ts'
import type { Clock } from '../clock.ts'
import type { Settings } from '../config.ts'
import type { Counters } from '../counters.ts'
import type { Random } from '../random.ts'
import { type CheckOptions, checkBatches } from './checking.ts'
import { ClientQuotas } from './client-quotas.ts'
import { type CompactionFigures, CompactionRunner } from './compaction-runner.ts'
import { asEngineError, EngineError } from './errors.ts'
import { FeatureLevels } from './features.ts'
import { type AppendedWaiter, type CheckedBatches, Partition } from './partition.ts'
import { ProducerIds } from './producer-ids.ts'
import {
  type FetchOptions,
  type FetchRequest,
  type FetchResult,
  type FoundOffset,
  findMaxTimestamp,
  findOffsetForTime,
  readPartitions,
} from './reading.ts'
import { ResourceConfigs } from './resource-configs.ts'
import { RetentionRunner } from './retention-runner.ts'
import { abortedTable, compactionTable, droppedTable, identityTable, producerTable } from './rows.ts'
import { type Topic, type TopicEvent, Topics } from './topics.ts'
import { Turns } from './turns.ts'
import { Unpacking, unpackingJob, waitsInLine } from './unpacking.ts'
import { Waiters } from './waiters.ts'

export interface EngineOptions {
  store: Store
  settings: Settings
  clock: Clock
  random: Random
  /** Counts what topics take in and give out, whichever door asks. */
  counters?: Counters
  /** Told of background work that failed: retention, compaction, freeing space. */
  onBackgroundError?: (error: unknown) => void
  /** Told once of each place at which reads find that what is stored is damaged. */
  onDamage?: (place: DamagedPlace) => void
}

/** Where somebody read in vain: the topic's partition from that offset on, and what was found there. */
export interface DamagedPlace {
  topic: string
  partition: number
  offset: number
  damage: string
}

export type { CheckOptions as AppendOptions } from './checking.ts'

export interface Appended {
  baseOffset: number
  /** -1 where the topic keeps the producer's timestamps. */
  logAppendTimeMs: number
  startOffset: number
}

/** How the store writes an offset into batches; given to it by whoever opens it. */
export const stamp = (bytes: Buffer, baseOffset: number, leaderEpoch: number): void => {
  stampBatches(bytes, baseOffset, leaderEpoch)
}

/** What the store is known by, made on its first start. */
async function identity(store: Store, name: 'cluster-id' | 'directory-id', random: Random): Promise<string> {
  const stored = await store.tables.get(identityTable, [name])
  if (stored) return stored
  const made = random.bytes(16).toString('base64url')
  await store.batch().put(identityTable, [name], made).commit()
  return made
}

export class Engine {
  readonly store: Store
  readonly topics: Topics
  readonly waiters: Waiters
  readonly settings: Settings
  /** Configs of brokers, groups and client metrics that were set while running. */
  readonly configs: ResourceConfigs
  readonly quotas: ClientQuotas
  readonly features: FeatureLevels
  readonly clusterId: string
  /** The data directory's own id: with the node's it names a voter of the metadata quorum. */
  readonly directoryId: string
  readonly nodeId: number
  /** Of changes to topics, configs, quotas and features, and of a reset, which ends them all. */
  readonly #turns: Turns
  #clock: Clock
  #retention: RetentionRunner
  #compaction: CompactionRunner
  #byUid = new Map<number, Partition>()
  readonly #unpacking = new Unpacking<Partition>()
  readonly #producerIds: ProducerIds
  #background: (error: unknown) => void
  #onDamage: (place: DamagedPlace) => void
  /** By partition: the offset of the damage that was told of last. */
  readonly #damageTold = new WeakMap<Partition, number>()
  readonly #counters: Counters | null
  readonly #resetListeners: (() => unknown)[] = []

  private constructor(options: EngineOptions, ids: { clusterId: string; directoryId: string }, configs: ResourceConfigs, turns: Turns) {
    const { store, settings, clock, random } = options
    this.store = store
    this.settings = settings
    this.configs = configs
    this.#turns = turns
    this.quotas = new ClientQuotas(store, turns)
    this.features = new FeatureLevels(store, turns)
    this.#producerIds = new ProducerIds(store, turns)
    this.clusterId = ids.clusterId
    this.directoryId = ids.directoryId
    this.nodeId = settings.get('node.id')
    this.#clock = clock
    this.#background = options.onBackgroundError ?? (() => {})
    this.#onDamage = options.onDamage ?? (() => {})
    this.#counters = options.counters ?? null
    this.waiters = new Waiters(clock)
    this.topics = new Topics({
      store,
      turns,
      settings,
      clock,
      random,
      partition: (topic, index, uid, retired) => this.#partition(topic, index, uid, retired),
    })
    const moved = (partition: Partition): void => this.waiters.moved(partition)
    const surroundings = { store, topics: this.topics, clock, settings, moved, failed: this.#background }
    this.#retention = new RetentionRunner(surroundings)
    this.#compaction = new CompactionRunner({ ...surroundings, random })
  }

  /** Reads what was stored and starts background work. */
  static async start(options: EngineOptions): Promise<Engine> {
    const { store, random } = options
    const clusterId = await identity(store, 'cluster-id', random)
    const directoryId = await identity(store, 'directory-id', random)
    const turns = new Turns()
    const configs = new ResourceConfigs(store, options.settings, turns)
    await configs.load()
    const engine = new Engine(options, { clusterId, directoryId }, configs, turns)
    await engine.quotas.load()
    await engine.features.load()
    await engine.#producerIds.load()
    await engine.topics.load()
    // Topics inherit from the broker's settings.
    configs.onChange(({ resource }) => {
      if (resource === 'broker' || resource === 'broker-default') engine.topics.refreshConfigs()
    })
    engine.topics.onChange((event) => engine.#topicChanged(event))
    store.log.onCommit((notices) => {
      for (const notice of notices) {
        const partition = engine.#byUid.get(notice.partition)
        if (!partition) continue
        engine.#countCommitted(partition, notice)
        partition.committed(notice)
        engine.waiters.moved(partition)
        engine.#retention.grew(partition)
      }
    })
    engine.#retention.start()
    engine.#compaction.start()
    engine.#freeDropped().catch(engine.#background)
    return engine
  }

  /** Makes bounds valid. Cheap for partitions that are open. */
  async open(partitions: readonly Partition[]): Promise<void> {
    for (const partition of partitions) if (!partition.opened) await partition.open()
  }

  /**
   * Appends the record batches that a producer sent to one partition. The bytes are stamped in place and belong to the engine from
   * here on. Order is fixed at the call; settles when durable.
   */
  append(partition: Partition, batches: Buffer, options: CheckOptions = {}): Promise<Appended> {
    return new Promise((resolve, failed) => {
      const stored = (baseOffset: number, logAppendTimeMs: number): void =>
        resolve({ baseOffset, logAppendTimeMs, startOffset: partition.startOffset })
      this.appendFor(partition, batches, options, { stored, failed })
    })
  }

  /** The same without a promise, for those who append by the hundred. */
  appendFor(partition: Partition, batches: Buffer, options: CheckOptions, waiter: AppendedWaiter): void {
    const job = unpackingJob(batches, partition.topic.config, options)
    if (job || (this.#unpacking.has(partition) && waitsInLine(batches, options))) {
      this.#unpacking.add(partition, job, (unpacked) => this.#appendInTurn(partition, batches, unpacked ? { ...options, unpacked } : options, waiter))
    } else this.#appendInTurn(partition, batches, options, waiter)
  }

  #appendInTurn(partition: Partition, batches: Buffer, options: CheckOptions, waiter: AppendedWaiter): void {
    const notYet = partition.held ?? (partition.opened ? null : partition.open())
    if (notYet) {
      notYet.then(
        () => this.#appendInTurn(partition, batches, options, waiter),
        (error: unknown) => waiter.failed(error),
      )
      return
    }
    let checked: CheckedBatches
    try {
      checked = checkBatches(batches, partition.topic.config, this.#clock.now(), options)
    } catch (refused) {
      waiter.failed(refused)
      return
    }
    partition.append(checked, options.reusable === true, waiter)
  }

  /** Whole batches for each request, in order. Nothing waits; park on `waiters` for more. */
  async read(requests: readonly FetchRequest[], options: FetchOptions): Promise<FetchResult[]> {
    for (const { partition } of requests) if (!partition.opened) await partition.open()
    const results = await readPartitions(this.store.log, requests, options)
    for (const [i, { bytes, damage }] of results.entries()) {
      if (bytes > 0) this.#countRead(requests[i]!.partition, bytes)
      else if (damage !== undefined) this.#damaged(requests[i]!, damage)
    }
    return results
  }

  /**
   * The same of one partition for those who look into the records, believing only batches whose checksums hold: throws `batch-damaged` where the first one's does
   * not, and gives what comes before one behind it.
   */
  async readIntact(request: FetchRequest, options: FetchOptions): Promise<FetchResult> {
    const [result] = await this.read([request], { ...options, intact: true })
    const { error, damage } = result!
    if (error !== 'batch-damaged') return result!
    const { partition, fromOffset } = request
    throw new EngineError(
      error,
      `What is stored of topic ${partition.topic.name}, partition ${partition.index}, from offset ${fromOffset} on is damaged: ${damage}.`,
    )
  }

  #countRead({ topic }: Partition, bytes: number): void {
    if (this.#counters) this.#counters.topic(topic.name).bytesOut += bytes
  }

  /** Whoever reads there comes again and again: once is enough for the log. */
  #damaged({ partition, fromOffset }: FetchRequest, damage: string): void {
    if (this.#counters) this.#counters.damagedReads++
    if (this.#damageTold.get(partition) === fromOffset) return
    this.#damageTold.set(partition, fromOffset)
    this.#onDamage({ topic: partition.topic.name, partition: partition.index, offset: fromOffset, damage })
  }

  #countCommitted(partition: Partition, notice: CommitNotice): void {
    const counts = this.#counters?.topic(partition.topic.name)
    if (!counts) return
    counts.recordsIn += notice.endOffset - partition.endOffset
    counts.bytesIn += notice.bytes
  }

  /** The first record at or after the time, by the record's own timestamp; null for none. */
  async offsetForTime(partition: Partition, timestampMs: number, committedOnly = false): Promise<FoundOffset | null> {
    await partition.open()
    return findOffsetForTime(this.store.log, partition, timestampMs, committedOnly ? partition.lastStableOffset : partition.endOffset)
  }

  /** The first record with the largest timestamp; null in an empty partition. */
  async offsetOfMaxTimestamp(partition: Partition): Promise<FoundOffset | null> {
    await partition.open()
    return findMaxTimestamp(this.store.log, partition)
  }

  /** Drops records before an offset, -1 for all. Answers the new start offset. */
  async deleteRecords(partition: Partition, beforeOffset: number): Promise<number> {
    await partition.open()
    const before = beforeOffset === -1 ? partition.endOffset : beforeOffset
    if (before < 0 || before > partition.endOffset) {
      throw new EngineError('offset-out-of-range', `Offset ${beforeOffset} is not within 0 and the high watermark ${partition.endOffset}.`)
    }
    if (before > partition.startOffset) {
      await this.store.log.trim(partition.uid, before).catch((error: unknown) => {
        throw asEngineError(error)
      })
      if (await partition.shortened()) this.waiters.moved(partition)
    }
    // The log has moved it, also where a failed append has made the partition forget its bounds meanwhile.
    return Math.max(partition.startOffset, before)
  }

  /** A producer id that nobody had before, with its first epoch. */
  async newProducerId(): Promise<{ producerId: number; producerEpoch: number }> {
    return { producerId: await this.#producerIds.next(), producerEpoch: 0 }
  }

  /** Runs retention over everything now. */
  checkRetention(): Promise<void> {
    return this.#retention.checkAll()
  }

  /** Compacts what is due now. */
  checkCompaction(): Promise<void> {
    return this.#compaction.checkAll()
  }

  /** What compaction has done so far. */
  get compactionFigures(): CompactionFigures {
    return this.#compaction.figures
  }

  /** Drops every topic and record, fast; ids and partition numbers are not used again. */
  async reset(): Promise<void> {
    await this.#turns.take(async () => {
      // Before the store is cleared: what is on its way goes with it, and nothing comes behind.
      this.configs.forgetAll()
      this.quotas.forgetAll()
      this.features.forgetAll()
      this.topics.forgetAll()
      await this.store.clear()
      const batch = this.store.batch().put(identityTable, ['cluster-id'], this.clusterId).put(identityTable, ['directory-id'], this.directoryId)
      this.#producerIds.keep(batch)
      this.topics.keepNumbers(batch)
      await batch.commit()
    })
    await Promise.all(this.#resetListeners.map((listener) => listener()))
  }

  /** Called by reset() when the store is empty: to forget what came from it, and to store again what outlives a reset. */
  onReset(listener: () => unknown): void {
    this.#resetListeners.push(listener)
  }

  /** Stops background work and wakes who waits. The store stays open: its owner closes it. */
  close(): void {
    this.#closed = true
    this.#retention.close()
    this.#compaction.close()
    this.waiters.close()
  }

  /** Settles when the work that `close` called off has come to rest: the store can be closed then. */
  async idle(): Promise<void> {
    await Promise.all([this.#freeing, this.#retention.idle(), this.#compaction.idle()])
  }

  #partition(topic: Topic, index: number, uid: number, retired: boolean): Partition {
    const stable = (partition: Partition): void => this.waiters.moved(partition)
    const partition = new Partition(topic, index, uid, retired, { store: this.store, clock: this.#clock, settings: this.settings, stable })
    this.#byUid.set(uid, partition)
    return partition
  }

  #topicChanged({ kind, topic }: TopicEvent): void {
    if (kind === 'configs') {
      const { segmentBytes, segmentMs } = topic.config
      for (const partition of topic.partitions) this.store.log.setSegmentPolicy(partition.uid, { segmentBytes, segmentMs })
    }
    if (kind !== 'deleted') return
    for (const partition of topic.partitions) {
      partition.drop()
      this.#byUid.delete(partition.uid)
      this.waiters.dropped(partition)
    }
    this.#freeDropped().catch(this.#background)
  }

  #freeing: Promise<void> = Promise.resolve()
  #closed = false

  /** Gives back the space of deleted topics, also of those that a crash left behind. */
  #freeDropped(): Promise<void> {
    this.#freeing = this.#freeing.then(async () => {
      if (this.#closed) return
      for (const { key } of await this.store.tables.list(droppedTable)) {
        // What is left is found again at the next start.
        if (this.#closed) return
        await this.store.log.drop(Number(key[0]))
        // From here on nothing can be stored for the partition any more.
        const batch = this.store.batch().delete(droppedTable, key).delete(producerTable, key).delete(compactionTable, key)
        for (const { key: aborted } of await this.store.tables.list(abortedTable, key)) batch.delete(abortedTable, aborted)
        await batch.commit()
      }
    })
    const freeing = this.#freeing
    this.#freeing = freeing.catch(() => {})
    return freeing
  }
}
