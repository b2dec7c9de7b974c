// kafkajs: produce with every codec, keys, headers and times, idempotently and with acks=0, and consume it again. Groups are groups.test.ts's, admin admin-kafkajs.test.ts's.
import kafkajs, { type Kafka, type KafkaMessage, type Producer } from 'kafkajs'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { codecLz4, codecSnappy, codecZstd } from '../../protocol/records/batch.ts'
import { compress, decompress } from '../../protocol/records/compression.ts'
import { type Broker, createBroker } from '../../src/broker.ts'
import { kafkaJs } from './patient.ts'

const { CompressionCodecs, CompressionTypes, Partitioners } = kafkajs
const plugged = { [CompressionTypes.Snappy]: codecSnappy, [CompressionTypes.LZ4]: codecLz4, [CompressionTypes.ZSTD]: codecZstd }
for (const [type, codec] of Object.entries(plugged)) {
  Object.assign(CompressionCodecs, {
    [type]: () => ({
      compress: async ({ buffer }: { buffer: Buffer }) => compress(codec, buffer),
      decompress: async (bytes: Buffer) => decompress(codec, bytes),
    }),
  })
}

let broker: Broker
let kafka: Kafka
let producer: Producer

beforeAll(async () => {
  broker = await createBroker({ settings: { 'num.partitions': 2 } })
  kafka = kafkaJs(broker.brokers, { clientId: 'kafkajs', retry: { retries: 3 } })
  producer = kafka.producer({ createPartitioner: Partitioners.DefaultPartitioner })
  await producer.connect()
})
afterAll(async () => {
  await producer?.disconnect()
  await broker?.close()
})

/** Reads a topic from its start until there are `count` messages. */
async function readAll(topic: string, count: number): Promise<{ partition: number; message: KafkaMessage }[]> {
  const consumer = kafka.consumer({ groupId: `read-${topic}`, maxWaitTimeInMs: 100 })
  const read: { partition: number; message: KafkaMessage }[] = []
  await consumer.connect()
  await consumer.subscribe({ topic, fromBeginning: true })
  await new Promise<void>((resolve, reject) => {
    consumer.on(consumer.events.CRASH, ({ payload }) => reject(payload.error))
    const eachMessage = async ({ partition, message }: { partition: number; message: KafkaMessage }) => {
      read.push({ partition, message })
      if (read.length === count) resolve()
    }
    consumer.run({ eachMessage }).catch(reject)
  })
  await consumer.disconnect()
  return read
}

describe('a topic that nobody created', () => {
  test('comes to be with the first message', async () => {
    const [answer] = await producer.send({ topic: 'unborn', messages: [{ value: 'first' }] })
    expect(answer).toMatchObject({ topicName: 'unborn', errorCode: 0, baseOffset: '0' })
    expect(await readAll('unborn', 1)).toMatchObject([{ message: { value: Buffer.from('first'), offset: '0' } }])
  })
})

describe.each([
  ['no compression', CompressionTypes.None],
  ['gzip', CompressionTypes.GZIP],
  ['snappy', CompressionTypes.Snappy],
  ['lz4', CompressionTypes.LZ4],
  ['zstd', CompressionTypes.ZSTD],
])('with %s', (name, compression) => {
  test('keys, values, headers and times come back as they were', async () => {
    const topic = `codec-${name.replace(' ', '-')}`
    const messages = Array.from({ length: 200 }, (_, i) => ({
      key: i % 10 === 0 ? null : `key-${i}`,
      value: i % 17 === 0 ? null : `value ${i} `.repeat(i % 20),
      headers: { number: String(i), bytes: Buffer.from([i & 0xff, 0, 255]) },
      timestamp: String(1_600_000_000_000 + i),
      partition: i % 2,
    }))
    const answers = await producer.send({ topic, messages, compression })
    expect(answers.map(({ errorCode, baseOffset }) => [errorCode, baseOffset])).toEqual([
      [0, '0'],
      [0, '0'],
    ])
    const read = await readAll(topic, messages.length)
    for (const partition of [0, 1]) {
      const expected = messages.filter((message) => message.partition === partition)
      const got = read.filter((one) => one.partition === partition).map(({ message }) => message)
      expect(got.map(({ offset }) => Number(offset))).toEqual(expected.map((_, offset) => offset))
      expect(got.map(({ key }) => key?.toString() ?? null)).toEqual(expected.map(({ key }) => key))
      expect(got.map(({ value }) => value?.toString() ?? null)).toEqual(expected.map(({ value }) => value))
      expect(got.map(({ timestamp }) => timestamp)).toEqual(expected.map(({ timestamp }) => timestamp))
      expect(got.map(({ headers }) => String(headers?.['number']))).toEqual(expected.map(({ headers }) => headers.number))
      expect(got.map(({ headers }) => headers?.['bytes'])).toEqual(expected.map(({ headers }) => headers.bytes))
    }
  })
})

test('an idempotent producer stores every message once, in order', async () => {
  const idempotent = kafka.producer({ idempotent: true, maxInFlightRequests: 1, createPartitioner: Partitioners.DefaultPartitioner })
  await idempotent.connect()
  for (let i = 0; i < 30; i++) await idempotent.send({ topic: 'once', messages: [{ partition: 0, value: `${i}` }] })
  await idempotent.disconnect()
  const read = await readAll('once', 30)
  expect(read.map(({ message }) => String(message.value))).toEqual(Array.from({ length: 30 }, (_, i) => `${i}`))
})

test('messages sent with acks=0 are stored, and the connection goes on', async () => {
  await producer.send({ topic: 'unasked', messages: [{ partition: 0, value: 'before' }] })
  for (let i = 0; i < 20; i++) await producer.send({ topic: 'unasked', acks: 0, messages: [{ partition: 0, value: `${i}` }] })
  const [answer] = await producer.send({ topic: 'unasked', messages: [{ partition: 0, value: 'after' }] })
  expect(answer?.baseOffset).toBe('21')
  expect(await readAll('unasked', 22)).toHaveLength(22)
})

test('a message that is too large is told so', async () => {
  await expect(producer.send({ topic: 'large', messages: [{ value: Buffer.alloc(2_000_000) }] })).rejects.toThrow(/larger than|too large/i)
})

test('large messages in many requests at a time keep their bytes', async () => {
  const admin = kafka.admin()
  await admin.connect()
  await admin.createTopics({ topics: [{ topic: 'many', numPartitions: 2, configEntries: [{ name: 'max.message.bytes', value: '4000000' }] }] })
  await admin.disconnect()
  const value = (i: number) => Buffer.alloc(100_000 + i * 3_001, i)
  await Promise.all(
    Array.from({ length: 40 }, (_, i) => producer.send({ topic: 'many', messages: [{ key: String(i), partition: i % 2, value: value(i) }] })),
  )
  const read = await readAll('many', 40)
  const byKey = new Map(read.map(({ message }) => [Number(message.key), message.value]))
  for (let i = 0; i < 40; i++) expect(byKey.get(i)?.equals(value(i))).toBe(true)
})
