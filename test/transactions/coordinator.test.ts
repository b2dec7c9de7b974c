import { expect, test } from 'vitest'
import { World } from './world.ts'

const init = (world: World, id = 'tx', had = { producerId: -1, producerEpoch: -1 }, timeoutMs = 10_000) =>
  world.transactions.init(id, { timeoutMs, ...had })
const end = (world: World, producer: { producerId: number; producerEpoch: number }, committed: boolean, raisesEpoch: boolean, id = 'tx') =>
  world.transactions.end(id, { ...producer, committed, raisesEpoch })

test('a new transactional id gets epoch 0; every later init raises the epoch', async () => {
  const world = await World.open()
  const first = await init(world)
  expect(first).toMatchObject({ error: 'NONE', producerEpoch: 0 })
  expect(await init(world)).toEqual({ error: 'NONE', producerId: first.producerId, producerEpoch: 1 })
})

test('a timeout above the maximum, or none, is refused', async () => {
  const world = await World.open()
  expect((await init(world, 'tx', undefined, 60_001)).error).toBe('INVALID_TRANSACTION_TIMEOUT')
  expect((await init(world, 'tx', undefined, 0)).error).toBe('INVALID_TRANSACTION_TIMEOUT')
})

test('a producer that names what it had keeps its claim once; an older one is fenced', async () => {
  const world = await World.open()
  const first = await init(world)
  const second = await init(world, 'tx', first)
  expect(second).toMatchObject({ error: 'NONE', producerEpoch: 1 })
  // The answer was lost, and the producer asks again with what it had.
  expect(await init(world, 'tx', first)).toEqual(second)
  await init(world)
  expect((await init(world, 'tx', first)).error).toBe('PRODUCER_FENCED')
})

test('an init over an open transaction aborts it and fences its producer', async () => {
  const world = await World.open()
  const older = { ...(await init(world)), sequence: 0 }
  expect(await world.produce('tx', older, 0, 'left open')).toBe('NONE')
  expect(await world.readCommitted(0)).toEqual([])
  const newer = await init(world)
  expect(newer.producerEpoch).toBe(2)
  expect(world.partition(0).lastStableOffset).toBe(2)
  expect(await world.readCommitted(0)).toEqual([])
  expect(await world.produce('tx', { ...older, sequence: 1 }, 0, 'late')).toBe('PRODUCER_FENCED')
  expect((await end(world, older, true, false)).error).toBe('PRODUCER_FENCED')
})

test('before KIP-890: a commit can be repeated, but not turned into an abort', async () => {
  const world = await World.open()
  const producer = await init(world)
  expect((await end(world, producer, true, false)).error).toBe('INVALID_TXN_STATE')
  await world.produce('tx', { ...producer, sequence: 0 }, 0, 'a')
  expect((await end(world, producer, true, false)).error).toBe('NONE')
  expect((await end(world, producer, true, false)).error).toBe('NONE')
  expect((await end(world, producer, false, false)).error).toBe('INVALID_TXN_STATE')
  expect(await world.readCommitted(0)).toEqual(['a'])
})

test('KIP-890: an end raises the epoch, its retry is told so, and a late one never ends the next transaction', async () => {
  const world = await World.open()
  const producer = await init(world)
  await world.produce('tx', { ...producer, sequence: 0 }, 0, 'a')
  const after = await end(world, producer, true, true)
  expect(after).toEqual({ error: 'NONE', producerId: producer.producerId, producerEpoch: 1 })
  expect(await end(world, producer, true, true)).toEqual(after)
  expect((await end(world, producer, false, true)).error).toBe('INVALID_TXN_STATE')
  await world.produce('tx', { ...after, sequence: 0 }, 0, 'b')
  expect((await end(world, producer, true, true)).error).toBe('PRODUCER_FENCED')
  expect(world.partition(0).lastStableOffset).toBe(2)
  expect((await end(world, after, false, true)).producerEpoch).toBe(2)
  expect(await world.readCommitted(0)).toEqual(['a'])
})

test('KIP-890: an abort of nothing is granted and raises the epoch; a commit of nothing is not', async () => {
  const world = await World.open()
  const producer = await init(world)
  expect((await end(world, producer, true, true)).error).toBe('INVALID_TXN_STATE')
  expect(await end(world, producer, false, true)).toMatchObject({ error: 'NONE', producerEpoch: 1 })
})

test('epochs run out: the id goes on with a new producer id', async () => {
  const world = await World.open()
  let producer = await init(world)
  const first = producer.producerId
  for (let i = 0; i < 32_766; i++) producer = await init(world)
  expect(producer).toMatchObject({ error: 'NONE', producerId: first, producerEpoch: 32_766 })
  producer = await init(world)
  expect(producer.producerEpoch).toBe(0)
  expect(producer.producerId).not.toBe(first)
})

