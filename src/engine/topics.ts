// Topics by name and id: creation, deletion, growth, configs. Every change is durable before it is seen, and changes happen one at a time.
// Does not read or write records; partition.ts does.

import type { Store } from '../../storage/store.ts'
import type { Clock } from '../clock.ts'
import type { Settings } from '../config.ts'
import { partitionsPerTopicMax, topicNameCharsMax } from '../limits.ts'
import type { Random } from '../random.ts'
import { brokerDefaults } from './broker-defaults.ts'
import { EngineError } from './errors.ts'
import type { Partition } from './partition.ts'
import { counterTable, droppedTable, producerTable, type ShardRow, type StreamFacts, type TopicRow, topicTable } from './rows.ts'
import { evenShards, type Shard, splitWidest } from './shards.ts'
import { type ActingConfig, type BrokerDefaults, canonicalOverrides, resolveTopicConfig, validateTopicConfigs } from './topic-configs.ts'

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
}

/** The overrides that shall be, from those that are. May throw to refuse. */
export type ConfigsChange = (now: ReadonlyMap<string, string>) => ReadonlyMap<string, string>

export interface TopicEvent {
  kind: 'created' | 'deleted' | 'partitions' | 'configs'
  topic: Topic
}

/** What topics need of their surroundings. */
export interface TopicsOptions {
  store: Store
  settings: Settings
  clock: Clock
  random: Random
  partition(topic: Topic, index: number, uid: number, retired: boolean): Partition
  /** The durable end of a partition, for the shard that ends there. */
  endOffsetOf(partition: Partition): Promise<number>
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
  #changes: Promise<unknown> = Promise.resolve()
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
    for (const { key, row } of await store.tables.list(topicTable)) this.#add(this.#topicOf(String(key[0]), row))
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
    return this.#change(async () => {
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
        stream: { createdByAws: spec.createdByAws ?? false },
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

  delete(name: string): Promise<void> {
    return this.#change(async () => {
      const topic = this.#need(name)
      const batch = this.#options.store.batch().delete(topicTable, [name])
      for (const { uid } of topic.partitions) batch.put(droppedTable, [uid], true).delete(producerTable, [uid])
      await batch.commit()
      this.#byName.delete(name)
      this.#byId.delete(topic.id)
      this.#byMetricName.delete(metricName(name))
      this.#tell({ kind: 'deleted', topic })
    })
  }

  /** Grows a topic to `total` partitions; as a stream, its widest shards are split. */
  addPartitions(name: string, total: number, validateOnly = false): Promise<void> {
    return this.#change(async () => {
      const topic = this.#need(name)
      const before = topic.partitions.length
      if (total === before) throw new EngineError('partition-count-invalid', `Topic already has ${before} partition(s).`)
      if (total < before)
        throw new EngineError('partition-count-invalid', `The topic ${name} currently has ${before} partition(s); ${total} would not be an increase.`)
      checkPartitionCount(total)
      if (validateOnly) return
      const { store, clock } = this.#options
      const added = Array.from({ length: total - before }, (_, i) => ({ index: before + i, uid: this.#nextUid + i }))
      const ends = new Map<number, number>()
      for (const partition of topic.partitions) ends.set(partition.index, await this.#options.endOffsetOf(partition))
      const indexes = added.map(({ index }) => index)
      const shards = splitWidest(topic.shards, indexes, (partition) => ends.get(partition) ?? 0, clock.now())
      const row = rowOf(topic, { shards })
      row.partitions.push(...added.map(({ uid }) => ({ uid, retired: false })))
      await store
        .batch()
        .put(topicTable, [name], row)
        .put(counterTable, ['partition-uid'], this.#nextUid + added.length)
        .commit()
      this.#nextUid += added.length
      topic.partitions.push(...added.map(({ index, uid }) => this.#options.partition(topic, index, uid, false)))
      topic.shards = shards
      this.#tell({ kind: 'partitions', topic })
    })
  }

  /** Replaces the topic's overrides. A function is given those of its turn, so that changes which add to each other lose nothing. */
  alterConfigs(name: string, change: ReadonlyMap<string, string> | ConfigsChange, validateOnly = false): Promise<void> {
    return this.#change(async () => {
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
    for (const topic of this.#byName.values()) {
      topic.config = resolveTopicConfig(topic.overrides, this.#defaults)
      this.#tell({ kind: 'configs', topic })
    }
  }

  /** Forgets everything, after the store was cleared. Partition numbers go on, so that nothing late can hit a new partition. */
  async forgetAll(): Promise<void> {
    await this.#change(async () => {
      const topics = [...this.#byName.values()]
      this.#byName.clear()
      this.#byId.clear()
      this.#byMetricName.clear()
      await this.#options.store.batch().put(counterTable, ['partition-uid'], this.#nextUid).commit()
      for (const topic of topics) this.#tell({ kind: 'deleted', topic })
    })
  }

  #need(name: string): MutableTopic {
    const topic = this.#byName.get(name)
    if (!topic) throw new EngineError('topic-unknown', `This server does not host topic '${name}'.`)
    return topic
  }

  #checkConfigs(overrides: ReadonlyMap<string, string>): void {
    const fault = validateTopicConfigs(overrides, this.#defaults)
    if (fault) throw new EngineError('config-invalid', fault)
  }

  #topicOf(name: string, row: TopicRow): MutableTopic {
    const overrides = new Map(Object.entries(row.overrides))
    const topic: MutableTopic = {
      name,
      id: row.id,
      createdMs: row.createdMs,
      partitions: [],
      overrides,
      config: resolveTopicConfig(overrides, this.#defaults),
      shards: row.shards.map((shard) => ({ ...shard, hashStart: BigInt(shard.hashStart), hashEnd: BigInt(shard.hashEnd) })),
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

  /** One change after the other; a refused one does not stop the next. */
  #change<Result>(action: () => Promise<Result>): Promise<Result> {
    const result = this.#changes.then(action)
    this.#changes = result.catch(() => {})
    return result
  }
}

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

function shardRow(shard: Shard): ShardRow {
  return { ...shard, hashStart: String(shard.hashStart), hashEnd: String(shard.hashEnd) }
}

function rowOf(topic: Topic, changed: { shards?: readonly Shard[]; overrides?: ReadonlyMap<string, string> }): TopicRow {
  return {
    id: topic.id,
    createdMs: topic.createdMs,
    overrides: Object.fromEntries(changed.overrides ?? topic.overrides),
    partitions: topic.partitions.map(({ uid, retired }) => ({ uid, retired })),
    shards: (changed.shards ?? topic.shards).map(shardRow),
    stream: topic.stream,
  }
}
