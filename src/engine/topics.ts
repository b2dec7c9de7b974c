// Topics by name and id: creation, deletion, growth, configs. Every change is durable before it is seen, and changes happen one at a time.
// Does not read or write records; partition.ts does.

import type { Store } from '../../storage/store.ts'
import type { Batch } from '../../storage/tables.ts'
import type { Clock } from '../clock.ts'
import type { Settings } from '../config.ts'
import { partitionsPerTopicMax, topicNameCharsMax } from '../limits.ts'
import type { Random } from '../random.ts'
import { brokerDefaults } from './broker-defaults.ts'
import { EngineError } from './errors.ts'
import type { Partition } from './partition.ts'
import { counterTable, droppedTable, type StreamFacts, type TopicRow, topicTable } from './rows.ts'
import { evenShards, type Shard, splitWidest } from './shards.ts'
import {
  type ActingConfig,
  type BrokerDefaults,
  canonicalOverrides,
  resolveTopicConfig,
  topicConfigResolver,
  validateTopicConfigs,
} from './topic-configs.ts'
import { rowOf, shardOfRow, shardRow } from './topic-row.ts'
import type { Turns } from './turns.ts'

export type { StreamFacts } from './rows.ts'

export interface Topic {
  readonly name: string
  /** URL-safe base64 of 16 bytes, as Kafka prints topic ids. */
  readonly id: string
  readonly createdMs: number
  readonly partitions: readonly Partition[]
  /** Configs set on the topic itself. */
  readonly overrides: ReadonlyMap<string, string>
  /** What acts: overrides, then broker settings, then defaults. */
  readonly config: ActingConfig
  readonly shards: readonly Shard[]
  readonly stream: StreamFacts
}

export interface TopicSpec {
  name: string
  /** Default: num.partitions. */
  partitionCount?: number
  configs?: Readonly<Record<string, string>>
  /** Check everything, create nothing. */
  validateOnly?: boolean
  createdByAws?: boolean
  /** What the AWS door keeps with it. */
  aws?: Readonly<Record<string, unknown>>
}

/** What a reshard makes of a topic. */
export interface Reshard {
  /** All shards from now on. */
  readonly shards: readonly Shard[]
  /** Partitions that they use beyond those there are, numbered on from the last. */
  readonly addedPartitions?: number
  /** Partitions that no open shard uses any more: readable, never written again. */
  readonly retiredPartitions?: readonly number[]
  readonly stream?: StreamFacts
}

/** The overrides that shall be, from those that are. May throw to refuse. */
export type ConfigsChange = (now: ReadonlyMap<string, string>) => ReadonlyMap<string, string>

export interface TopicEvent {
  kind: 'created' | 'deleted' | 'partitions' | 'configs' | 'stream'
  topic: Topic
}

/** What topics need of their surroundings. */
export interface TopicsOptions {
  store: Store
  turns: Turns
  settings: Settings
  clock: Clock
  random: Random
  partition(topic: Topic, index: number, uid: number, retired: boolean): Partition
}

interface MutableTopic extends Topic {
  partitions: Partition[]
  overrides: ReadonlyMap<string, string>
  config: ActingConfig
  shards: readonly Shard[]
  stream: StreamFacts
}

export class Topics {
  #options: TopicsOptions
  #byName = new Map<string, MutableTopic>()
  #byId = new Map<string, MutableTopic>()
  /** Names with '.' and '_' made equal: Kafka refuses two topics whose metrics would collide. */
  #byMetricName = new Map<string, string>()
  #listeners: ((event: TopicEvent) => void)[] = []
  #nextUid = 0
  #defaults: BrokerDefaults

  constructor(options: TopicsOptions) {
    this.#options = options
    this.#defaults = brokerDefaults(options.settings)
  }