test('a transaction that takes too long is aborted, its producer is fenced, also after a crash', async () => {
  const world = await World.open()
  const producer = { ...(await init(world)), sequence: 0 }
  await world.produce('tx', producer, 1, 'slow')
  await world.crash()
  await world.clock.advance(9_000)
  expect(world.partition(1).opened && world.partition(1).lastStableOffset).toBe(0)
  await world.clock.advance(2_000)
  await world.engine.open([world.partition(1)])
  expect(world.partition(1).lastStableOffset).toBe(2)
  expect((await end(world, producer, true, false)).error).toBe('PRODUCER_FENCED')
  expect(await world.produce('tx', { ...producer, sequence: 1 }, 1, 'late')).toBe('PRODUCER_FENCED')
  // Who asks with KIP-890 learns that it was not committed, and an abort is what has happened.
  expect((await end(world, producer, true, true)).error).toBe('INVALID_TXN_STATE')
  expect(await end(world, producer, false, true)).toMatchObject({ error: 'NONE', producerEpoch: 1 })
})

test('KIP-588: a producer whose transaction timed out may go on with the next epoch, unless another has the id', async () => {
  const world = await World.open()
  const producer = { ...(await init(world)), sequence: 0 }
  await world.produce('tx', producer, 0, 'slow')
  await world.clock.advance(11_000)
  const next = await init(world, 'tx', producer)
  expect(next).toEqual({ error: 'NONE', producerId: producer.producerId, producerEpoch: 1 })
  expect((await world.transactions.describe('tx'))?.state).toBe('Empty')
  expect(await world.produce('tx', { ...next, sequence: 0 }, 0, 'again')).toBe('NONE')
  expect((await end(world, next, true, true)).error).toBe('NONE')
  expect(await world.readCommitted(0)).toEqual(['again'])
  await init(world)
  expect((await init(world, 'tx', next)).error).toBe('PRODUCER_FENCED')
})

test('an init that names the epoch before an open transaction aborts that first', async () => {
  const world = await World.open()
  const first = await init(world)
  await world.produce('tx', { ...first, sequence: 0 }, 0, 'a')
  const second = await end(world, first, true, true)
  await world.produce('tx', { ...second, sequence: 0 }, 0, 'open')
  const third = await init(world, 'tx', first)
  expect(third).toMatchObject({ error: 'NONE', producerEpoch: second.producerEpoch + 2 })
  expect(await world.readCommitted(0)).toEqual(['a'])
  expect((await end(world, second, true, true)).error).toBe('PRODUCER_FENCED')
})

test('an id that nobody uses is forgotten after its expiry', async () => {
  const world = await World.open()
  await init(world)
  await world.clock.advance(world.settings.get('transactional.id.expiration.ms') + 1)
  expect(await world.transactions.describe('tx')).toBeUndefined()
})

test('one who does not own the id is told so', async () => {
  const world = await World.open()
  const stranger = { producerId: 999, producerEpoch: 0 }
  expect((await end(world, stranger, true, true)).error).toBe('INVALID_PRODUCER_ID_MAPPING')
  await init(world)
  expect(await world.produce('tx', { ...stranger, sequence: 0 }, 0, 'x')).toBe('INVALID_PRODUCER_ID_MAPPING')
})

test('a verification asks and changes nothing', async () => {
  const world = await World.open()
  const producer = await init(world)
  const part = { producerId: producer.producerId, producerEpoch: 0, partitions: [world.key(0)], groups: [], verifyOnly: true }
  expect((await world.transactions.add('tx', part)).error).toBe('TRANSACTION_ABORTABLE')
  await world.transactions.add('tx', { ...part, verifyOnly: false })
  expect((await world.transactions.add('tx', part)).error).toBe('NONE')
})

test('a partition that is deleted meanwhile does not keep the others from their markers', async () => {
  const world = await World.open()
  const producer = { ...(await init(world)), sequence: 0 }
  const gone = await world.engine.topics.create({ name: 'gone', partitionCount: 1 })
  await world.transactions.add('tx', { ...producer, partitions: [`${gone.id}/0`], groups: [], verifyOnly: false })
  await world.produce('tx', producer, 0, 'a')
  await world.engine.topics.delete('gone')
  expect((await end(world, producer, true, true)).error).toBe('NONE')
  expect(await world.readCommitted(0)).toEqual(['a'])
})

test('producer ids are taken for new transactional ids and where epochs run out, not for every end', async () => {
  const world = await World.open()
  let producer = await init(world)
  const { producerId: before } = await world.engine.newProducerId()
  for (let i = 0; i < 10; i++) {
    await world.produce('tx', { ...producer, sequence: 0 }, 0, 'a')
    producer = await end(world, producer, i % 2 === 0, true)
  }
  producer = await init(world)
  expect((await world.engine.newProducerId()).producerId).toBe(before + 1)
})

test('KIP-890: epochs that run out in the middle of ends go on with a new producer id', async () => {
  const world = await World.open()
  let producer = await init(world)
  for (let i = 0; i < 32_766; i++) producer = await init(world)
  await world.produce('tx', { ...producer, sequence: 0 }, 0, 'last of its id')
  const next = await end(world, producer, true, true)
  expect(next).toMatchObject({ error: 'NONE', producerEpoch: 0 })
  expect(next.producerId).not.toBe(producer.producerId)
  // Its answer was lost.
  expect(await end(world, producer, true, true)).toEqual(next)
  expect(await world.produce('tx', { ...producer, sequence: 1 }, 0, 'late')).toBe('INVALID_PRODUCER_ID_MAPPING')
  expect(await world.produce('tx', { ...next, sequence: 0 }, 0, 'first of the next')).toBe('NONE')
  await end(world, next, true, true)
  expect(await world.readCommitted(0)).toEqual(['last of its id', 'first of the next'])
})
