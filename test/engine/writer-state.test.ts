// What a partition knows of transactions, where its stored state and its memory change beside each other.
import { expect, test } from 'vitest'
import { buildEndMarker } from '../../protocol/records/control.ts'
import type { Partition } from '../../src/engine/partition.ts'
import { abortedTable } from '../../src/engine/rows.ts'
import type { Store } from '../../storage/store.ts'
import { batchOf, startEngine } from './harness.ts'

const producerId = 1
const producerEpoch = 0

/** A transaction's end that is asked for; it is stored by calling the answer. */
function endOf(partition: Partition, store: Store, committed: boolean, timestampMs: number): () => Promise<void> {
  const facts = { producerId, producerEpoch, committed, timestampMs }
  const batch = store.batch()
  const done = partition.addMarker(batch, { ...facts, bytes: buildEndMarker({ ...facts, coordinatorEpoch: 0 }) })
  return async () => {
    const [result] = await batch.commit()
    done(result!.baseOffset)
  }
}

const startWithPartition = async () => {
  const started = await startEngine()
  const [partition] = (await started.engine.topics.create({ name: 't', partitionCount: 1 })).partitions as [Partition]
  const { engine, clock } = started
  const send = (options: object) => engine.append(partition, batchOf(['x'], clock.now(), { producerId, producerEpoch, ...options }))
  return { ...started, partition, send }
}

test('a transaction whose end is stored while the partition is loaded anew is over', async () => {
  for (let turns = 0; turns < 20; turns++) {
    const { store, clock, partition, send } = await startWithPartition()
    await send({ baseSequence: 0, transactional: true })
    const end = endOf(partition, store, true, clock.now())
    // As after a failed append.
    partition.opened = false
    const opening = partition.open()
    for (let i = 0; i < turns; i++) await null
    await Promise.all([end(), opening])
    await partition.open()
    expect([turns, partition.lastStableOffset]).toEqual([turns, partition.endOffset])
  }
})

test('an aborted transaction is forgotten with its records, in memory and in the store', async () => {
  const { engine, store, clock, partition, send } = await startWithPartition()
  let baseSequence = 0
  /** Enough batches that a snapshot is stored. */
  const snapshot = async () => {
    for (let i = 0; i < 64; i++) await send({ baseSequence: baseSequence++ })
  }
  await send({ baseSequence: baseSequence++, transactional: true })
  await endOf(partition, store, false, clock.now())()
  await snapshot()
  expect(partition.writers.transactions.aborted()).toHaveLength(1)
  expect(await store.tables.list(abortedTable)).toHaveLength(1)
  await engine.deleteRecords(partition, 10)
  expect(partition.writers.transactions.aborted()).toEqual([])
  await snapshot()
  expect(await store.tables.list(abortedTable)).toEqual([])
})
