// A compacted topic as kafkajs sees it over a real socket: the broker compacts by its clock, a consumer that stands in the middle goes on at its place.
import kafkajs, { type Consumer, type Kafka } from 'kafkajs'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type Broker, createBroker } from '../../src/broker.ts'
import { kafkaJs } from './patient.ts'

const { CompressionTypes, Partitioners } = kafkajs
let broker: Broker
let kafka: Kafka

beforeAll(async () => {
  broker = await createBroker({ settings: { 'log.cleaner.backoff.ms': 20, 'group.initial.rebalance.delay.ms': 0 } })
  kafka = kafkaJs(broker.brokers, { retry: { retries: 3, initialRetryTime: 20 } })
})
afterAll(() => broker?.close())

interface Seen {
  offset: number
  key: string
  value: string | null
}

/** Reads from an offset on until `last`, and gives what came. */
async function consume(
  topic: string,
  fromOffset: number,
  last: number,
  onSeen: (seen: Seen, consumer: Consumer) => void = () => {},
): Promise<Seen[]> {
  const consumer = kafka.consumer({ groupId: `g${Math.random()}`, maxBytesPerPartition: 2000 })
  const seen: Seen[] = []
  await consumer.connect()
  await consumer.subscribe({ topic, fromBeginning: true })
  await new Promise<void>((resolve, reject) => {
    consumer
      .run({
        eachMessage: async ({ message }) => {
          const one = { offset: Number(message.offset), key: message.key!.toString(), value: message.value?.toString() ?? null }
          seen.push(one)
          onSeen(one, consumer)
          if (one.offset >= last) resolve()
        },
      })
      .catch(reject)
    consumer.seek({ topic, partition: 0, offset: String(fromOffset) })
  })
  await consumer.disconnect()
  return seen
}

test('the last value of each key is left at its offset, and a reader in the middle sees each surviving record once', async () => {
  const admin = kafka.admin()
  await admin.connect()
  const configEntries = Object.entries({
    'cleanup.policy': 'compact',
    'min.cleanable.dirty.ratio': '0',
    'internal.segment.bytes': '4000',
  }).map(([name, value]) => ({ name, value }))
  await admin.createTopics({ topics: [{ topic: 't', numPartitions: 1, configEntries }] })
  const producer = kafka.producer({ createPartitioner: Partitioners.DefaultPartitioner, idempotent: true })
  await producer.connect()
  // 40 keys, 10 times each, one of them deleted at last; every other batch is compressed.
  const expected: Seen[] = []
  for (let round = 0; round < 10; round++) {
    for (let part = 0; part < 4; part++) {
      const messages = Array.from({ length: 10 }, (_, i) => {
        const key = `k${part * 10 + i}`
        const value = round === 9 && key === 'k7' ? null : `${key}.${round}.${'x'.repeat(50)}`
        if (round === 9) expected.push({ offset: 400 - 40 + part * 10 + i, key, value })
        return { key, value, partition: 0 }
      })
      await producer.send({ topic: 't', messages, compression: part % 2 ? CompressionTypes.GZIP : CompressionTypes.None })
    }
  }
  // A reader stops after its first record, while everything around it is still there or is just being compacted.
  const early = (await consume('t', 45, 45))[0]!
  expect(early.offset).toBeGreaterThanOrEqual(45)
  // The active segment stays as it is: large records push everything else out of it.
  for (let i = 0; i < 2; i++) await producer.send({ topic: 't', messages: [{ key: 'large', value: 'y'.repeat(5000), partition: 0 }] })
  const left = (): Promise<Seen[]> => consume('t', 0, 401)
  let seen = await left()
  while (seen.length > 42) seen = await left()
  expect(seen.slice(0, 40)).toEqual(expected)
  expect(seen.at(-1)!.offset).toBe(401)

  // In the gap, at its edges, and inside what was a batch.
  for (const fromOffset of [early.offset + 1, 359, 360, 366, 399]) {
    const rest = await consume('t', fromOffset, 401)
    expect(rest.filter(({ key }) => key !== 'large')).toEqual(expected.filter(({ offset }) => offset >= fromOffset))
  }
  expect(await admin.fetchTopicOffsets('t')).toMatchObject([{ low: '0', high: '402' }])
  // The idempotent producer goes on where it was.
  const [sent] = await producer.send({ topic: 't', messages: [{ key: 'k0', value: 'more', partition: 0 }] })
  expect(sent!.baseOffset).toBe('402')
  await producer.disconnect()
  await admin.disconnect()
})
