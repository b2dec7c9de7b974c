// Topics as streams: which ones are visible, how requests name them, what state they are in. Every legal stream name is a stream.
// Records are put.ts's and read.ts's.
import { table } from '../../storage/tables.ts'
import type { Clock } from '../clock.ts'
import type { Settings } from '../config.ts'
import type { Engine } from '../engine/engine.ts'
import type { Topic } from '../engine/topics.ts'
import { type AwsError, inUse, invalidArgument, notFound } from './aws-error.ts'
import { type ShardMap, shardMapOf } from './shard-map.ts'
import { type AwsFacts, factsOf, withFacts } from './stream-facts.ts'

export type StreamStatus = 'CREATING' | 'DELETING' | 'ACTIVE' | 'UPDATING'

export interface Stream {
  readonly name: string
  readonly arn: string
  readonly status: StreamStatus
  /** It is being created, or was when it was deleted: it has no shards to show. */
  readonly unmade: boolean
  readonly topic: Topic
  /** As they are now, also after a reshard. */
  readonly shards: ShardMap
  /** As they are now. */
  readonly facts: AwsFacts
}

/** How a request names its stream; the id is reserved by AWS and says nothing. */
export interface StreamReference {
  readonly streamName?: string | undefined
  readonly streamARN?: string | undefined
  readonly streamId?: string | undefined
}

/** Key: [topic id]. When a stream that is DELETING is gone, in milliseconds since the epoch. */
const deletingTable = table<number>('kinesis-deleting')

const legalName = /^[a-zA-Z0-9_.-]{1,128}$/
/** Kafka's own topics, which nobody meant as streams. */
const internalTopics = new Set(['__consumer_offsets', '__transaction_state', '__share_group_state', '__cluster_metadata'])
const arnParts = /^arn:aws[^:]*:kinesis:([^:]*):(\d{12}):stream\/([a-zA-Z0-9_.-]{1,128})$/

export class Streams {
  readonly account: string
  readonly region: string
  readonly #arnStart: string
  readonly #engine: Engine
  readonly #settings: Settings
  readonly #clock: Clock
  /** Streams that are being deleted, by topic id, and when they are gone. */
  readonly #deleting = new Map<string, number>()
  readonly #spread = new Map<string, number>()

  constructor(engine: Engine, settings: Settings, clock: Clock) {
    this.#engine = engine
    this.#settings = settings
    this.#clock = clock
    this.account = settings.get('aws.account.id')
    this.region = settings.get('aws.region')
    const partition = this.region.startsWith('cn-') ? 'aws-cn' : this.region.startsWith('us-gov-') ? 'aws-us-gov' : 'aws'
    this.#arnStart = `arn:${partition}:kinesis:${this.region}:${this.account}:`
    engine.topics.onChange(({ kind, topic }) => {
      if (kind !== 'deleted') return
      this.#deleting.delete(topic.id)
      this.#spread.delete(topic.id)
    })
  }

  /** The ARN of something of this account: `stream/orders`. */
  arnOf(resource: string): string {
    return this.#arnStart + resource
  }

  /** Every stream, by name. */
  all(): Stream[] {
    return this.#engine.topics
      .all()
      .filter(({ name }) => isStreamName(name))
      .map((topic) => this.#streamOf(topic))
  }

  byName(name: string): Stream | undefined {
    const topic = isStreamName(name) ? this.#engine.topics.get(name) : undefined
    return topic && this.#streamOf(topic)
  }

  /** The stream that a request names. Refuses with ResourceNotFoundException, or `missing` where the operation words it otherwise. */
  find(reference: StreamReference, missing: (name: string, account: string) => AwsError = streamNotFound): Stream {
    const { name, account, region } = this.nameIn(reference)
    const isHere = account === this.account && region === this.region
    const stream = isHere ? this.byName(name) : undefined
    if (stream) return stream
    const error = missing(name, account)
    if (!isHere) error.hint = `the ARN is of another account or region: aws.account.id is ${this.account} and aws.region is ${this.region} here`
    throw error
  }

  /** A stream whose records can be put and read: one that is being created or deleted is not there yet, or any more. */
  serving(reference: StreamReference, missing: (name: string, account: string) => AwsError = streamNotFound): Stream {
    const stream = this.find(reference, missing)
    if (stream.status === 'CREATING' || stream.status === 'DELETING') throw missing(stream.name, this.account)
    return stream
  }

  /** A stream that can be changed: ACTIVE, or ResourceInUseException. */
  active(reference: StreamReference): Stream {
    const stream = this.find(reference)
    if (stream.status !== 'ACTIVE') {
      throw inUse(`Stream ${stream.name} under account ${this.account} not ACTIVE, instead in state ${stream.status}`)
    }
    return stream
  }

  /** Streams of one name are told apart by when they were made; seconds are what clients have. */
  checkCreation(stream: Stream, createdMs: number | undefined): void {
    if (createdMs !== undefined && Math.floor(createdMs / 1000) !== Math.floor(stream.topic.createdMs / 1000))
      throw streamNotFound(stream.name, this.account)
  }

  /** The name that a request gives, from the name itself or the ARN; both must agree. */
  nameIn({ streamName, streamARN }: StreamReference): { name: string; account: string; region: string } {
    if (streamARN === undefined) {
      if (streamName === undefined) throw invalidArgument('Either StreamName or StreamARN should be provided.')
      return { name: streamName, account: this.account, region: this.region }
    }
    const parts = arnParts.exec(streamARN)
    if (!parts) throw invalidArgument(`StreamARN ${streamARN} is invalid.`)
    const [, region, account, name] = parts as unknown as [string, string, string, string]
    if (streamName !== undefined && streamName !== name) {
      throw invalidArgument(`StreamName ${streamName} does not match StreamARN ${streamARN}.`)
    }
    return { name, account, region }
  }

  /** Deletes a stream: DELETING for the transition time, then gone. Settles when that state is durable, or the stream is gone. */
  async delete(stream: Stream): Promise<void> {
    const transitionMs = this.#settings.get('kinesis.transition.ms')
    if (transitionMs === 0) return this.#engine.topics.delete(stream.name, stream.topic.id)
    const untilMs = this.#clock.now() + transitionMs
    await this.#engine.store.batch().put(deletingTable, [stream.topic.id], untilMs).commit()
    this.#deleteAt(stream.topic.id, untilMs)
  }

  /** Goes on with deletions that a restart interrupted. Once, at the start. */
  async load(): Promise<void> {
    for (const { key, row } of await this.#engine.store.tables.list(deletingTable)) this.#deleteAt(String(key[0]), row)
  }

  #deleteAt(topicId: string, untilMs: number): void {
    this.#deleting.set(topicId, untilMs)
    this.#clock.at(untilMs, () => {
      const topic = this.#engine.topics.byId(topicId)
      const gone = topic ? this.#engine.topics.delete(topic.name, topicId) : Promise.resolve()
      // A closing store refuses: the row brings the deletion back at the next start.
      gone.then(() => this.#engine.store.batch().delete(deletingTable, [topicId]).commit()).catch(() => {})
    })
  }

