// An engine, its groups and its transactions on one store, with a clock that stands still. Can be crashed: opened again on what was stored.
import { baseOffsetOf, isControl, isTransactional, producerIdOf } from '../../protocol/records/batch.ts'
import { readRecords } from '../../protocol/records/record.ts'
import { nextBatch } from '../../protocol/records/run.ts'
import { ManualClock } from '../../src/clock.ts'
import { Settings } from '../../src/config.ts'
import { createGroups, type Groups } from '../../src/coordinators/group/groups.ts'
import type { Part } from '../../src/coordinators/transaction/events.ts'
import { partitionKey } from '../../src/coordinators/transaction/state.ts'
import { createTransactions, type Transactions } from '../../src/coordinators/transaction/transactions.ts'
import { Engine } from '../../src/engine/engine.ts'
import type { Partition } from '../../src/engine/partition.ts'
import type { FetchResult } from '../../src/engine/reading.ts'
import { seededRandom } from '../../src/random.ts'
import { openMemoryStore } from '../../storage/memory-store.ts'
import type { Store } from '../../storage/store.ts'
import { batchOf, committed, everything, storeOptions, valuesOf } from '../engine/harness.ts'

const fail = (error: unknown): void => {
  throw error
}

export class World {
  readonly clock = new ManualClock()
  store: Store = openMemoryStore(storeOptions(this.clock))
  readonly settings = Settings.of({ 'transaction.max.timeout.ms': 60_000 })
  engine!: Engine
  groups!: Groups
  transactions!: Transactions

  static async open(): Promise<World> {
    const world = new World()
    await world.start()
    await world.engine.topics.create({ name: 't', partitionCount: 2 })
    return world
  }

  async start(): Promise<void> {
    const { clock, store, settings } = this
    const random = seededRandom(11)
    this.engine = await Engine.start({ store, settings, clock, random, onBackgroundError: fail })
    const { topics } = this.engine
    this.groups = await createGroups({ store, clock, random, settings, topics, onError: fail })
    this.transactions = await createTransactions({
      store,
      clock,
      settings,
      topics,
      groups: this.groups,
      partition: (topicId, index) => topics.byId(topicId)?.partitions[index],
      newProducerId: () => this.engine.newProducerId(),
      onError: fail,
    })
  }

  /** Everything in memory is gone; what was stored is opened again, through another store where one is given. */
  async crash(store = this.store): Promise<void> {
    this.transactions.close()
    this.groups.close()
    this.engine.close()
    this.store = store
    await this.start()
  }

  partition(index: number): Partition {
    return this.engine.topics.get('t')!.partitions[index]!
  }

  key(index: number): string {
    return partitionKey(this.partition(index).topic.id, index)
  }

  /** What a transactional produce does: joins the transaction, then appends. Answers the error, NONE where the record is stored. */
  async produce(
    id: string,
    producer: { producerId: number; producerEpoch: number; sequence: number },
    index: number,
    value: string,
  ): Promise<string> {
    const { producerId, producerEpoch } = producer
    const partition = this.partition(index)
    const joined = await this.#join(id, { producerId, producerEpoch, partitions: [this.key(index)], groups: [] }, partition)
    if (joined !== 'NONE') return joined
    const batch = batchOf([value], this.clock.now(), { producerId, producerEpoch, baseSequence: producer.sequence, transactional: true })
    return this.engine.append(partition, batch).then(
      () => 'NONE',
      (error: { code?: string }) => error.code ?? String(error),
    )
  }

  /** What a TxnOffsetCommit does, for partition 0. */
  async commitOffset(id: string, producer: { producerId: number; producerEpoch: number }, groupId: string, offset: number): Promise<string> {
    const { producerId, producerEpoch } = producer
    await this.groups.load(groupId)
    const joined = await this.#join(id, { producerId, producerEpoch, partitions: [], groups: [groupId] })
    if (joined !== 'NONE') return joined
    const topicId = this.partition(0).topic.id
    const told = await this.groups.submit(groupId, {
      verb: 'commit',
      memberId: '',
      instanceId: null,
      generation: -1,
      tellsUnknownGroup: false,
      expiresMs: null,
      committedMs: null,
      producerId,
      offsets: [{ topicId, partition: 0, offset, leaderEpoch: -1, metadata: '' }],
    })
    return told.error
  }

  /** The group's offset for partition 0, null for none. */
  async committedOffset(groupId: string): Promise<number | null> {
    const wanted = [{ topicId: this.partition(0).topic.id, partitions: [0] }]
    const told = await this.groups.submit(groupId, { verb: 'fetch', member: { id: null, epoch: -1 }, wanted })
    return told.topics[0]?.partitions[0]?.row?.[0] ?? null
  }

  async #join(id: string, part: Part, partition?: Partition): Promise<string> {
    for (;;) {
      await partition?.open()
      const standing = this.transactions.standing(id, part)
      if (standing === 'TRANSACTION_ABORTABLE') this.transactions.join(id, part)
      else if (standing !== null) return standing
      else if ((await this.transactions.settled(id)) === 'NONE') continue
      return 'NONE'
    }
  }

  /** What a reader of committed data sees from the start: aborted ranges taken out as clients do. */
  async readCommitted(index: number): Promise<string[]> {
    const [result] = await this.engine.read([{ partition: this.partition(index), fromOffset: 0, bytesMax: 1 << 30 }], committed)
    return withoutAborted(result!)
  }

  async readAll(index: number): Promise<string[]> {
    const [result] = await this.engine.read([{ partition: this.partition(index), fromOffset: 0, bytesMax: 1 << 30 }], everything)
    return valuesOf(result)
  }
}

/** As every consumer filters: from an aborted transaction's first offset to its marker, the producer's records do not count. */
export function withoutAborted(result: FetchResult): string[] {
  const aborted = [...result.abortedTransactions]
  const skipping = new Set<number>()
  const values: string[] = []
  for (const bytes of result.buffers) {
    for (let at = 0, next: number; (next = nextBatch(bytes, at)) !== -1; at = next) {
      const producerId = producerIdOf(bytes, at)
      while (aborted[0] && aborted[0].firstOffset <= baseOffsetOf(bytes, at)) skipping.add(aborted.shift()!.producerId)
      if (isControl(bytes, at)) skipping.delete(producerId)
      else if (!(isTransactional(bytes, at) && skipping.has(producerId))) {
        values.push(...readRecords(bytes.subarray(at, next)).map(({ value }) => String(value)))
      }
    }
  }
  return values
}
