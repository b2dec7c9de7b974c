// @platformatic/kafka: the newest protocol versions, topic ids included, as that client speaks them. Produce and consume; admin is admin-platformatic.test.ts's.
import zlib from 'node:zlib'
import { Consumer, FetchIsolationLevels, ListOffsetTimestamps, MessagesStreamModes, ProduceAcks, Producer } from '@platformatic/kafka'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type Broker, createBroker } from '../../src/broker.ts'
import { patient } from './patient.ts'

let broker: Broker

beforeAll(async () => {
  broker = await createBroker({ settings: { 'num.partitions': 2 } })
})
afterAll(() => broker?.close())

const newProducer = (more: object = {}) =>
  new Producer({ clientId: 'platformatic', bootstrapBrokers: broker.brokers, retries: 2, autocreateTopics: true, ...patient, ...more })

/** Reads a topic from its start until there are `count` messages. */
async function readAll(topic: string, count: number, more: object = {}) {
  const consumer = new Consumer({
    clientId: 'reader',
    groupId: `read-${topic}`,
    bootstrapBrokers: broker.brokers,
    maxWaitTime: 100,
    ...patient,
    ...more,
  })
  const stream = await consumer.consume({ topics: [topic], mode: MessagesStreamModes.EARLIEST, autocommit: false })
  const messages = []
  for await (const message of stream) {
    messages.push(message)
    if (messages.length === count) break
  }
  await stream.close()
  await consumer.close(true)
  return messages
}

describe.each(['none', 'gzip', 'snappy', 'lz4', 'zstd'] as const)('with %s', (compression) => {
  // Node's own zstd, which this client wants, came with Node 22.15.
  const native = compression !== 'zstd' || 'zstdCompressSync' in zlib

  test.runIf(native)('keys, values, headers and times come back as they were', async () => {
    const topic = `p-${compression}`
    const producer = newProducer()
    const sent = Array.from({ length: 100 }, (_, i) => ({
      topic,
      key: Buffer.from(`key-${i}`),
      value: Buffer.from(`value ${i} `.repeat(i % 20)),
      headers: new Map([[Buffer.from('number'), Buffer.from(String(i))]]),
      timestamp: BigInt(1_600_000_000_000 + i),
      partition: i % 2,
    }))
    const { offsets } = await producer.send({ messages: sent, compression, acks: ProduceAcks.ALL })
    expect(offsets).toEqual([0, 1].map((partition) => ({ topic, partition, offset: 0n })))
    await producer.close()
    const read = await readAll(topic, sent.length)
    for (const partition of [0, 1]) {
      const expected = sent.filter((message) => message.partition === partition)
      const got = read.filter((message) => message.partition === partition)
      expect(got.map(({ offset }) => Number(offset))).toEqual(expected.map((_, offset) => offset))
      expect(got.map(({ key }) => String(key))).toEqual(expected.map(({ key }) => String(key)))
      expect(got.map(({ value }) => String(value))).toEqual(expected.map(({ value }) => String(value)))
      expect(got.map(({ timestamp }) => timestamp)).toEqual(expected.map(({ timestamp }) => timestamp))
      expect(got.map(({ headers }) => [...headers].map((pair) => pair.map(String)))).toEqual(
        expected.map(({ headers }) => [...headers].map((pair) => pair.map(String))),
      )
    }
  })
})

test('an idempotent producer stores every message once, in order', async () => {
  const producer = newProducer({ idempotent: true })
  for (let i = 0; i < 20; i++) {
    await producer.send({ messages: [{ topic: 'once', partition: 0, value: Buffer.from(String(i)) }], acks: ProduceAcks.ALL })
  }
  await producer.close()
  expect((await readAll('once', 20)).map(({ value }) => String(value))).toEqual(Array.from({ length: 20 }, (_, i) => String(i)))
})

test('a consumer that reads committed records only sees what is produced while it waits', async () => {
  const producer = newProducer()
  await producer.send({ messages: [{ topic: 'live', partition: 0, value: Buffer.from('0') }], acks: ProduceAcks.ALL })
  const consumer = new Consumer({
    clientId: 'live',
    groupId: 'live',
    bootstrapBrokers: broker.brokers,
    maxWaitTime: 200,
    ...patient,
    isolationLevel: FetchIsolationLevels.READ_COMMITTED,
  })
  const stream = await consumer.consume({ topics: ['live'], mode: MessagesStreamModes.EARLIEST, autocommit: false })
  const seen: string[] = []
  for await (const { value } of stream) {
    seen.push(String(value))
    if (seen.length === 10) break
    await producer.send({ messages: [{ topic: 'live', partition: 0, value: Buffer.from(String(seen.length)) }], acks: ProduceAcks.ALL })
  }
  expect(seen).toEqual(Array.from({ length: 10 }, (_, i) => String(i)))
  await stream.close()
  await consumer.close(true)
  await producer.close()
})

test('offsets are listed: first, last and by time', async () => {
  const producer = newProducer()
  const messages = [1000n, 2000n, 3000n].map((timestamp) => ({ topic: 'times', partition: 0, value: Buffer.from('x'), timestamp }))
  for (const message of messages) await producer.send({ messages: [message], acks: ProduceAcks.ALL })
  await producer.close()
  const consumer = new Consumer({ clientId: 'times', groupId: 'times', bootstrapBrokers: broker.brokers, ...patient })
  const at = async (timestamp: bigint) => (await consumer.listOffsets({ topics: ['times'], partitions: { times: [0] }, timestamp })).get('times')?.[0]
  expect(await at(ListOffsetTimestamps.EARLIEST)).toBe(0n)
  expect(await at(ListOffsetTimestamps.LATEST)).toBe(3n)
  expect(await at(1500n)).toBe(1n)
  await consumer.close(true)
})
