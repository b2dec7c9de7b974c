import { expect, test } from 'vitest'
import { buildEndMarker } from '../../protocol/records/control.ts'
import type { Partition } from '../../src/engine/partition.ts'
import { droppedTable } from '../../src/engine/rows.ts'
import { batchOf, committed, everything, startEngine, valuesOf } from './harness.ts'

const all = (partition: Partition, fromOffset = 0) => [{ partition, fromOffset, bytesMax: 1 << 20 }]

test('what is appended is read, in order, at the offsets that were told', async () => {
  const { engine, clock } = await startEngine()
  const topic = await engine.topics.create({ name: 'orders', partitionCount: 2 })
  const [first, second] = topic.partitions
  const answers = await Promise.all([
    engine.append(first!, batchOf(['a', 'b'], clock.now())),
    engine.append(second!, batchOf(['x'], clock.now())),
    engine.append(first!, batchOf(['c'], clock.now())),
  ])
  expect(answers.map(({ baseOffset }) => baseOffset)).toEqual([0, 0, 2])
  const results = await engine.read([...all(first!), ...all(second!)], everything)
  expect(results.map(valuesOf)).toEqual([['a', 'b', 'c'], ['x']])
  expect(results[0]).toMatchObject({ startOffset: 0, endOffset: 3, lastStableOffset: 3, error: null })
})

test('a fetch in the middle of a batch returns the whole batch; one outside the log is refused', async () => {
  const { engine, clock } = await startEngine()
  const [partition] = (await engine.topics.create({ name: 't', partitionCount: 1 })).partitions
  await engine.append(partition!, batchOf(['a', 'b', 'c'], clock.now()))
  await engine.append(partition!, batchOf(['d'], clock.now()))
  expect(valuesOf((await engine.read(all(partition!, 1), everything))[0])).toEqual(['a', 'b', 'c', 'd'])
  expect(valuesOf((await engine.read(all(partition!, 3), everything))[0])).toEqual(['d'])
  expect((await engine.read(all(partition!, 4), everything))[0]).toMatchObject({ buffers: [], error: null })
  expect((await engine.read(all(partition!, 5), everything))[0]).toMatchObject({ error: 'offset-out-of-range' })
})

test('the first batch is given however large; what follows keeps to the limits', async () => {
  const { engine, clock } = await startEngine()
  const { partitions } = await engine.topics.create({ name: 't', partitionCount: 2 })
  for (const partition of partitions) for (const value of ['1', '2', '3']) await engine.append(partition, batchOf([value.repeat(1000)], clock.now()))
  const requests = partitions.map((partition) => ({ partition, fromOffset: 0, bytesMax: 10 }))
  const results = await engine.read(requests, { bytesMax: 5000, committedOnly: false })
  expect(results.map((result) => valuesOf(result).length)).toEqual([1, 0])
  const wide = await engine.read(
    requests.map((r) => ({ ...r, bytesMax: 2500 })),
    { bytesMax: 4000, committedOnly: false },
  )
  expect(wide.map((result) => valuesOf(result).length)).toEqual([2, 1])
})

test('a retried batch of an idempotent producer is answered with its first offset, also after a restart', async () => {
  const { engine, clock, store } = await startEngine()
  const [partition] = (await engine.topics.create({ name: 't', partitionCount: 1 })).partitions
  const send = (values: string[], baseSequence: number, to = partition!, by = engine) =>
    by.append(to, batchOf(values, clock.now(), { producerId: 5, producerEpoch: 0, baseSequence }))
  await send(['a', 'b'], 0)
  const both = await Promise.all([send(['c'], 2), send(['c'], 2)])
  expect(both.map(({ baseOffset }) => baseOffset)).toEqual([2, 2])
  await expect(send(['e'], 4)).rejects.toMatchObject({ code: 'sequence-out-of-order' })
  for (let i = 3; i < 150; i++) await send([`v${i}`], i)
  engine.close()

  const again = await startEngine({ store, clock })
  const reopened = again.engine.topics.get('t')!.partitions[0]!
  expect((await send(['v149'], 149, reopened, again.engine)).baseOffset).toBe(149)
  expect((await send(['next'], 150, reopened, again.engine)).baseOffset).toBe(150)
  await expect(send(['gap'], 152, reopened, again.engine)).rejects.toMatchObject({ code: 'sequence-out-of-order' })
})