  #streamOf(topic: Topic): Stream {
    return new TopicStream(topic, this.arnOf(`stream/${topic.name}`), this.#statusOf(topic), this.#unmade(topic))
  }

  #statusOf(topic: Topic): StreamStatus {
    if (this.#deleting.has(topic.id)) return 'DELETING'
    if (this.#clock.now() >= factsOf(topic.stream).busyUntilMs) return 'ACTIVE'
    return this.#unmade(topic) ? 'CREATING' : 'UPDATING'
  }

  /** A stream is busy from its creation on, or from a later change. */
  #unmade(topic: Topic): boolean {
    const transitionMs = this.#settings.get('kinesis.transition.ms')
    const { busyUntilMs } = factsOf(topic.stream)
    const goneMs = this.#deleting.get(topic.id)
    const lastMs = goneMs === undefined ? this.#clock.now() : goneMs - transitionMs
    return lastMs < busyUntilMs && busyUntilMs <= topic.createdMs + transitionMs
  }

  /** Until when a stream is busy that begins to change now. */
  busyUntil(nowMs: number): number {
    return nowMs + this.#settings.get('kinesis.transition.ms')
  }

  /** Where the next `count` records of a stream with AUTO distribution go: a number to count on from, over its open shards. */
  nextSpread(stream: Stream, count: number): number {
    const from = this.#spread.get(stream.topic.id) ?? 0
    this.#spread.set(stream.topic.id, (from + count) % 2 ** 32)
    return from
  }

  /** Changes what is set on an active stream; it is UPDATING for the transition time. */
  async update(stream: Stream, change: (facts: AwsFacts) => Partial<AwsFacts>, nowMs: number): Promise<void> {
    const busyUntilMs = this.busyUntil(nowMs)
    await this.#engine.topics.alterStream(stream.name, (now) => withFacts(now, { ...change(factsOf(now)), busyUntilMs }))
  }

  /** Changes what is set on a stream without a transition: tags, policies. */
  async annotate(stream: Stream, change: (facts: AwsFacts) => Partial<AwsFacts>): Promise<void> {
    await this.#engine.topics.alterStream(stream.name, (now) => withFacts(now, change(factsOf(now))))
  }

  /** Sets a topic config: at once, with no transition. */
  async configure(stream: Stream, name: string, value: string): Promise<void> {
    await this.#engine.topics.alterConfigs(stream.name, (now) => new Map([...now, [name, value]]))
  }
}

/** A class, as one is made for every call: a literal with getters costs ten times as much. */
class TopicStream implements Stream {
  readonly name: string
  readonly arn: string
  readonly status: StreamStatus
  readonly unmade: boolean
  readonly topic: Topic

  constructor(topic: Topic, arn: string, status: StreamStatus, unmade: boolean) {
    this.name = topic.name
    this.arn = arn
    this.status = status
    this.unmade = unmade
    this.topic = topic
  }

  get shards(): ShardMap {
    return shardMapOf(this.topic.shards)
  }

  get facts(): AwsFacts {
    return factsOf(this.topic.stream)
  }
}

/** Whether a topic of this name is a stream to AWS clients. */
export const isStreamName = (name: string): boolean => legalName.test(name) && !internalTopics.has(name)

export const streamNotFound = (name: string, account: string): AwsError => notFound(`Stream ${name} under account ${account} not found.`)
