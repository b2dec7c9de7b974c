// Quotas through real clients: who is over its rate waits, everybody else does not. The broker's time stands still until it was seen who waits.
import { Admin } from '@platformatic/kafka'
import type { Kafka } from 'kafkajs'
import { afterEach, expect, test } from 'vitest'
import { createBroker } from '../../src/broker.ts'
import { ManualClock } from '../../src/clock.ts'
import { kafkaJs, patient } from './patient.ts'

const closing: (() => unknown)[] = []
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close()
})

interface Scene {
  /** A client of this id. */
  as(clientId: string): Kafka
  /** Time goes on, from now to the end of the test. */
  letTimePass(): void
}

/** A broker with a topic of one partition and a quota for client `slow`. Rates are taken over two seconds, so that clients, which go by their own time, wait no longer. */
async function start(key: 'producer_byte_rate' | 'consumer_byte_rate', value: number): Promise<Scene> {
  const clock = new ManualClock(Date.now())
  const broker = await createBroker({ clock, settings: { 'quota.window.num': 2 } })
  closing.push(() => broker.close())
  let passing: Promise<void> | null = null
  let over = false
  closing.push(() => {
    over = true
    return passing
  })
  const admin = new Admin({ clientId: 'admin', bootstrapBrokers: broker.brokers, ...patient })
  closing.push(() => admin.close())
  await admin.createTopics({ topics: ['t'], partitions: 1 })
  await admin.alterClientQuotas({
    entries: [{ entities: [{ entityType: 'client-id', entityName: 'slow' }], ops: [{ key, value, remove: false }] }],
  })
  const pass = async (): Promise<void> => {
    while (!over) {
      await clock.advance(10)
      await new Promise((turn) => setTimeout(turn, 2))
    }
  }
  return {
    as: (clientId) => kafkaJs(broker.brokers, { clientId }),
    letTimePass() {
      passing = pass()
    },
  }
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
  const { as, letTimePass } = await start('producer_byte_rate', 10_000)
  const [slow, quick] = [await producerOf(as('slow')), await producerOf(as('quick'))]
  await slow(40_000)
  await quick(40_000)
  let finished = false
  const waiting = slow(10).then(() => {
    finished = true
  })
  for (let sent = 0; sent < 3; sent++) await quick(1_000)
  expect(finished).toBe(false)
  letTimePass()
  await waiting
})

test('a consumer over its quota gets everything, later than another one', async () => {
  const { as, letTimePass } = await start('consumer_byte_rate', 10_000)
  const send = await producerOf(as('writer'))
  for (let sent = 0; sent < 3; sent++) await send(9_000)
  const [slow, quick] = [await reading(as('slow'), 3), await reading(as('quick'), 3)]
  let finished = false
  const waiting = slow().then(() => {
    finished = true
  })
  await quick()
  expect(finished).toBe(false)
  letTimePass()
  await waiting
})
