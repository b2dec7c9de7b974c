// Transactions with real clients over real sockets: what commits is seen, what aborts is not, offsets move with them, older instances are fenced.
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Producer as PlatformaticProducer, ProduceAcks, stringSerializers } from '@platformatic/kafka'
import type { Kafka } from 'kafkajs'
import { afterEach, expect, test } from 'vitest'
import { type Broker, type BrokerOptions, createBroker } from '../../src/broker.ts'
import { ManualClock } from '../../src/clock.ts'
import { kafkaJs, patient } from './patient.ts'

const closing: (() => unknown)[] = []
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close()
})

const transactionTimeout = 60_000

async function start(options: BrokerOptions = {}): Promise<{ broker: Broker; kafka: Kafka }> {
  const broker = await createBroker(options)
  closing.push(() => broker.close())
  const kafka = kafkaJs(broker.brokers, { retry: { initialRetryTime: 20, maxRetryTime: 500, retries: 100 } })
  const admin = kafka.admin()
  await admin.connect()
  await admin.createTopics({ topics: ['in', 'out'].map((topic) => ({ topic, numPartitions: 1 })) })
  await admin.disconnect()
  return { broker, kafka }
}

async function transactional(kafka: Kafka, transactionalId: string) {
  const producer = kafka.producer({ transactionalId, idempotent: true, maxInFlightRequests: 1, transactionTimeout })
  await producer.connect()
  closing.push(() => producer.disconnect())
  return producer
}

/** Reads topic `out` from its start until `count` values came, or the end is reached where fewer are expected never to come. */
async function read(kafka: Kafka, count: number, readUncommitted = false): Promise<string[]> {
  const consumer = kafka.consumer({ groupId: `reader-${Math.random()}`, readUncommitted, maxWaitTimeInMs: 50 })
  await consumer.connect()
  await consumer.subscribe({ topic: 'out', fromBeginning: true })
  const values: string[] = []
  await new Promise<void>((resolve) => {
    void consumer.run({
      eachMessage: async ({ message }) => {
        values.push(String(message.value))
        if (values.length === count) resolve()
      },
    })
  })
  await consumer.disconnect()
  return values
}

test('kafkajs: committed records are read, aborted ones only by those who ask for them', async () => {
  const { kafka } = await start()
  const producer = await transactional(kafka, 'tx')
  for (const [value, commit] of [
    ['a', true],
    ['b', false],
    ['c', true],
  ] as const) {
    const transaction = await producer.transaction()
    await transaction.send({ topic: 'out', messages: [{ value }] })
    if (commit) await transaction.commit()
    else await transaction.abort()
  }
  expect(await read(kafka, 2)).toEqual(['a', 'c'])
  expect(await read(kafka, 3, true)).toEqual(['a', 'b', 'c'])
})

test('kafkajs: offsets that are sent with a transaction count when it commits, and never when it aborts', async () => {
  const { kafka } = await start()
  const producer = await transactional(kafka, 'tx')
  const admin = kafka.admin()
  await admin.connect()
  closing.push(() => admin.disconnect())
  const offset = async (): Promise<string | undefined> => (await admin.fetchOffsets({ groupId: 'g', topics: ['in'] }))[0]?.partitions[0]?.offset
  const move = async (to: string, commit: boolean): Promise<void> => {
    const transaction = await producer.transaction()
    await transaction.send({ topic: 'out', messages: [{ value: `at ${to}` }] })
    await transaction.sendOffsets({ consumerGroupId: 'g', topics: [{ topic: 'in', partitions: [{ partition: 0, offset: to }] }] })
    if (commit) await transaction.commit()
    else await transaction.abort()
  }
  await move('5', false)
  expect(await offset()).toBe('-1')
  await move('7', true)
  expect(await offset()).toBe('7')
})

test('kafkajs: a newer instance of a transactional id fences the older one, and what that left open is aborted', async () => {
  const { kafka } = await start()
  const older = await transactional(kafka, 'tx')
  const left = await older.transaction()
  await left.send({ topic: 'out', messages: [{ value: 'left open' }] })
  const newer = await transactional(kafka, 'tx')
  const transaction = await newer.transaction()
  await transaction.send({ topic: 'out', messages: [{ value: 'newer' }] })
  await transaction.commit()
  await expect(left.commit()).rejects.toThrow()
  expect(await read(kafka, 1)).toEqual(['newer'])
})

test('@platformatic/kafka: transactions with the newer protocol, where every end raises the epoch', async () => {
  const { broker, kafka } = await start()
  const producer = new PlatformaticProducer({
    clientId: 'p',
    bootstrapBrokers: broker.brokers,
    serializers: stringSerializers,
    transactionalId: 'platformatic',
    idempotent: true,
    acks: ProduceAcks.ALL,
    ...patient,
  })
  closing.push(() => producer.close())
  for (const [value, commit] of [
    ['a', true],
    ['b', false],
    ['c', true],
  ] as const) {
    const transaction = await producer.beginTransaction()
    await transaction.send({ messages: [{ topic: 'out', value, partition: 0 }] })
    if (commit) await transaction.commit()
    else await transaction.abort()
  }
  expect(await read(kafka, 2)).toEqual(['a', 'c'])
})

test('a transaction that nobody ends is aborted after its timeout, also across a restart', async () => {
  const data = mkdtempSync(join(tmpdir(), 'twinlog-transactions-'))
  closing.push(() => rmSync(data, { recursive: true, force: true }))
  const clock = new ManualClock(Date.now())
  const { broker, kafka } = await start({ data, clock })
  const producer = await transactional(kafka, 'tx')
  const transaction = await producer.transaction()
  await transaction.send({ topic: 'out', messages: [{ value: 'never ended' }] })
  const plain = kafka.producer()
  await plain.connect()
  await plain.send({ topic: 'out', messages: [{ value: 'behind it' }] })
  await plain.disconnect()
  await broker.close()
  const again = await createBroker({ data, clock })
  closing.push(() => again.close())
  await clock.advance(transactionTimeout)
  expect(await read(kafkaJs(again.brokers), 1)).toEqual(['behind it'])
})