test('readers of committed data stop at an open transaction and skip an aborted one; a restart changes nothing', async () => {
  const { engine, clock, store } = await startEngine()
  const [partition] = (await engine.topics.create({ name: 't', partitionCount: 1 })).partitions
  const send = (producerId: number, value: string, baseSequence: number) =>
    engine.append(partition!, batchOf([value], clock.now(), { producerId, producerEpoch: 0, baseSequence, transactional: true }))
  const end = async (producerId: number, isCommit: boolean): Promise<void> => {
    const batch = store.batch()
    const facts = { producerId, producerEpoch: 0, committed: isCommit, timestampMs: clock.now() }
    const done = partition!.addMarker(batch, { ...facts, bytes: buildEndMarker({ ...facts, coordinatorEpoch: 0 }) })
    const [result] = await batch.commit()
    done(result!.baseOffset)
  }
  await engine.append(partition!, batchOf(['plain'], clock.now()))
  await send(1, 'aborted', 0)
  await send(2, 'kept', 0)
  expect((await engine.read(all(partition!), committed))[0]).toMatchObject({ lastStableOffset: 1, endOffset: 3 })
  await end(2, true)
  expect(partition!.lastStableOffset).toBe(1)
  await end(1, false)
  const [result] = await engine.read(all(partition!), committed)
  expect(result).toMatchObject({ lastStableOffset: 5, endOffset: 5, abortedTransactions: [{ producerId: 1, firstOffset: 1 }] })
  await send(3, 'open', 0)
  engine.close()

  const again = await startEngine({ store, clock })
  const reopened = again.engine.topics.get('t')!.partitions[0]!
  const [after] = await again.engine.read(all(reopened), committed)
  expect(after).toMatchObject({ lastStableOffset: 5, endOffset: 6, abortedTransactions: [{ producerId: 1, firstOffset: 1 }] })
  expect(valuesOf(after)).toEqual(['plain', 'aborted', 'kept'])
})

test('offsets are found by the time of single records, and the largest timestamp by its first record', async () => {
  const { engine } = await startEngine()
  const [partition] = (await engine.topics.create({ name: 't', partitionCount: 1 })).partitions
  const base = 1_700_000_000_000
  for (const at of [10, 30, 20, 40]) await engine.append(partition!, batchOf([`t${at}`], base + at))
  expect(await engine.offsetForTime(partition!, base)).toMatchObject({ offset: 0, timestampMs: base + 10 })
  expect(await engine.offsetForTime(partition!, base + 15)).toMatchObject({ offset: 1 })
  expect(await engine.offsetForTime(partition!, base + 31)).toMatchObject({ offset: 3 })
  expect(await engine.offsetForTime(partition!, base + 41)).toBeNull()
  expect(await engine.offsetOfMaxTimestamp(partition!)).toMatchObject({ offset: 3, timestampMs: base + 40 })
})

test('DeleteRecords moves the start; the rest stays readable', async () => {
  const { engine, clock } = await startEngine()
  const [partition] = (await engine.topics.create({ name: 't', partitionCount: 1 })).partitions
  for (const value of ['a', 'b', 'c']) await engine.append(partition!, batchOf([value], clock.now()))
  expect(await engine.deleteRecords(partition!, 2)).toBe(2)
  expect((await engine.read(all(partition!, 1), everything))[0]).toMatchObject({ error: 'offset-out-of-range', startOffset: 2 })
  expect(valuesOf((await engine.read(all(partition!, 2), everything))[0])).toEqual(['c'])
  await expect(engine.deleteRecords(partition!, 9)).rejects.toMatchObject({ code: 'offset-out-of-range' })
  expect(await engine.deleteRecords(partition!, -1)).toBe(3)
})

test('retention drops what is past its time, and a full segment at once when a topic is over its size', async () => {
  const { engine, clock } = await startEngine()
  const timed = await engine.topics.create({ name: 'timed', partitionCount: 1, configs: { 'retention.ms': '1000' } })
  await engine.append(timed.partitions[0]!, batchOf(['old'], clock.now()))
  await clock.advance(2000)
  await engine.append(timed.partitions[0]!, batchOf(['new'], clock.now()))
  await engine.checkRetention()
  await clock.advance(2000)
  await engine.checkRetention()
  expect(timed.partitions[0]).toMatchObject({ startOffset: 2, endOffset: 2 })

  const sized = await engine.topics.create({
    name: 'sized',
    partitionCount: 1,
    configs: { 'retention.bytes': '4000000', 'segment.bytes': '1048576' },
  })
  for (let i = 0; i < 40; i++) await engine.append(sized.partitions[0]!, batchOf(['x'.repeat(500_000)], clock.now()))
  await engine.checkRetention()
  expect(sized.partitions[0]!.startOffset).toBeGreaterThan(25)
  expect(sized.partitions[0]!.bytes).toBeLessThan(6_000_000)
})

test('a long poll wakes when a commit brings what it waits for, and at its deadline otherwise', async () => {
  const { engine, clock } = await startEngine()
  const [partition] = (await engine.topics.create({ name: 't', partitionCount: 1 })).partitions
  await engine.open([partition!])
  const woken = engine.waiters.park([partition!], clock.now() + 500, () => partition!.endOffset >= 2)
  await engine.append(partition!, batchOf(['a'], clock.now()))
  await engine.append(partition!, batchOf(['b'], clock.now()))
  await woken
  let late = false
  const waiting = engine.waiters.park([partition!], clock.now() + 500, () => partition!.endOffset >= 3).then(() => (late = true))
  await clock.advance(499)
  expect(late).toBe(false)
  await clock.advance(1)
  await waiting
})