  /** Reads the stored topics; once, before anything else. */
  async load(): Promise<void> {
    const { store } = this.#options
    this.#nextUid = (await store.tables.get(counterTable, ['partition-uid'])) ?? 0
    const resolve = topicConfigResolver(this.#defaults)
    for (const { key, row } of await store.tables.list(topicTable)) this.#add(this.#topicOf(String(key[0]), row, resolve))
  }

  get(name: string): Topic | undefined {
    return this.#byName.get(name)
  }

  byId(id: string): Topic | undefined {
    return this.#byId.get(id)
  }

  get count(): number {
    return this.#byName.size
  }

  /** By name. */
  all(): Topic[] {
    return [...this.#byName.values()].sort((a, b) => (a.name < b.name ? -1 : 1))
  }

  onChange(listener: (event: TopicEvent) => void): void {
    this.#listeners.push(listener)
  }

  /** Throws where a topic of this name cannot be created now. */
  checkName(name: string): void {
    const fault = topicNameFault(name)
    if (fault) throw new EngineError('topic-name-invalid', fault)
    if (this.#byName.has(name)) throw new EngineError('topic-exists', `Topic '${name}' already exists.`)
    const twin = this.#byMetricName.get(metricName(name))
    if (twin) throw new EngineError('topic-name-invalid', `Topic '${name}' collides with existing topic: ${twin}`)
  }

  create(spec: TopicSpec): Promise<Topic> {
    return this.#options.turns.take(async () => {
      const { store, settings, clock, random } = this.#options
      this.checkName(spec.name)
      const count = spec.partitionCount ?? settings.get('num.partitions')
      checkPartitionCount(count)
      const wanted = new Map(Object.entries(spec.configs ?? {}))
      this.#checkConfigs(wanted)
      const overrides = canonicalOverrides(wanted)
      const uids = Array.from({ length: count }, (_, index) => this.#nextUid + index)
      const createdMs = clock.now()
      const row: TopicRow = {
        id: newTopicId(random),
        createdMs,
        overrides: Object.fromEntries(overrides),
        partitions: uids.map((uid) => ({ uid, retired: false })),
        shards: evenShards(count, createdMs).map(shardRow),
        stream: { createdByAws: spec.createdByAws ?? false, ...(spec.aws ? { aws: spec.aws } : {}) },
      }
      const topic = this.#topicOf(spec.name, row)
      if (spec.validateOnly) return topic
      await store
        .batch()
        .put(topicTable, [spec.name], row)
        .put(counterTable, ['partition-uid'], this.#nextUid + count)
        .commit()
      this.#nextUid += count
      this.#add(topic)
      this.#tell({ kind: 'created', topic })
      return topic
    })
  }

  /** `id`: only the topic of this id, not another one that has its name by the time that its turn has come. */
  delete(name: string, id?: string): Promise<void> {
    return this.#options.turns.take(async () => {
      const topic = this.#need(name)
      if (id !== undefined && topic.id !== id) throw topicUnknown(name)
      const batch = this.#options.store.batch().delete(topicTable, [name])
      for (const { uid } of topic.partitions) batch.put(droppedTable, [uid], true)
      await batch.commit()
      this.#byName.delete(name)
      this.#byId.delete(topic.id)
      this.#byMetricName.delete(metricName(name))
      this.#tell({ kind: 'deleted', topic })
    })
  }

  /** Grows a topic to `total` partitions; as a stream, its widest shards are split. */
  addPartitions(name: string, total: number, validateOnly = false): Promise<void> {
    return this.#options.turns.take(async () => {
      const topic = this.#need(name)
      const before = topic.partitions.length
      if (total === before) throw new EngineError('partition-count-invalid', `Topic already has ${before} partition(s).`)
      if (total < before)
        throw new EngineError('partition-count-invalid', `The topic ${name} currently has ${before} partition(s); ${total} would not be an increase.`)
      checkPartitionCount(total)
      if (validateOnly) return
      const indexes = Array.from({ length: total - before }, (_, i) => before + i)
      await this.#reshard(topic, (endOffsetOf, nowMs) => ({
        shards: splitWidest(topic.shards, indexes, endOffsetOf, nowMs),
        addedPartitions: indexes.length,
      }))
    })
  }

  /**
   * Changes a topic's shards, in one commit or not at all. `decide` is asked while no append is under way, and is told the durable
   * end of each partition; it may throw to refuse.
   */
  reshard(name: string, decide: (topic: Topic, endOffsetOf: (partition: number) => number, nowMs: number) => Reshard): Promise<void> {
    return this.#options.turns.take(() => {
      const topic = this.#need(name)
      return this.#reshard(topic, (endOffsetOf, nowMs) => decide(topic, endOffsetOf, nowMs))
    })
  }

  async #reshard(topic: MutableTopic, decide: (endOffsetOf: (partition: number) => number, nowMs: number) => Reshard): Promise<void> {
    const { store, clock } = this.#options
    const releases: (() => void)[] = []
    try {
      for (const partition of topic.partitions) releases.push(await partition.hold())
      const change = decide((partition) => topic.partitions[partition]?.endOffset ?? 0, clock.now())
      const { shards, stream, addedPartitions = 0, retiredPartitions: retired = [] } = change
      checkPartitionCount(topic.partitions.length + addedPartitions)
      const addedUids = Array.from({ length: addedPartitions }, (_, i) => this.#nextUid + i)
      await store
        .batch()
        .put(topicTable, [topic.name], rowOf(topic, { shards, stream, addedUids, retired }))
        .put(counterTable, ['partition-uid'], this.#nextUid + addedPartitions)
        .commit()
      this.#nextUid += addedPartitions
      const first = topic.partitions.length
      topic.partitions.push(...addedUids.map((uid, i) => this.#options.partition(topic, first + i, uid, false)))
      for (const index of retired) topic.partitions[index]!.retired = true
      topic.shards = shards
      topic.stream = stream ?? topic.stream
    } finally {
      for (const release of releases) release()
    }
    this.#tell({ kind: 'partitions', topic })
  }

  /** Changes what the AWS door keeps with a topic. The function is given what is there in its turn; it may throw to refuse. */
  alterStream(name: string, change: (now: StreamFacts) => StreamFacts): Promise<void> {
    return this.#options.turns.take(async () => {
      const topic = this.#need(name)
      const stream = change(topic.stream)
      await this.#options.store.batch().put(topicTable, [name], rowOf(topic, { stream })).commit()
      topic.stream = stream
      this.#tell({ kind: 'stream', topic })
    })
  }

  /** Replaces the topic's overrides. A function is given those of its turn, so that changes which add to each other lose nothing. */
  alterConfigs(name: string, change: ReadonlyMap<string, string> | ConfigsChange, validateOnly = false): Promise<void> {
    return this.#options.turns.take(async () => {
      const topic = this.#need(name)
      const wanted = typeof change === 'function' ? change(topic.overrides) : change
      this.#checkConfigs(wanted)
      if (validateOnly) return
      const overrides = canonicalOverrides(wanted)
      await this.#options.store.batch().put(topicTable, [name], rowOf(topic, { overrides })).commit()
      topic.overrides = overrides
      topic.config = resolveTopicConfig(topic.overrides, this.#defaults)
      this.#tell({ kind: 'configs', topic })
    })
  }

  /** A broker setting that topics inherit has changed. */
  refreshConfigs(): void {
    const resolve = topicConfigResolver(this.#defaults)
    for (const topic of this.#byName.values()) {
      topic.config = resolve(topic.overrides)
      this.#tell({ kind: 'configs', topic })
    }
  }

  /** Forgets everything: the store is being cleared. Nothing is appended to what there was from here on. */
  forgetAll(): void {
    const topics = [...this.#byName.values()]
    this.#byName.clear()
    this.#byId.clear()
    this.#byMetricName.clear()
    for (const topic of topics) this.#tell({ kind: 'deleted', topic })
  }

  /** Partition numbers go on after that, so that nothing late can hit a new partition. */
  keepNumbers(batch: Batch): void {
    batch.put(counterTable, ['partition-uid'], this.#nextUid)
  }

  #need(name: string): MutableTopic {
    const topic = this.#byName.get(name)
    if (!topic) throw topicUnknown(name)
    return topic
  }

  #checkConfigs(overrides: ReadonlyMap<string, string>): void {
    const fault = validateTopicConfigs(overrides, this.#defaults)
    if (fault) throw new EngineError('config-invalid', fault)
  }

  #topicOf(name: string, row: TopicRow, resolve = topicConfigResolver(this.#defaults)): MutableTopic {
    const overrides = new Map(Object.entries(row.overrides))
    const topic: MutableTopic = {
      name,
      id: row.id,
      createdMs: row.createdMs,
      partitions: [],
      overrides,
      config: resolve(overrides),
      shards: row.shards.map(shardOfRow),
      stream: row.stream,
    }
    topic.partitions = row.partitions.map(({ uid, retired }, index) => this.#options.partition(topic, index, uid, retired))
    return topic
  }

  #add(topic: MutableTopic): void {
    this.#byName.set(topic.name, topic)
    this.#byId.set(topic.id, topic)
    this.#byMetricName.set(metricName(topic.name), topic.name)
  }

  #tell(event: TopicEvent): void {
    for (const listener of this.#listeners) listener(event)
  }
}

