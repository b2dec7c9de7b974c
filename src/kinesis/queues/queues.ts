// The queues of the account: which ones there are, on which stream, in what state. What becomes of their records is the share core's (QueuePartitions);
// receive.ts and settle.ts ask it. A queue is a share group to that core, but not to Kafka clients: it has no members, and group APIs do not show it.

import { type Table, table } from '../../../storage/tables.ts'
import type { Clock } from '../../clock.ts'
import { QueuePartitions } from '../../coordinators/share/queue-partitions.ts'
import type { Engine } from '../../engine/engine.ts'
import type { Random } from '../../random.ts'
import { type AwsError, inUse, notFound } from '../aws-error.ts'
import type { ConsumerPlaces } from '../consumer-places.ts'
import type { Tags } from '../consumers.ts'
import type { Stream, Streams } from '../streams.ts'
import { Line } from './line.ts'
import { type Kind, kinds } from './receipt.ts'
import type { QueueStart } from './start.ts'

export type QueueStatus = 'CREATING' | 'ACTIVE' | 'UPDATING' | 'DELETING'

/** What UpdateQueue changes. */
export interface QueueAttributes {
  readonly visibilityS: number
  /** Null: there are no dead letters. */
  readonly receiveCountMax: number | null
}

interface QueueRow extends QueueAttributes {
  readonly name: string
  readonly topicId: string
  readonly createdMs: number
  /** CREATING ends then. */
  readonly activeMs: number
  /** UPDATING ends then. */
  readonly updatedMs: number
  /** DELETING ends then; null for one that stays. */
  readonly goneMs: number | null
  readonly start: QueueStart
  readonly tags: Tags
  readonly policy: string | null
}

/** Key: [queue id]. */
const queueTable: Table<QueueRow> = table('kinesis-queue')

export interface Queue extends QueueAttributes {
  /** The end of the ARN. */
  readonly id: string
  readonly name: string
  readonly arn: string
  readonly status: QueueStatus
  readonly stream: Stream
  readonly createdMs: number
  readonly start: QueueStart
  readonly tags: Tags
  readonly policy: string | null
}

const idBytes = 12

export interface QueuesOptions {
  readonly engine: Engine
  readonly streams: Streams
  readonly places: ConsumerPlaces
  readonly clock: Clock
  readonly random: Random
  onError(error: unknown, queueId: string): void
}

export class Queues {
  readonly partitions: QueuePartitions
  readonly #options: QueuesOptions
  readonly #rows = new Map<string, QueueRow>()
  readonly #turns = new Map<string, number>()
  readonly #lines = new Map<string, Line>()
  /** Their records are being forgotten. */
  readonly #removing = new Set<string>()