test('topics: names, collisions, growth, configs, deletion', async () => {
  const { engine } = await startEngine({ settings: { 'num.partitions': 3 } })
  const { topics } = engine
  expect((await topics.create({ name: 'a.b' })).partitions).toHaveLength(3)
  await expect(topics.create({ name: 'a.b' })).rejects.toMatchObject({ code: 'topic-exists' })
  await expect(topics.create({ name: 'a_b' })).rejects.toMatchObject({ code: 'topic-name-invalid' })
  await expect(topics.create({ name: '..' })).rejects.toMatchObject({ code: 'topic-name-invalid' })
  await expect(topics.create({ name: 'bad name' })).rejects.toMatchObject({ code: 'topic-name-invalid' })
  await expect(topics.create({ name: 'c', configs: { 'retention.ms': 'soon' } })).rejects.toMatchObject({ code: 'config-invalid' })
  await topics.create({ name: 'dry', validateOnly: true })
  expect(topics.get('dry')).toBeUndefined()
  await expect(topics.addPartitions('a.b', 2)).rejects.toMatchObject({ code: 'partition-count-invalid' })
  await topics.addPartitions('a.b', 5)
  const topic = topics.get('a.b')!
  expect(topic.partitions.map(({ index }) => index)).toEqual([0, 1, 2, 3, 4])
  expect(topic.shards.filter(({ endOffset }) => endOffset === null)).toHaveLength(5)
  await topics.alterConfigs('a.b', new Map([['retention.ms', '5000']]))
  expect(topic.config.retentionMs).toBe(5000)
  await topics.delete('a.b')
  expect(topics.byId(topic.id)).toBeUndefined()
  await expect(engine.append(topic.partitions[0]!, batchOf(['late'], 0))).rejects.toMatchObject({ code: 'topic-unknown' })
})

test('a topic with a compression of its own stores every batch that way', async () => {
  const { engine, clock } = await startEngine()
  const topic = await engine.topics.create({ name: 't', partitionCount: 1, configs: { 'compression.type': 'gzip' } })
  await engine.append(topic.partitions[0]!, batchOf(['same '.repeat(200)], clock.now()))
  const [result] = await engine.read(all(topic.partitions[0]!), everything)
  expect(result!.bytes).toBeLessThan(200)
  expect(valuesOf(result)).toEqual(['same '.repeat(200)])
})

test('log append time replaces the producer’s', async () => {
  const { engine, clock } = await startEngine()
  const topic = await engine.topics.create({ name: 't', partitionCount: 1, configs: { 'message.timestamp.type': 'LogAppendTime' } })
  const answer = await engine.append(topic.partitions[0]!, batchOf(['a'], 5))
  expect(answer.logAppendTimeMs).toBe(clock.now())
  expect(await engine.offsetForTime(topic.partitions[0]!, clock.now())).toMatchObject({ offset: 0, timestampMs: clock.now() })
})

test('a retried batch is told the time of its first append, also while that is under way and after a restart', async () => {
  const { engine, clock, store } = await startEngine()
  const { partitions } = await engine.topics.create({ name: 't', partitionCount: 1, configs: { 'message.timestamp.type': 'LogAppendTime' } })
  await engine.open(partitions)
  const send = (to: Partition, by = engine) => by.append(to, batchOf(['a'], 5, { producerId: 5, producerEpoch: 0, baseSequence: 0 }))
  const firstMs = clock.now()
  const first = send(partitions[0]!)
  await clock.advance(1000)
  const again = await send(partitions[0]!)
  expect([(await first).logAppendTimeMs, again.logAppendTimeMs]).toEqual([firstMs, firstMs])
  engine.close()

  const { engine: reopened } = await startEngine({ store, clock })
  expect(await send(reopened.topics.get('t')!.partitions[0]!, reopened)).toMatchObject({ baseOffset: 0, logAppendTimeMs: firstMs })
})

test('producer ids are handed out once, also after a restart and a reset', async () => {
  const { engine, store, clock } = await startEngine()
  const ids = await Promise.all(Array.from({ length: 1500 }, () => engine.newProducerId()))
  await engine.reset()
  ids.push(await engine.newProducerId())
  engine.close()
  const again = await startEngine({ store, clock })
  ids.push(await again.engine.newProducerId())
  expect(new Set(ids.map(({ producerId }) => producerId)).size).toBe(ids.length)
})

test('a stop in the middle of freeing deleted partitions complains of nothing, and the next start finishes', async () => {
  const { engine, store, clock } = await startEngine()
  await engine.topics.create({ name: 'wide', partitionCount: 50 })
  await engine.topics.delete('wide')
  engine.close()
  await engine.idle()
  expect((await store.tables.list(droppedTable)).length).toBeGreaterThan(0)
  const again = await startEngine({ store, clock })
  await expect.poll(async () => (await store.tables.list(droppedTable)).length).toBe(0)
  again.engine.close()
})
