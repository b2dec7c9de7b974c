// Transactions while the disk is full: what is refused leaves nothing behind, and goes through when there is room again.
import { expect, test } from 'vitest'
import { fullStore } from './stopping-store.ts'
import { World } from './world.ts'

test('joins, batches, offsets and ends that find no room are refused, and count once when they come again', async () => {
  const world = await World.open()
  const disk = fullStore(world.store)
  await world.crash(disk.store)
  const { error, ...producer } = await world.transactions.init('tx', { timeoutMs: 5_000, producerId: -1, producerEpoch: -1 })
  expect(error).toBe('NONE')
  const end = (committed: boolean) => world.transactions.end('tx', { ...producer, committed, raisesEpoch: true })

  // The first batch of a transaction, whose join is refused with it, and one of a transaction that is open.
  disk.full = true
  expect(await world.produce('tx', { ...producer, sequence: 0 }, 0, 'a')).toBe('storage-full')
  expect((await world.transactions.describe('tx'))?.state).toBe('Empty')
  disk.full = false
  expect(await world.produce('tx', { ...producer, sequence: 0 }, 0, 'a')).toBe('NONE')
  disk.full = true
  expect(await world.produce('tx', { ...producer, sequence: 1 }, 0, 'b')).toBe('storage-full')
  expect(await world.produce('tx', { ...producer, sequence: 0 }, 1, 'c')).toBe('storage-full')
  expect(await world.commitOffset('tx', producer, 'g', 5)).not.toBe('NONE')
  disk.full = false
  expect(await world.produce('tx', { ...producer, sequence: 1 }, 0, 'b')).toBe('NONE')
  expect(await world.produce('tx', { ...producer, sequence: 0 }, 1, 'c')).toBe('NONE')
  expect(await world.commitOffset('tx', producer, 'g', 5)).toBe('NONE')

  disk.full = true
  expect((await end(true)).error).toBe('COORDINATOR_NOT_AVAILABLE')
  for (const index of [0, 1]) await world.partition(index).open()
  expect(await world.readCommitted(0)).toEqual([])
  expect(await world.committedOffset('g')).toBe(null)
  disk.full = false
  expect(await end(true)).toMatchObject({ error: 'NONE', producerEpoch: producer.producerEpoch + 1 })
  for (const index of [0, 1]) await world.partition(index).open()
  expect([await world.readCommitted(0), await world.readCommitted(1), await world.committedOffset('g')]).toEqual([['a', 'b'], ['c'], 5])
})

test('a transaction that times out while the disk is full is aborted when there is room', async () => {
  const world = await World.open()
  const disk = fullStore(world.store)
  await world.crash(disk.store)
  const producer = await world.transactions.init('tx', { timeoutMs: 5_000, producerId: -1, producerEpoch: -1 })
  expect(await world.produce('tx', { ...producer, sequence: 0 }, 0, 'slow')).toBe('NONE')
  disk.full = true
  await world.clock.advance(6_000)
  expect((await world.transactions.describe('tx'))?.state).toBe('Ongoing')
  disk.full = false
  await expect
    .poll(async () => {
      await world.clock.advance(1_000)
      return (await world.transactions.describe('tx'))?.state
    })
    .toBe('CompleteAbort')
  await world.partition(0).open()
  expect(world.partition(0).lastStableOffset).toBe(2)
})