const topicUnknown = (name: string): EngineError => new EngineError('topic-unknown', `This server does not host topic '${name}'.`)

/** What is wrong with a topic's name, in Kafka's words; null where it is legal. */
export function topicNameFault(name: string): string | null {
  if (name === '') return 'Topic name is invalid: the empty string is not allowed'
  if (name === '.' || name === '..') return `Topic name is invalid: '${name}' is not allowed`
  if (name.length > topicNameCharsMax)
    return `Topic name is invalid: the length of '${name}' is longer than the max allowed length ${topicNameCharsMax}`
  if (!/^[a-zA-Z0-9._-]+$/.test(name)) {
    return `Topic name is invalid: '${name}' contains one or more characters other than ASCII alphanumerics, '.', '_' and '-'`
  }
  return null
}

const metricName = (name: string): string => name.replaceAll('.', '_')

function checkPartitionCount(count: number): void {
  if (!Number.isInteger(count) || count < 1) throw new EngineError('partition-count-invalid', 'Number of partitions must be larger than 0.')
  if (count > partitionsPerTopicMax)
    throw new EngineError('partition-count-invalid', `${count} partitions are more than a topic may have (${partitionsPerTopicMax}).`)
}

/** Random, but never one that begins with '-': command-line tools would take it for an option. */
function newTopicId(random: Random): string {
  for (;;) {
    const id = random.bytes(16).toString('base64url')
    if (!id.startsWith('-') && !id.startsWith('AAAAAAAAAAAAAAAAAAAA')) return id
  }
}
