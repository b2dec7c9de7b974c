// The built broker under load on both doors, killed at random moments: every acknowledged record is there afterwards, once, at the offset that was told.
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { KinesisClient, PutRecordsCommand } from '@aws-sdk/client-kinesis'
import { NodeHttpHandler } from '@smithy/node-http-handler'
import kafkajs, { type Kafka, type Producer } from 'kafkajs'
import { expect, test } from 'vitest'
import { isBuilt, killAndStart, start } from './running-broker.ts'

const { Kafka: KafkaClient, logLevel, CompressionTypes } = kafkajs
const kills = 6
const partitions = 3

/** What was acknowledged: value by `partition/offset`. */
type Acknowledged = Map<string, string>

/** Sends until told to stop; notes what was acknowledged, forgets what failed. */
async function kafkaLoad(kafka: Kafka, name: string, idempotent: boolean, acknowledged: Acknowledged, stopped: () => boolean): Promise<void> {
  const producer: Producer = kafka.producer({
    idempotent,
    maxInFlightRequests: idempotent ? 1 : 5,
    // An idempotent producer of kafkajs that gives up takes the same sequence number for something else.
    retry: { retries: idempotent ? 10_000 : 0, initialRetryTime: 30, maxRetryTime: 200 },
  })
  await producer.connect()
  let count = 0
  const lane = async (partition: number): Promise<void> => {
    while (!stopped()) {
      const values = Array.from({ length: 1 + (count % 20) }, () => `${name}-${count++}`)
      try {
        const [told] = await producer.send({
          topic: 'crash',
          compression: count % 3 === 0 ? CompressionTypes.GZIP : CompressionTypes.None,
          messages: values.map((value) => ({ partition, value })),
        })
        for (const [i, value] of values.entries()) acknowledged.set(`${partition}/${Number(told!.baseOffset) + i}`, value)
      } catch {
        await new Promise((again) => setTimeout(again, 20))
        await producer.connect().catch(() => {})
      }
    }
  }
  await Promise.all(Array.from({ length: partitions }, (_, partition) => lane(partition)))
  await producer.disconnect().catch(() => {})
}

async function kinesisLoad(client: KinesisClient, put: Set<string>, stopped: () => boolean): Promise<void> {
  for (let count = 0; !stopped(); count += 10) {
    const values = Array.from({ length: 10 }, (_, i) => `kinesis-${count + i}`)
    try {
      const Records = values.map((value) => ({ PartitionKey: value, Data: Buffer.from(value) }))
      const told = await client.send(new PutRecordsCommand({ StreamName: 'crash', Records }))
      told.Records?.forEach(({ SequenceNumber }, i) => {
        if (SequenceNumber) put.add(values[i]!)
      })
    } catch {
      await new Promise((again) => setTimeout(again, 20))
    }
  }
}

/** Everything in the topic, by `partition/offset`. */
async function readAll(kafka: Kafka): Promise<Map<string, string>> {
  const admin = kafka.admin()
  await admin.connect()
  const ends = await admin.fetchTopicOffsets('crash')
  await admin.disconnect()
  const left = new Map(ends.filter(({ high }) => Number(high) > 0).map(({ partition, high }) => [partition, Number(high) - 1]))
  const found = new Map<string, string>()
  const consumer = kafka.consumer({ groupId: 'reader' })
  await consumer.connect()
  await consumer.subscribe({ topic: 'crash', fromBeginning: true })
  await new Promise<void>((done) => {
    void consumer.run({
      eachMessage: async ({ partition, message }) => {
        found.set(`${partition}/${message.offset}`, String(message.value))
        if (Number(message.offset) >= (left.get(partition) ?? 0)) left.delete(partition)
        if (left.size === 0) done()
      },
    })
  })
  await consumer.disconnect()
  return found
}

test.skipIf(!isBuilt)('kill -9 under load loses nothing acknowledged and repeats nothing idempotent', async () => {
  const data = mkdtempSync(join(tmpdir(), 'twinlog-crash-'))
  let running = await start(data)
  const kafka = new KafkaClient({
    brokers: [running.kafka],
    logLevel: logLevel.NOTHING,
    connectionTimeout: 10_000,
    requestTimeout: 10_000,
    retry: { retries: 1_000, initialRetryTime: 30, maxRetryTime: 200 },
  })
  const client = new KinesisClient({
    endpoint: running.aws,
    region: 'us-east-1',
    credentials: { accessKeyId: 'x', secretAccessKey: 'x' },
    maxAttempts: 1,
    requestHandler: new NodeHttpHandler(),
  })
  try {
    const admin = kafka.admin()
    await admin.connect()
    await admin.createTopics({ topics: [{ topic: 'crash', numPartitions: partitions }] })
    await admin.disconnect()
    const plain: Acknowledged = new Map()
    const idempotent: Acknowledged = new Map()
    const put = new Set<string>()
    let stop = false
    const stopped = (): boolean => stop
    const load = Promise.all([
      kafkaLoad(kafka, 'plain', false, plain, stopped),
      kafkaLoad(kafka, 'idempotent', true, idempotent, stopped),
      kinesisLoad(client, put, stopped),
    ])
    for (let kill = 0; kill < kills; kill++) {
      const enough = plain.size + put.size + 300 + Math.floor(Math.random() * 500)
      await expect.poll(() => plain.size + put.size).toBeGreaterThan(enough)
      running = await killAndStart(running, data)
    }
    await expect.poll(() => idempotent.size).toBeGreaterThan(100)
    stop = true
    await load

    const found = await readAll(kafka)
    for (const acknowledged of [plain, idempotent]) {
      for (const [place, value] of acknowledged) expect(found.get(place), `acknowledged at ${place}`).toBe(value)
    }
    const values = [...found.values()]
    const kinesis = values.filter((value) => value.startsWith('kinesis'))
    for (const value of put) expect(kinesis).toContain(value)
    const once_ = values.filter((value) => value.startsWith('idempotent'))
    expect(new Set(once_).size, 'an idempotent record was stored twice').toBe(once_.length)
    console.log(`${kills} kills; acknowledged: ${plain.size} plain, ${idempotent.size} idempotent, ${put.size} through Kinesis; found ${found.size}`)
  } finally {
    client.destroy()
    running.child.kill('SIGKILL')
    rmSync(data, { recursive: true, force: true })
  }
})
