// The transactional ids of one broker, as the Kafka door sees them: hand in an event, get its answer; ask what a transaction holds; list them. Rules are in the
// files beside this one. An end is one batch of the store: the markers of every partition, the offsets of every group and the new state, or none of them.
import { buildEndMarker } from '../../../protocol/records/control.ts'
import type { Store } from '../../../storage/store.ts'
import type { Batch } from '../../../storage/tables.ts'
import type { Clock, Timer } from '../../clock.ts'
import { transactionalIdBytesMax } from '../limits.ts'
import { type Outcome, type Refusal, Runtime } from '../runtime.ts'
import { standingOf } from './add.ts'
import { createTransactionCoordinator } from './coordinator.ts'
import {
  type AddEvent,
  type EndEvent,
  failed,
  type InitEvent,
  type Part,
  type TransactionAnswer,
  type TransactionError,
  type TransactionEvent,
  type TransactionLimits,
} from './events.ts'
import { type EndedRecord, type TransactionRecord, transactionTable } from './records.ts'
import { nearlyOutOfEpochs, splitPartitionKey, statusNames, type Transaction, type TransactionSlot } from './state.ts'

/** A partition as a transaction's end needs it: engine/partition.ts's Partition is one. */
export interface MarkedPartition {
  open(): Promise<void>
  addMarker(
    batch: Batch,
    marker: { producerId: number; producerEpoch: number; committed: boolean; bytes: Buffer; timestampMs: number },
  ): (offset: number | null) => void
}

/** Groups, as far as transactions commit offsets to them. */
export interface TransactionGroups {
  load(groupId: string): Promise<void>
  /** Adds what becomes of the producer's pending offsets to the batch. Undefined where there is nothing to do. */
  endTransaction(batch: Batch, groupId: string, producerId: number, committed: boolean): Outcome | undefined
}

export interface TransactionsOptions {
  store: Pick<Store, 'tables' | 'batch'>
  clock: Clock
  settings: { get(name: 'transaction.max.timeout.ms' | 'transactional.id.expiration.ms'): number }
  /** Undefined for a partition that is gone. */
  partition(topicId: string, partition: number): MarkedPartition | undefined
  topics: { onChange(listener: (event: { readonly kind: string; readonly topic: { readonly id: string } }) => void): void }
  groups: TransactionGroups
  newProducerId(): Promise<{ producerId: number }>
  onError(error: unknown, transactionalId: string): void
}

/** A transactional id, for DescribeTransactions and ListTransactions. */
export interface ListedTransaction {
  readonly transactionalId: string
  readonly producerId: number
  readonly producerEpoch: number
  /** Kafka's name of it. */
  readonly state: string
  readonly timeoutMs: number
  /** -1 without an open transaction. */
  readonly startedMs: number
  readonly partitions: readonly { topicId: string; partition: number }[]
}

const refusals: Readonly<Record<Refusal, TransactionError>> = {
  overloaded: 'COORDINATOR_LOAD_IN_PROGRESS',
  'not-stored': 'COORDINATOR_NOT_AVAILABLE',
  closing: 'COORDINATOR_NOT_AVAILABLE',
}

/** A NUL takes two bytes in a key. */
const isStorable = (id: string): boolean => Buffer.byteLength(id) + id.split('\0').length - 1 <= transactionalIdBytesMax

/** Ids brought into memory before other work gets its turn. */
const sliceIds = 50

export async function createTransactions(options: TransactionsOptions): Promise<Transactions> {
  const rows = await options.store.tables.list(transactionTable)
  return new Transactions(options, new Map(rows.map(({ key, row }) => [String(key[0]), row.status === 'ongoing'])))
}

export class Transactions {
  readonly #options: TransactionsOptions
  readonly #runtime: Runtime<TransactionSlot, TransactionEvent, TransactionRecord, never, TransactionAnswer>
  /** Stored ids that are not in memory yet. */
  readonly #stored: Set<string>
  #timer: Timer | null = null
  #loading: Promise<void> = Promise.resolve()
  #closed = false