  private constructor(options: QueuesOptions) {
    this.#options = options
    const { engine, places, clock, onError } = options
    this.partitions = new QueuePartitions({
      store: engine.store,
      clock,
      onError,
      rulesOf: (id) => {
        const row = this.#removing.has(id) ? undefined : this.#rows.get(id)
        return row ? { receiveCountMax: row.receiveCountMax ?? Number.POSITIVE_INFINITY } : null
      },
      // What came after the queue begins at its beginning.
      startOf: (id, partition) => this.#rows.get(id)?.start.offsets[partition] ?? 0,
      moved: (id, index) => {
        const partition = engine.topics.byId(this.#rows.get(id)?.topicId ?? '')?.partitions[index]
        if (partition) engine.waiters.moved(partition)
      },
    })
    places.counting((stream) => this.of(stream).length)
    engine.topics.onChange(({ kind, topic }) => {
      if (kind === 'deleted') for (const [id, { topicId }] of this.#rows) if (topicId === topic.id) this.#removeAt(id, 0)
    })
  }

  static async load(options: QueuesOptions): Promise<Queues> {
    const queues = new Queues(options)
    for (const { key, row } of await options.engine.store.tables.list(queueTable)) {
      const id = String(key[0])
      queues.#rows.set(id, row)
      // A stream that a Kafka client deleted takes its queues along.
      const goneMs = options.engine.topics.byId(row.topicId) ? row.goneMs : 0
      if (goneMs !== null) queues.#removeAt(id, goneMs)
    }
    return queues
  }

  /** Every queue whose stream is there, by name. */
  all(): Queue[] {
    return [...this.#rows.keys()]
      .map((id) => this.#queueOf(id))
      .filter((queue) => queue !== undefined)
      .sort((a, b) => (a.name < b.name ? -1 : 1))
  }

  of(stream: Stream): Queue[] {
    return this.all().filter((queue) => queue.stream.topic.id === stream.topic.id)
  }

  /** The queue of an ARN, or ResourceNotFoundException. */
  find(arn: string): Queue {
    const queue = this.#queueOf(arn.slice(arn.lastIndexOf('/') + 1))
    if (queue?.arn !== arn) throw this.#notFound(arn)
    return queue
  }

  /** A queue that delivers: one that is being created or deleted is not there yet, or any more. */
  serving(arn: string): Queue {
    const queue = this.find(arn)
    if (!this.isServing(queue.id)) throw notFound(`Queue ${arn} under account ${this.#options.streams.account} is in state ${queue.status}.`)
    return queue
  }

  isServing(id: string): boolean {
    const row = this.#rows.get(id)
    const isThere = row !== undefined && this.#options.engine.topics.byId(row.topicId) !== undefined
    return isThere && /^(ACTIVE|UPDATING)$/.test(this.#statusOf(row))
  }

  create(
    queue: { name: string; stream: Stream; tags: Tags; start: QueueStart } & QueueAttributes,
    advantage: boolean,
    nowMs: number,
  ): Promise<Queue> {
    const { streams, places, random } = this.#options
    return places.change(async () => {
      const { stream, ...given } = queue
      if (this.all().some(({ name }) => name === given.name)) throw inUse(`Queue ${given.name} under account ${streams.account} already exists.`)
      places.check(stream, advantage)
      const id = random.bytes(idBytes).toString('hex')
      const times = { createdMs: nowMs, activeMs: streams.busyUntil(nowMs), updatedMs: 0, goneMs: null }
      await this.#put(id, { ...given, ...times, topicId: stream.topic.id, policy: null })
      return this.find(this.#arnOf(id))
    })
  }

  /** UPDATING for the transition time. */
  update({ arn }: Queue, change: Partial<QueueAttributes>, nowMs: number): Promise<Queue> {
    return this.#options.places.change(async () => {
      const { id, status, name } = this.find(arn)
      if (status !== 'ACTIVE') throw inUse(`Queue ${name} under account ${this.#options.streams.account} not ACTIVE, instead in state ${status}`)
      await this.#put(id, { ...this.#rows.get(id)!, ...change, updatedMs: this.#options.streams.busyUntil(nowMs) })
      await this.partitions.rulesChanged(id)
      return this.find(arn)
    })
  }

  /** DELETING for the transition time, then gone. */
  delete({ arn }: Queue, nowMs: number): Promise<void> {
    return this.#options.places.change(async () => {
      const { id, status, stream } = this.find(arn)
      if (status === 'DELETING') return
      const goneMs = this.#options.streams.busyUntil(nowMs)
      await this.#put(id, { ...this.#rows.get(id)!, goneMs })
      // Who waits for its records is told that there will be none.
      for (const partition of stream.topic.partitions) this.#options.engine.waiters.moved(partition)
      if (goneMs === nowMs) await this.#remove(id)
      else this.#removeAt(id, goneMs)
    })
  }

  /** Counts receives, so that each begins at another partition. */
  nextTurn(id: string): number {
    const turn = this.#turns.get(id) ?? 0
    this.#turns.set(id, (turn + 1) % 2 ** 31)
    return turn
  }

  /** Who waits for records, or for dead letters, of a queue. */
  line(id: string, kind: Kind): Line {
    const key = `${kind}/${id}`
    let line = this.#lines.get(key)
    if (!line) this.#lines.set(key, (line = new Line(this.#options.clock)))
    return line
  }

  /** Changes tags or policy. */
  annotate({ arn }: Queue, change: (now: Queue) => { tags?: Tags; policy?: string | null }): Promise<void> {
    return this.#options.places.change(() => {
      const queue = this.find(arn)
      return this.#put(queue.id, { ...this.#rows.get(queue.id)!, ...change(queue) })
    })
  }

  close(): void {
    this.partitions.close()
  }

  #queueOf(id: string): Queue | undefined {
    const { engine, streams } = this.#options
    const row = this.#rows.get(id)
    const topic = row && engine.topics.byId(row.topicId)
    const stream = topic && streams.byName(topic.name)
    if (!row || !stream) return undefined
    const { name, createdMs, start, tags, policy, visibilityS, receiveCountMax } = row
    const told = { name, createdMs, start, tags, policy, visibilityS, receiveCountMax }
    return { ...told, id, arn: this.#arnOf(id), status: this.#statusOf(row), stream }
  }

  #statusOf({ activeMs, updatedMs, goneMs }: QueueRow): QueueStatus {
    if (goneMs !== null) return 'DELETING'
    const nowMs = this.#options.clock.now()
    return nowMs < activeMs ? 'CREATING' : nowMs < updatedMs ? 'UPDATING' : 'ACTIVE'
  }

  #arnOf(id: string): string {
    return this.#options.streams.arnOf(`queue/${id}`)
  }

  #notFound(arn: string): AwsError {
    return notFound(`Queue ${arn} under account ${this.#options.streams.account} not found.`)
  }

  async #put(id: string, row: QueueRow): Promise<void> {
    await this.#options.engine.store.batch().put(queueTable, [id], row).commit()
    this.#rows.set(id, row)
  }

  #removeAt(id: string, goneMs: number): void {
    const { clock, places } = this.#options
    // A closing store refuses: the row brings the removal back at the next start.
    clock.at(goneMs, () => void places.change(() => this.#remove(id)).catch(() => {}))
  }

  /** The records first: what a crash leaves is found by the row. */
  async #remove(id: string): Promise<void> {
    if (!this.#rows.has(id)) return
    this.#removing.add(id)
    try {
      await this.partitions.remove(id)
      await this.#options.engine.store.batch().delete(queueTable, [id]).commit()
      this.#rows.delete(id)
      this.#turns.delete(id)
      for (const kind of kinds) this.#lines.delete(`${kind}/${id}`)
    } finally {
      this.#removing.delete(id)
    }
  }
}
