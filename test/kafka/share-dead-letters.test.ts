// Dead letter queues of share groups (KIP-1191) through the Kafka door. What letters hold is what Apache Kafka 4.4.0 wrote for the same requests.
import { expect, test } from 'vitest'
import { createTopics } from '../../protocol/messages/create-topics.ts'
import { buildBatch } from '../../protocol/records/builder.ts'
import { type DecodedRecord, readRecords } from '../../protocol/records/record.ts'
import { ManualClock } from '../../src/clock.ts'
import { batch } from './harness.ts'
import { accept, ack, reject, release, type World, world } from './share-world.ts'

const autoCreate = { 'errors.deadletterqueue.auto.create.topics.enable': 'true' }

async function lettersOf({ door }: World, name = 'dlq.g'): Promise<readonly DecodedRecord[]> {
  const partition = door.engine.topics.get(name)?.partitions[0]
  if (!partition) return []
  await partition.open()
  const [read] = await door.engine.read([{ partition, fromOffset: 0, bytesMax: 1 << 20 }], { bytesMax: 1 << 20, committedOnly: false })
  return read!.buffers.flatMap((buffer) => readRecords(buffer))
}

const told = ({ key, value, headers }: DecodedRecord) => ({
  key: key && String(key),
  value: value && String(value),
  headers: headers.map((header) => `${header.key}=${header.value}`),
})

const headers = (offset: number, count: number, message: string): string[] => [
  '__dlq.errors.topic=t',
  '__dlq.errors.partition=0',
  `__dlq.errors.offset=${offset}`,
  '__dlq.errors.group=g',
  `__dlq.errors.delivery.count=${count}`,
  `__dlq.errors.message=${message}`,
]
const rejected = 'Offset rejected by client.'
const spent = 'Offset delivery count exceeded the threshold.'

test('what is rejected or delivered too often is told of in the group’s topic, which is made for it', async () => {
  await using w = await world(autoCreate)
  await w.configure('errors.deadletterqueue.topic.name', 'dlq.g')
  await w.configure('share.delivery.count.limit', '2')
  const m = await w.joined('m')
  await w.produce('a', 'b', 'c', 'd')
  expect((await m.fetch()).acquired).toEqual([[0, 3, 1]])
  expect(await m.acknowledge([ack(0, 3, accept, reject, release, accept)])).toEqual({ code: 0, error: 0 })
  await expect.poll(async () => (await lettersOf(w)).length).toBe(1)
  expect((await m.fetch()).acquired).toEqual([[2, 2, 2]])
  await m.acknowledge([ack(2, 2, release)])
  await expect.poll(async () => (await lettersOf(w)).length).toBe(2)
  expect((await lettersOf(w)).map(told)).toEqual([
    { key: null, value: null, headers: headers(1, 1, rejected) },
    { key: null, value: null, headers: headers(2, 2, spent) },
  ])
  expect([...w.door.counters.deadLetters.all()]).toEqual([['g', { records: 2, writes: 2, failedWrites: 0 }]])
  const { config } = w.door.engine.topics.get('dlq.g')!
  expect([config.deadLetterQueueEnabled, config.timestampType]).toEqual([true, 'CreateTime'])
  await expect.poll(async () => (await w.offsets()).start).toBe(4)
})

test('keys and values are copied where the group asks for it, headers are not', async () => {
  await using w = await world(autoCreate)
  await w.configure('errors.deadletterqueue.topic.name', 'dlq.g')
  await w.configure('errors.deadletterqueue.copy.record.enable', 'true')
  const m = await w.joined('m')
  await w.produceBatch(buildBatch([{ key: 'k', value: 'v', headers: [{ key: 'h', value: Buffer.from('x') }] }, {}, { value: 'plain' }]))
  await w.produceBatch(batch(['packed one', 'packed two'], { codec: 1 }))
  expect((await m.fetch()).acquired).toEqual([[0, 4, 1]])
  await m.acknowledge([ack(0, 4, reject)])
  await expect.poll(async () => (await lettersOf(w)).length).toBe(5)
  expect((await lettersOf(w)).map(told)).toEqual([
    { key: 'k', value: 'v', headers: headers(0, 1, rejected) },
    { key: null, value: null, headers: headers(1, 1, rejected) },
    { key: null, value: 'plain', headers: headers(2, 1, rejected) },
    { key: null, value: 'packed one', headers: headers(3, 1, rejected) },
    { key: null, value: 'packed two', headers: headers(4, 1, rejected) },
  ])
})

test('a silent member’s records go there too, in batches that the topic takes; one too large for it comes without its bytes', async () => {
  const clock = new ManualClock()
  await using w = await world({}, clock)
  const configs = [
    { name: 'errors.deadletterqueue.group.enable', value: 'true' },
    { name: 'max.message.bytes', value: '600' },
  ]
  const topics = [{ name: 'dlq.g', numPartitions: 1, replicationFactor: 1, assignments: [], configs }]
  await w.wire.ask(createTopics, 7, { topics, timeoutMs: 1000, validateOnly: false })
  await w.configure('errors.deadletterqueue.topic.name', 'dlq.g')
  await w.configure('errors.deadletterqueue.copy.record.enable', 'true')
  await w.configure('share.delivery.count.limit', '2')
  const m = await w.joined('m')
  await w.produce('a', 'x'.repeat(500), 'b', 'c')
  for (const count of [1, 2]) {
    expect((await m.fetch()).acquired).toEqual([[0, 3, count]])
    await clock.advance(30_000)
    await m.heartbeat()
  }
  await expect.poll(async () => (await lettersOf(w)).length).toBe(4)
  expect((await lettersOf(w)).map(told)).toEqual(
    ['a', null, 'b', 'c'].map((value, offset) => ({ key: null, value, headers: headers(offset, 2, spent) })),
  )
  const [counted] = w.door.counters.deadLetters.all()
  expect(counted).toMatchObject(['g', { records: 4, failedWrites: 0 }])
  expect(counted?.[1].writes).toBeGreaterThan(1)
  expect((await m.fetch()).acquired).toEqual([])
})

test.each([
  ['no such topic', 'dlq.none', []],
  ['not a topic for dead letters', 'dlq.plain', ['dlq.plain']],
  ['a name without the prefix', 'mine', ['mine']],
])('where there is no way to write them the records are given up all the same: %s', async (_, name, made) => {
  await using w = await world()
  const isMarked = name === 'mine'
  for (const topic of made) {
    const configs = isMarked ? { 'errors.deadletterqueue.group.enable': 'true' } : {}
    await w.door.engine.topics.create({ name: topic, configs })
  }
  await w.configure('errors.deadletterqueue.topic.name', name)
  const m = await w.joined('m')
  await w.produce('a', 'b')
  await m.fetch()
  expect(await m.acknowledge([ack(0, 1, reject)])).toEqual({ code: 0, error: 0 })
  await expect.poll(async () => (await w.offsets()).start).toBe(2)
  expect(await lettersOf(w, name)).toEqual([])
  expect([...w.door.counters.deadLetters.all()]).toEqual([['g', { records: 0, writes: 1, failedWrites: 1 }]])
})