  /** For createTransactions. */
  constructor(options: TransactionsOptions, stored: ReadonlyMap<string, boolean>) {
    this.#options = options
    this.#stored = new Set(stored.keys())
    const limits = (): TransactionLimits => ({
      timeoutMsMax: options.settings.get('transaction.max.timeout.ms'),
      expirationMs: options.settings.get('transactional.id.expiration.ms'),
    })
    const coordinator = createTransactionCoordinator({ limits, writeEnd: (batch, ended) => this.#writeEnd(batch, ended) })
    this.#runtime = new Runtime(coordinator, {
      tables: options.store.tables,
      batch: () => options.store.batch(),
      clock: options.clock,
      onError: options.onError,
      onLoaded: (id) => this.#stored.delete(id),
    })
    options.topics.onChange(({ kind, topic }) => {
      if (kind === 'deleted') this.#forgetTopic(topic.id)
    })
    // Open transactions first: their deadlines count.
    const queue = [...stored].sort(([, a], [, b]) => Number(b) - Number(a)).map(([id]) => id)
    this.#loadInBackground(queue)
  }

  async init(transactionalId: string, asked: Omit<InitEvent, 'verb' | 'freshProducerId'>): Promise<TransactionAnswer> {
    // Nothing that can be tried again would help: a key of the store cannot hold it.
    if (!isStorable(transactionalId)) return failed('INVALID_REQUEST')
    const body = await this.#body(transactionalId)
    const freshProducerId = !body || nearlyOutOfEpochs(body) ? await this.#freshProducerId() : null
    return this.#submit(transactionalId, { verb: 'init', ...asked, freshProducerId })
  }

