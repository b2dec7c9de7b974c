// Opening a partition: what is read for it, and the order of appends that come meanwhile.
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { ManualClock } from '../../src/clock.ts'
import type { Partition } from '../../src/engine/partition.ts'
import { producerTable } from '../../src/engine/rows.ts'
import { seededRandom } from '../../src/random.ts'
import { openLmdbStore } from '../../storage/lmdb-store.ts'
import { openMemoryStore } from '../../storage/memory-store.ts'
import type { Store } from '../../storage/store.ts'
import { batchOf, everything, startEngine, storeOptions, valuesOf } from './harness.ts'

const MiB = 1024 * 1024

/** Bytes that were read of the log since the last call. */
function countReads(store: Store): () => number {
  const { log } = store
  const read = log.read.bind(log)
  let bytes = 0
  log.read = async (requests, memory) => {
    const results = await read(requests, memory)
    for (const { chunks } of results) for (const chunk of chunks) bytes += chunk.bytes.length
    return results
  }
  return () => {
    const sum = bytes
    bytes = 0
    return sum
  }
}

test('opening a large partition reads its end, whoever wrote it', async () => {
  const clock = new ManualClock()
  const store = openMemoryStore(storeOptions(clock))
  const { engine } = await startEngine({ clock, store })
  const topic = await engine.topics.create({ name: 't', partitionCount: 1, configs: { 'max.message.bytes': String(16 * MiB) } })
  const idempotent = batchOf(['first'], clock.now(), { producerId: 7, producerEpoch: 0, baseSequence: 0 })
  await engine.append(topic.partitions[0]!, Buffer.from(idempotent))
  const large = 'x'.repeat(8 * MiB)
  for (let i = 0; i < 20; i++) await engine.append(topic.partitions[0]!, batchOf([large], clock.now()), { trusted: true })

  const bytesRead = countReads(store)
  const { engine: restarted } = await startEngine({ clock, store })
  const partition = restarted.topics.get('t')!.partitions[0]!
  await partition.open()
  expect(bytesRead()).toBeLessThan(100 * MiB)
  expect(partition.endOffset).toBe(21)
  // What the snapshots had of producers is not lost with what is not read.
  expect((await restarted.append(partition, idempotent)).baseOffset).toBe(0)
})

/** A directory whose partitions have batches of some producers, from a few bytes to more than is read at a time. */
async function writtenByProducers(clock: ManualClock, seed: number): Promise<string> {
  const directory = mkdtempSync(join(tmpdir(), 'twinlog-opening-'))
  onTestFinished(() => rmSync(directory, { recursive: true }))
  const store = await openLmdbStore(directory, storeOptions(clock))
  const { engine } = await startEngine({ clock, store })
  const { partitions } = await engine.topics.create({ name: 't', partitionCount: 2, configs: { 'max.message.bytes': String(MiB) } })
  const random = seededRandom(seed)
  for (const partition of partitions) {
    const sequences = [0, 0, 0]
    for (let i = 0; i < 60; i++) {
      const producerId = random.integer(3)
      const value = 'x'.repeat(1 + random.integer(2 ** (1 + random.integer(20)) - 1))
      const count = 1 + random.integer(3)
      const values = Array.from({ length: count }, (_, n) => (n === 0 ? value.slice(0, 900_000) : 'y'))
      await engine.append(partition, batchOf(values, clock.now() + i, { producerId, producerEpoch: 0, baseSequence: sequences[producerId]! }))
      sequences[producerId]! += count
    }
  }
  await store.close()
  return directory
}

/** What opening finds of the writers; `alone` gives every read memory of its own. */
async function writersOf(directory: string, clock: ManualClock, alone: boolean) {
  const store = await openLmdbStore(directory, storeOptions(clock))
  if (alone) {
    const read = store.log.read.bind(store.log)
    store.log.read = (requests) => read(requests)
  }
  const { engine } = await startEngine({ clock, store })
  const { partitions } = engine.topics.get('t')!
  await Promise.all(partitions.map((partition) => partition.open()))
  const found = partitions.map(({ writers, endOffset }) => ({ endOffset, producers: writers.producers.rows(), open: writers.transactions.rows() }))
  await store.close()
  return found
}

test('what opening finds of producers is the same when all partitions read at once into memory that they use again', async () => {
  for (const seed of [1, 2]) {
    const clock = new ManualClock()
    const directory = await writtenByProducers(clock, seed)
    const found = await writersOf(directory, clock, false)
    expect(found, `seed ${seed}`).toEqual(await writersOf(directory, clock, true))
    expect(found.map(({ producers }) => producers.length)).toEqual([3, 3])
  }
})

/** Appends once more after each number of turns of the microtask queue, while `ready` does its work. */
async function appendOneByOne(append: (value: string) => Promise<unknown>): Promise<void> {
  const appends: Promise<unknown>[] = []
  for (let i = 0; i < 60; i++) {
    appends.push(append(String(i)))
    await null
  }
  await Promise.all(appends)
}

const inOrder = Array.from({ length: 60 }, (_, i) => String(i))

test('appends keep their order while the partition is opened and held', async () => {
  const { engine, clock } = await startEngine()
  const append = (partition: Partition) => (value: string) => engine.append(partition, batchOf([value], clock.now()))
  const written = async (partition: Partition) => valuesOf((await engine.read([{ partition, fromOffset: 0, bytesMax: MiB }], everything))[0])
  const [closed, held] = (await engine.topics.create({ name: 't', partitionCount: 2 })).partitions

  await appendOneByOne(append(closed!))
  expect(await written(closed!)).toEqual(inOrder)

  await held!.open()
  const release = await held!.hold()
  const appending = appendOneByOne(append(held!))
  for (let i = 0; i < 20; i++) await null
  release()
  await appending
  expect(await written(held!)).toEqual(inOrder)
})

test('what a deleted partition’s producers stored last goes with it', async () => {
  const { engine, clock, store } = await startEngine()
  for (let turns = 0; turns < 12; turns++) {
    const [partition] = (await engine.topics.create({ name: 't', partitionCount: 1 })).partitions
    const append = (baseSequence: number) =>
      engine.append(partition!, batchOf(['x'], clock.now(), { producerId: 7, producerEpoch: 0, baseSequence })).catch(() => {})
    // The next one brings a snapshot.
    for (let i = 0; i < 63; i++) await append(i)
    const deleting = engine.topics.delete('t')
    for (let i = 0; i < turns; i++) await null
    await Promise.all([append(63), deleting])
    await engine.idle()
    expect(await store.tables.list(producerTable)).toEqual([])
  }
})
