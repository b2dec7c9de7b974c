// Registered consumers of streams (enhanced fan-out): who there is and in what state. What they are sent is subscription.ts's.
import { type Table, table } from '../../storage/tables.ts'
import type { Clock } from '../clock.ts'
import type { Engine } from '../engine/engine.ts'
import { type AwsError, inUse, invalidArgument, limitExceeded, notFound } from './aws-error.ts'
import type { ConsumerPlaces } from './consumer-places.ts'
import type { Output } from './operation.ts'
import type { Stream, Streams } from './streams.ts'
import { WireTime } from './wire-time.ts'

export type ConsumerStatus = 'CREATING' | 'DELETING' | 'ACTIVE'
export type Tags = Readonly<Record<string, string>>

interface ConsumerRow {
  createdMs: number
  /** CREATING ends then. */
  activeMs: number
  /** DELETING ends then; null for one that stays. */
  goneMs: number | null
  tags: Tags
  policy: string | null
}

/** Key: [topic id, consumer name]. */
const consumerTable: Table<ConsumerRow> = table('kinesis-consumer')

export interface Consumer {
  readonly stream: Stream
  readonly name: string
  readonly arn: string
  readonly status: ConsumerStatus
  readonly createdMs: number
  readonly tags: Tags
  readonly policy: string | null
}

/** CREATING at a time. */
const creatingMax = 5
const arnParts = /^(arn:aws[^:]*:kinesis:[^:]*:\d{12}:stream\/[a-zA-Z0-9_.-]+)\/consumer\/([a-zA-Z0-9_.-]+):(\d+)$/

/** How a request names a consumer: its ARN, or its stream's and its name. */
export interface ConsumerReference {
  readonly consumerARN?: string | undefined
  readonly consumerName?: string | undefined
  readonly streamARN?: string | undefined
}

export class Consumers {
  readonly #engine: Engine
  readonly #streams: Streams
  readonly #clock: Clock
  readonly #places: ConsumerPlaces
  readonly #byTopic = new Map<string, Map<string, ConsumerRow>>()

