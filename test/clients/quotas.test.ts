// Quotas through real clients: who is over its rate waits, everybody else does not.
import { Admin } from '@platformatic/kafka'
import kafkajs, { type Kafka } from 'kafkajs'
import { afterEach, expect, test } from 'vitest'
import { createBroker } from '../../src/broker.ts'

const { Kafka: KafkaClient, logLevel } = kafkajs
const closing: (() => unknown)[] = []
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close()
})

/** A broker with a topic of one partition, a quota for client `slow`, and a way to connect by client id. Rates are taken over two seconds, so that waits stay short. */
async function start(key: 'producer_byte_rate' | 'consumer_byte_rate', value: number): Promise<(clientId: string) => Kafka> {
  const broker = await createBroker({ settings: { 'quota.window.num': 2 } })
  closing.push(() => broker.close())
  const admin = new Admin({ clientId: 'admin', bootstrapBrokers: broker.brokers })
  closing.push(() => admin.close())
  await admin.createTopics({ topics: ['t'], partitions: 1 })
  await admin.alterClientQuotas({
    entries: [{ entities: [{ entityType: 'client-id', entityName: 'slow' }], ops: [{ key, value, remove: false }] }],
  })
  return (clientId) => new KafkaClient({ clientId, brokers: broker.brokers, logLevel: logLevel.NOTHING })
}

async function producerOf(kafka: Kafka) {
  const producer = kafka.producer()
  await producer.connect()
  closing.push(() => producer.disconnect())
  return async (bytes: number): Promise<void> => {
    await producer.send({ topic: 't', messages: [{ value: Buffer.alloc(bytes) }] })
  }
}

/** Settles when a new group has read so many messages from the start. */
async function reading(kafka: Kafka, count: number): Promise<() => Promise<void>> {
  const consumer = kafka.consumer({ groupId: `reader-${Math.random()}`, maxBytesPerPartition: 1_000, maxWaitTimeInMs: 50 })
  await consumer.connect()
  closing.push(() => consumer.disconnect())
  await consumer.subscribe({ topic: 't', fromBeginning: true })
  let seen = 0
  return () =>
    new Promise((resolve) => {
      void consumer.run({
        eachMessage: async () => {
          if (++seen === count) resolve()
        },
      })
    })
}

test('a producer over its quota waits with its next batch, while another one writes on', async () => {
  const as = await start('producer_byte_rate', 10_000)
  const [slow, quick] = [await producerOf(as('slow')), await producerOf(as('quick'))]
  await slow(40_000)
  await quick(40_000)
  let finished = false
  const waiting = slow(10).then(() => {
    finished = true
  })
  for (let sent = 0; sent < 3; sent++) await quick(1_000)
  expect(finished).toBe(false)
  await waiting
})

test('a consumer over its quota gets everything, later than another one', async () => {
  const as = await start('consumer_byte_rate', 10_000)
  const send = await producerOf(as('writer'))
  for (let sent = 0; sent < 3; sent++) await send(9_000)
  const order: string[] = []
  const readers = await Promise.all(['slow', 'quick'].map(async (name) => ({ name, run: await reading(as(name), 3) })))
  await Promise.all(readers.map(async ({ name, run }) => run().then(() => order.push(name))))
  expect(order).toEqual(['quick', 'slow'])
})