  /** Partitions are opened first, so that an end finds them ready. */
  async add(transactionalId: string, asked: Omit<AddEvent, 'verb'>): Promise<TransactionAnswer> {
    if (!asked.verifyOnly) {
      await Promise.all(asked.partitions.map((key) => this.#partition(key)?.open()))
      await Promise.all(asked.groups.map((groupId) => this.#options.groups.load(groupId)))
    }
    return this.#submit(transactionalId, { verb: 'add', ...asked })
  }

  async end(transactionalId: string, asked: Omit<EndEvent, 'verb' | 'freshProducerId'>): Promise<TransactionAnswer> {
    const body = await this.#body(transactionalId)
    const freshProducerId = body && nearlyOutOfEpochs(body) ? await this.#freshProducerId() : null
    return this.#submit(transactionalId, { verb: 'end', ...asked, freshProducerId })
  }

  /**
   * Where a producer stands with what it wants to write to, in this turn: NONE where all of it is in its open transaction and nothing is on its way that could end
   * that, TRANSACTION_ABORTABLE where it could `join`, else what is wrong with the producer. Null while something of the id is on its way: `settled`, and look again.
   */
  standing(transactionalId: string, part: Part): TransactionError | null {
    if (this.#closed) return refusals.closing
    if (this.#stored.has(transactionalId) || !this.#runtime.isQuiet(transactionalId)) return null
    return standingOf(this.#runtime.peek(transactionalId)?.body ?? null, part)
  }

  /**
   * Adds what `standing` has just said could be added. What is handed to the store in the same turn is stored with it or after it, and fails with it: an append need not
   * wait for the answer. Partitions must be open, groups loaded.
   */
  join(transactionalId: string, part: Part): void {
    // A broken invariant is told to onError.
    this.#submit(transactionalId, { verb: 'add', ...part, verifyOnly: false }).catch(() => {})
  }

  /** Settles when everything that was handed in for the id is done; not NONE where the id is not to be had at all. */
  async settled(transactionalId: string): Promise<TransactionError> {
    return (await this.#submit(transactionalId, { verb: 'look' })).error
  }

  /** Every id in memory. After a start they come in by and by; `ready` tells when. */
  list(): ListedTransaction[] {
    const listed: ListedTransaction[] = []
    for (const [id, { body }] of this.#runtime.loaded()) if (body) listed.push(listedOf(id, body))
    return listed
  }

  async describe(transactionalId: string): Promise<ListedTransaction | undefined> {
    const body = await this.#body(transactionalId)
    return body ? listedOf(transactionalId, body) : undefined
  }

  /** Settles when everything stored is in memory. */
  get ready(): Promise<void> {
    return this.#loading
  }

  /** Forgets every id, for a store that was just cleared. */
  reset(): void {
    this.#stored.clear()
    this.#runtime.reset()
  }

  close(): void {
    this.#closed = true
    this.#timer?.cancel()
    this.#runtime.close()
  }

  #partition(key: string): MarkedPartition | undefined {
    const { topicId, partition } = splitPartitionKey(key)
    return this.#options.partition(topicId, partition)
  }

  async #body(transactionalId: string): Promise<Transaction | null> {
    await this.#load(transactionalId)
    return this.#runtime.peek(transactionalId)?.body ?? null
  }

  async #freshProducerId(): Promise<number> {
    return (await this.#options.newProducerId()).producerId
  }

  async #submit(id: string, event: TransactionEvent): Promise<TransactionAnswer> {
    // There is none of that name.
    if (!isStorable(id)) return failed('INVALID_PRODUCER_ID_MAPPING')
    if (this.#stored.has(id)) await this.#load(id)
    return this.#runtime.submit(id, event, (reason) => failed(refusals[reason]))
  }

  /** Brings an id into memory with what its open transaction touches, so that its end can be decided and written in one turn. */
  async #load(id: string): Promise<void> {
    if (!this.#stored.has(id)) return
    const row = await this.#options.store.tables.get(transactionTable, [id])
    if (row) {
      await Promise.all(row.partitions.map((key) => this.#partition(key)?.open()))
      await Promise.all(row.groups.map((groupId) => this.#options.groups.load(groupId)))
    }
    await this.#runtime.load(id)
  }

  #loadInBackground(queue: string[]): void {
    if (queue.length === 0) return
    const { clock, onError } = this.#options
    this.#loading = new Promise((resolve) => {
      const step = async (): Promise<void> => {
        for (const id of queue.splice(0, sliceIds)) {
          if (this.#closed) return resolve()
          await this.#load(id).catch((error: unknown) => onError(error, id))
        }
        if (queue.length === 0) resolve()
        else this.#timer = clock.at(clock.now() + 1, () => void step())
      }
      this.#timer = clock.at(clock.now() + 1, () => void step())
    })
  }

  /** Markers, offsets and state in one batch. Appends come back in the order in which they were added. */
  #writeEnd(batch: Batch, { committed, producerId, markerEpoch, partitions, groups }: EndedRecord): Outcome {
    const timestampMs = this.#options.clock.now()
    const marked: ((offset: number | null) => void)[] = []
    for (const key of partitions) {
      const partition = this.#partition(key)
      if (!partition) continue
      // One buffer each: offsets are stamped into them.
      const bytes = buildEndMarker({ committed, producerId, producerEpoch: markerEpoch, coordinatorEpoch: 0, timestampMs })
      marked.push(partition.addMarker(batch, { producerId, producerEpoch: markerEpoch, committed, bytes, timestampMs }))
    }
    const outcomes = groups.map((groupId) => this.#options.groups.endTransaction(batch, groupId, producerId, committed))
    return (results) => {
      for (const [i, done] of marked.entries()) done(results?.[i]?.baseOffset ?? null)
      for (const outcome of outcomes) outcome?.(results)
    }
  }

  #forgetTopic(topicId: string): void {
    for (const [id, { body }] of this.#runtime.loaded()) {
      if (body?.status !== 'ongoing') continue
      this.#submit(id, { verb: 'forget-topic', topicId }).catch((error: unknown) => this.#options.onError(error, id))
    }
  }
}

function listedOf(transactionalId: string, { producerId, producerEpoch, status, timeoutMs, startedMs, partitions }: Transaction): ListedTransaction {
  return {
    transactionalId,
    producerId,
    producerEpoch,
    state: statusNames[status],
    timeoutMs,
    startedMs,
    partitions: [...partitions].map(splitPartitionKey),
  }
}