  private constructor(engine: Engine, streams: Streams, places: ConsumerPlaces, clock: Clock) {
    this.#engine = engine
    this.#streams = streams
    this.#places = places
    this.#clock = clock
    places.counting((stream) => this.#byTopic.get(stream.topic.id)?.size ?? 0)
  }

  static async load(engine: Engine, streams: Streams, places: ConsumerPlaces, clock: Clock): Promise<Consumers> {
    const consumers = new Consumers(engine, streams, places, clock)
    for (const { key, row } of await engine.store.tables.list(consumerTable)) {
      const [topicId, name] = key.map(String) as [string, string]
      // A stream that went while the door was closed took its consumers along.
      if (engine.topics.byId(topicId)) consumers.#rows(topicId).set(name, row)
      else await engine.store.batch().delete(consumerTable, key).commit()
      if (row.goneMs !== null) consumers.#removeAt(topicId, name, row.goneMs)
    }
    engine.topics.onChange(({ kind, topic }) => {
      if (kind === 'deleted') consumers.#forget(topic.id)
    })
    return consumers
  }

  /** Consumers of a stream, by name. */
  of(stream: Stream): Consumer[] {
    const rows = this.#byTopic.get(stream.topic.id)
    return rows ? [...rows].map(([name, row]) => this.#consumerOf(stream, name, row)).sort((a, b) => (a.name < b.name ? -1 : 1)) : []
  }

  /** The consumer that a request names, or ResourceNotFoundException. */
  find({ consumerARN, consumerName, streamARN }: ConsumerReference): Consumer {
    if (consumerARN !== undefined) {
      const [, ofStream, name] = (arnParts.exec(consumerARN) ?? []) as (string | undefined)[]
      const consumer = ofStream !== undefined && name !== undefined ? this.#byName(ofStream, name) : undefined
      // The ARN ends in the second of the registration: a name that was registered again is another consumer.
      if (consumer?.arn !== consumerARN) throw this.#notFound(consumerARN)
      if ((streamARN !== undefined && streamARN !== ofStream) || (consumerName !== undefined && consumerName !== name))
        throw invalidArgument(`StreamARN or ConsumerName does not match ConsumerARN ${consumerARN}.`)
      return consumer
    }
    if (streamARN === undefined || consumerName === undefined)
      throw invalidArgument('Either ConsumerARN or StreamARN and ConsumerName should be provided.')
    const consumer = this.#byName(this.#streams.find({ streamARN }).arn, consumerName)
    if (!consumer) throw this.#notFound(consumerName)
    return consumer
  }

  register(stream: Stream, name: string, tags: Tags, advantage: boolean, nowMs: number): Promise<Consumer> {
    return this.#places.change(async () => {
      const rows = this.#rows(stream.topic.id)
      if (rows.has(name)) throw inUse(`Consumer ${name} under stream ${stream.name} already exists for account ${this.#streams.account}.`)
      this.#places.check(stream, advantage)
      const creating = this.of(stream).filter(({ status }) => status === 'CREATING').length
      if (creating >= creatingMax) throw limitExceeded(`Stream ${stream.name} already has ${creatingMax} consumers in CREATING status.`)
      const row: ConsumerRow = { createdMs: nowMs, activeMs: this.#streams.busyUntil(nowMs), goneMs: null, tags, policy: null }
      await this.#engine.store.batch().put(consumerTable, [stream.topic.id, name], row).commit()
      rows.set(name, row)
      return this.#consumerOf(stream, name, row)
    })
  }

  /** DELETING for the transition time, then gone. */
  deregister(consumer: Consumer, nowMs: number): Promise<void> {
    return this.#places.change(async () => {
      const topicId = consumer.stream.topic.id
      const goneMs = this.#streams.busyUntil(nowMs)
      if (goneMs === nowMs) return this.#remove(topicId, consumer.name)
      await this.#alter(consumer, { goneMs })
      this.#removeAt(topicId, consumer.name, goneMs)
    })
  }

  /** Changes tags or policy. */
  annotate(consumer: Consumer, change: (now: Consumer) => { tags?: Tags; policy?: string | null }): Promise<void> {
    return this.#places.change(() => this.#alter(consumer, change(this.find({ consumerARN: consumer.arn }))))
  }

  describe({ name, arn, status, createdMs }: Consumer): Output {
    return { ConsumerName: name, ConsumerARN: arn, ConsumerStatus: status, ConsumerCreationTimestamp: new WireTime(createdMs) }
  }

  #byName(streamARN: string, name: string): Consumer | undefined {
    const stream = this.#streams.find({ streamARN })
    const row = this.#byTopic.get(stream.topic.id)?.get(name)
    return row && this.#consumerOf(stream, name, row)
  }

  #consumerOf(stream: Stream, name: string, { createdMs, activeMs, goneMs, tags, policy }: ConsumerRow): Consumer {
    const status = goneMs !== null ? 'DELETING' : this.#clock.now() < activeMs ? 'CREATING' : 'ACTIVE'
    return { stream, name, arn: `${stream.arn}/consumer/${name}:${Math.floor(createdMs / 1000)}`, status, createdMs, tags, policy }
  }

  #notFound(which: string): AwsError {
    return notFound(`Consumer ${which}, Account ${this.#streams.account} not found.`)
  }

  #rows(topicId: string): Map<string, ConsumerRow> {
    let rows = this.#byTopic.get(topicId)
    if (!rows) this.#byTopic.set(topicId, (rows = new Map()))
    return rows
  }

  async #alter({ stream, name }: Consumer, change: Partial<ConsumerRow>): Promise<void> {
    const rows = this.#rows(stream.topic.id)
    const row = rows.get(name)
    if (!row) throw this.#notFound(name)
    const next = { ...row, ...change }
    await this.#engine.store.batch().put(consumerTable, [stream.topic.id, name], next).commit()
    rows.set(name, next)
  }

  #removeAt(topicId: string, name: string, goneMs: number): void {
    // A closing store refuses: the row brings the removal back at the next start.
    this.#clock.at(goneMs, () => void this.#places.change(() => this.#remove(topicId, name)).catch(() => {}))
  }

  async #remove(topicId: string, name: string): Promise<void> {
    await this.#engine.store.batch().delete(consumerTable, [topicId, name]).commit()
    this.#byTopic.get(topicId)?.delete(name)
  }

  #forget(topicId: string): void {
    const rows = this.#byTopic.get(topicId)
    this.#byTopic.delete(topicId)
    for (const name of rows?.keys() ?? [])
      this.#engine.store
        .batch()
        .delete(consumerTable, [topicId, name])
        .commit()
        .catch(() => {})
  }
}
