// One log, two doors: what a Kafka client produces is what an AWS SDK reads, and the other way round, with the same bytes in the same order.
import { createHash } from 'node:crypto'
import {
  CreateStreamCommand,
  DescribeStreamSummaryCommand,
  GetRecordsCommand,
  GetShardIteratorCommand,
  ListShardsCommand,
  PutRecordCommand,
  PutRecordsCommand,
  type ShardIteratorType,
} from '@aws-sdk/client-kinesis'
import type { Message } from 'kafkajs'
import { expect, test } from 'vitest'
import { twoDoors } from './two-doors.ts'

const doors = twoDoors()

/** Everything in a stream, shard by shard, as `key=value`. */
async function readStream(StreamName: string): Promise<string[][]> {
  const { Shards } = await doors.kinesis.send(new ListShardsCommand({ StreamName }))
  return Promise.all(
    Shards!.map(async ({ ShardId }) => {
      const { ShardIterator } = await doors.kinesis.send(new GetShardIteratorCommand({ StreamName, ShardId, ShardIteratorType: 'TRIM_HORIZON' }))
      const { Records } = await doors.kinesis.send(new GetRecordsCommand({ ShardIterator }))
      return Records!.map(({ PartitionKey, Data }) => `${PartitionKey}=${Buffer.from(Data!).toString('hex')}`)
    }),
  )
}

test('what kafkajs produces to a topic is what the AWS SDK reads from the stream', async () => {
  const admin = doors.kafka.admin()
  await admin.connect()
  await admin.createTopics({ topics: [{ topic: 'orders', numPartitions: 3 }] })
  const producer = doors.kafka.producer()
  await producer.connect()
  const messages: Message[] = Array.from({ length: 100 }, (_, i) => ({
    key: `customer ${i % 7} ☃`,
    value: Buffer.from([i, 0, 255, 128]),
    partition: i % 3,
  }))
  await producer.send({ topic: 'orders', messages })
  await producer.disconnect()
  await admin.disconnect()
  const wanted = [0, 1, 2].map((p) =>
    messages.filter(({ partition }) => partition === p).map(({ key, value }) => `${key}=${(value as Buffer).toString('hex')}`),
  )
  expect(await readStream('orders')).toEqual(wanted)
})

test('what the AWS SDK puts is what a Kafka consumer group reads', async () => {
  const admin = doors.kafka.admin()
  await admin.connect()
  await admin.createTopics({ topics: [{ topic: 'clicks', numPartitions: 2 }] })
  const Records = Array.from({ length: 200 }, (_, i) => ({
    PartitionKey: `user-${i % 11}`,
    Data: Buffer.from(`click ${i}`),
    ...(i === 7 ? { ExplicitHashKey: '5' } : {}),
  }))
  const answer = await doors.kinesis.send(new PutRecordsCommand({ StreamName: 'clicks', Records }))
  expect(answer.FailedRecordCount).toBe(0)
  const consumer = doors.kafka.consumer({ groupId: 'readers' })
  await consumer.connect()
  await consumer.subscribe({ topic: 'clicks', fromBeginning: true })
  const seen: string[][] = [[], []]
  const headers: string[] = []
  await new Promise<void>((done) => {
    void consumer.run({
      eachMessage: async ({ partition, message }) => {
        seen[partition]!.push(`${message.key}=${message.value!.toString('hex')}`)
        for (const [name, value] of Object.entries(message.headers ?? {})) headers.push(`${name}=${value}`)
        if (seen[0]!.length + seen[1]!.length === Records.length) done()
      },
    })
  })
  await consumer.disconnect()
  await admin.disconnect()
  expect(seen).toEqual(await readStream('clicks'))
  expect(seen.flat()).toHaveLength(200)
  expect(headers).toEqual(['aws-kinesis-explicit-hash-key=5'])
  // Each record is in the partition of the shard that its answer named, at the place that its sequence number gives.
  for (const [i, { ShardId }] of answer.Records!.entries()) {
    expect(seen[Number(ShardId!.slice(-1))]).toContain(`${Records[i]!.PartitionKey}=${Records[i]!.Data.toString('hex')}`)
  }
})

test('a record that the KPL aggregated stays one record, byte by byte', async () => {
  // Magic, a protobuf of two sub-records, and their MD5: nobody here looks inside.
  const body = Buffer.from('0a016b1a070800120361616118001a0708001a03626262', 'hex')
  const aggregated = Buffer.concat([Buffer.from('f3899ac2', 'hex'), body, createHash('md5').update(body).digest()])
  const admin = doors.kafka.admin()
  await admin.connect()
  await admin.createTopics({ topics: [{ topic: 'kpl', numPartitions: 1 }] })
  await admin.disconnect()
  await doors.kinesis.send(new PutRecordsCommand({ StreamName: 'kpl', Records: [{ PartitionKey: 'a', Data: aggregated }] }))
  const consumer = doors.kafka.consumer({ groupId: 'kpl-readers' })
  await consumer.connect()
  await consumer.subscribe({ topic: 'kpl', fromBeginning: true })
  const value = await new Promise<Buffer>((found) => {
    void consumer.run({ eachMessage: async ({ message }) => found(message.value!) })
  })
  await consumer.disconnect()
  expect(value).toEqual(aggregated)
  expect(await readStream('kpl')).toEqual([[`a=${aggregated.toString('hex')}`]])
})

