// The partitions of every queue of one broker, as the AWS door asks of them. Which queues there are and what they are called is the door's; the rules are
// queue-partition.ts's.
import type { Store } from '../../../storage/store.ts'
import type { Clock } from '../../clock.ts'
import { Runtime } from '../runtime.ts'
import {
  createQueueCoordinator,
  type QueueAnswer,
  type QueueEvent,
  type QueuePartitionOptions,
  type QueueRecord,
  type QueueSlot,
  queueKeyOf,
  queuePartitionTable,
  queuePartsOf,
} from './queue-partition.ts'

export interface QueuePartitionsOptions extends QueuePartitionOptions {
  store: Pick<Store, 'tables' | 'batch'>
  clock: Clock
  onError(error: unknown, queueId: string): void
}

export class QueuePartitions {
  readonly #store: QueuePartitionsOptions['store']
  readonly #runtime: Runtime<QueueSlot, QueueEvent, QueueRecord, QueueRecord, QueueAnswer>

  constructor(options: QueuePartitionsOptions) {
    const { store, clock, onError } = options
    this.#store = store
    this.#runtime = new Runtime(createQueueCoordinator(options), {
      tables: store.tables,
      batch: () => store.batch(),
      clock,
      onError: (error, key) => onError(error, queuePartsOf(key)[0]),
    })
  }

  /** Hands an event to a queue's partition. Settles once what it changes is durable. */
  ask(queueId: string, partition: number, event: QueueEvent): Promise<QueueAnswer> {
    return this.#runtime.submit(queueKeyOf(queueId, partition), event, (error) => ({ error, received: [], faults: [] }))
  }

  /** What a partition of a queue stands at, to read; undefined where it is not in memory. */
  peek(queueId: string, partition: number): QueueSlot | undefined {
    return this.#runtime.peek(queueKeyOf(queueId, partition))
  }

  /** As `peek`, once it is in memory; undefined for a queue that is gone. */
  async look(queueId: string, partition: number): Promise<QueueSlot | undefined> {
    if (!this.peek(queueId, partition)) await this.ask(queueId, partition, { verb: 'look' })
    return this.peek(queueId, partition)
  }

  /** The rules of a queue have changed: what is in memory is looked at by the new ones. */
  async rulesChanged(queueId: string): Promise<void> {
    await Promise.all(this.#loaded(queueId).map((partition) => this.ask(queueId, partition, { verb: 'look' })))
  }

  /** Forgets where a queue stands, everywhere. Throws where that could not be stored. */
  async remove(queueId: string): Promise<void> {
    const rows = await this.#store.tables.list(queuePartitionTable, [queueId])
    const partitions = new Set([...rows.map(({ key }) => Number(key[1])), ...this.#loaded(queueId)])
    const answers = await Promise.all([...partitions].map((partition) => this.ask(queueId, partition, { verb: 'remove' })))
    const failed = answers.find(({ error }) => error !== 'NONE')
    if (failed) throw new Error(`the records of queue ${queueId} could not be removed: ${failed.error}`)
  }

  /** Timers of a partition as they stand; for tests. */
  timers(queueId: string, partition: number): [name: string, atMs: number][] {
    return this.#runtime.timers(queueKeyOf(queueId, partition))
  }

  close(): void {
    this.#runtime.close()
  }

  #loaded(queueId: string): number[] {
    const parts = Array.from(this.#runtime.loaded(), ([key]) => queuePartsOf(key))
    return parts.filter(([id]) => id === queueId).map(([, partition]) => partition)
  }
}