test('a reader that begins at LATEST is told of what an open transaction has written, once it is committed', async () => {
  const StreamName = 'payments'
  const admin = doors.kafka.admin()
  await admin.connect()
  await admin.createTopics({ topics: [{ topic: StreamName, numPartitions: 1 }] })
  await admin.disconnect()
  const read = async (from: { ShardIteratorType: ShardIteratorType; Timestamp?: Date }): Promise<() => Promise<string[]>> => {
    const { ShardIterator } = await doors.kinesis.send(new GetShardIteratorCommand({ StreamName, ShardId: '0', ...from }))
    return async () => {
      const { Records } = await doors.kinesis.send(new GetRecordsCommand({ ShardIterator }))
      return Records!.map(({ Data }) => Buffer.from(Data!).toString())
    }
  }
  const put = (data: string) => doors.kinesis.send(new PutRecordCommand({ StreamName, PartitionKey: 'k', Data: Buffer.from(data) }))
  await put('before')
  const producer = doors.kafka.producer({ transactionalId: 'tx', maxInFlightRequests: 1, idempotent: true })
  await producer.connect()
  const transaction = await producer.transaction()
  await transaction.send({ topic: StreamName, messages: [{ value: 'in it' }] })
  await put('behind it')
  const latest = await read({ ShardIteratorType: 'LATEST' })
  const now = await read({ ShardIteratorType: 'AT_TIMESTAMP', Timestamp: new Date() })
  const whole = await read({ ShardIteratorType: 'TRIM_HORIZON' })
  // As to a Kafka consumer of committed records: what comes after an open transaction waits for it too.
  expect([await latest(), await now(), await whole()]).toEqual([[], [], ['before']])
  await transaction.commit()
  await put('after')
  const seen = ['in it', 'behind it', 'after']
  expect([await latest(), await whole()]).toEqual([seen, ['before', ...seen]])
  expect((await now()).at(-1)).toBe('after')
  const aborted = await producer.transaction()
  await aborted.send({ topic: StreamName, messages: [{ value: 'never' }] })
  const beside = await read({ ShardIteratorType: 'LATEST' })
  await aborted.abort()
  await put('last')
  expect(await beside()).toEqual(['last'])
  await producer.disconnect()
})

test('a read looks through so much of what was aborted, says that it is behind, and goes on from there', async () => {
  const StreamName = 'aborted'
  const admin = doors.kafka.admin()
  await admin.connect()
  await admin.createTopics({ topics: [{ topic: StreamName, numPartitions: 1 }] })
  await admin.disconnect()
  const producer = doors.kafka.producer({ transactionalId: 'tx', maxInFlightRequests: 1, idempotent: true })
  await producer.connect()
  const transaction = await producer.transaction()
  const value = Buffer.alloc(1_000_000)
  for (let i = 0; i < 40; i++) await transaction.send({ topic: StreamName, messages: [{ value }] })
  await transaction.abort()
  await producer.disconnect()
  await doors.kinesis.send(new PutRecordCommand({ StreamName, PartitionKey: 'k', Data: Buffer.from('seen') }))
  const { ShardIterator } = await doors.kinesis.send(new GetShardIteratorCommand({ StreamName, ShardId: '0', ShardIteratorType: 'TRIM_HORIZON' }))
  const first = await doors.kinesis.send(new GetRecordsCommand({ ShardIterator }))
  expect(first.Records).toEqual([])
  expect(first.MillisBehindLatest).toBeGreaterThan(0)
  const second = await doors.kinesis.send(new GetRecordsCommand({ ShardIterator: first.NextShardIterator }))
  expect(second.Records!.map(({ Data }) => Buffer.from(Data!).toString())).toEqual(['seen'])
  expect(second.MillisBehindLatest).toBe(0)
})

test('a stream that could not be seen afterwards, under the name of one of Kafka’s own topics, is refused', async () => {
  for (const StreamName of ['__consumer_offsets', '__transaction_state']) {
    await expect(doors.kinesis.send(new CreateStreamCommand({ StreamName, ShardCount: 1 }))).rejects.toMatchObject({
      name: 'InvalidArgumentException',
      message: `${StreamName} is a topic of Kafka's own and cannot be a stream.`,
    })
  }
  const admin = doors.kafka.admin()
  await admin.connect()
  expect((await admin.listTopics()).filter((name) => name.startsWith('__'))).toEqual([])
  await admin.disconnect()
})

test('retention.ms is told in whole hours, from one hour to the year that AWS allows', async () => {
  const admin = doors.kafka.admin()
  await admin.connect()
  const given = ['1', '3600000', '90000000', '31536000000', '99999999999999', '-1']
  const topics = given.map((retentionMs, i) => ({ topic: `kept-${i}`, configEntries: [{ name: 'retention.ms', value: retentionMs }] }))
  await admin.createTopics({ topics })
  await admin.disconnect()
  const hours = await Promise.all(
    topics.map(async ({ topic }) => {
      const { StreamDescriptionSummary } = await doors.kinesis.send(new DescribeStreamSummaryCommand({ StreamName: topic }))
      return StreamDescriptionSummary?.RetentionPeriodHours
    }),
  )
  expect(hours).toEqual([1, 1, 25, 8760, 8760, 8760])
})
