// kafkajs's admin client, every call of it that there is an API for, against a broker over a real socket.

import kafkajs, { type Admin, type Kafka } from 'kafkajs'
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest'
import { type Broker, createBroker } from '../../src/broker.ts'
import { kafkaJs } from './patient.ts'

const { ConfigResourceTypes, Partitioners } = kafkajs
let broker: Broker
let kafka: Kafka
let admin: Admin

beforeAll(async () => {
  broker = await createBroker()
})
afterAll(() => broker?.close())
// kafkajs's cluster remembers every topic that it asked for: a client, like a topic, of its own for each test.
beforeEach(async () => {
  await broker.reset()
  kafka = kafkaJs(broker.brokers, { retry: { retries: 2, initialRetryTime: 10 } })
  admin = kafka.admin()
  await admin.connect()
})
afterEach(() => admin.disconnect())

async function produce(topic: string, ...values: string[]): Promise<void> {
  const producer = kafka.producer({ createPartitioner: Partitioners.DefaultPartitioner })
  await producer.connect()
  try {
    for (const value of values) await producer.send({ topic, messages: [{ value, partition: 0 }] })
  } finally {
    await producer.disconnect()
  }
}

test('topics are created, listed, told, grown and deleted', async () => {
  expect(
    await admin.createTopics({
      waitForLeaders: true,
      topics: [{ topic: 't', numPartitions: 2, configEntries: [{ name: 'retention.ms', value: '9000' }] }],
    }),
  ).toBe(true)
  expect(await admin.createTopics({ topics: [{ topic: 't' }] })).toBe(false)
  expect(await admin.listTopics()).toEqual(['t'])
  await admin.createPartitions({ topicPartitions: [{ topic: 't', count: 4 }] })
  const { topics } = await admin.fetchTopicMetadata({ topics: ['t'] })
  expect(topics[0]?.partitions.map(({ partitionId, leader, isr }) => [partitionId, leader, ...isr]).sort()).toEqual(
    [0, 1, 2, 3].map((index) => [index, 1, 1]),
  )
  await admin.deleteTopics({ topics: ['t'] })
  expect(await admin.listTopics()).toEqual([])
})

test('a topic that cannot be is refused with its reason', async () => {
  await expect(admin.createTopics({ topics: [{ topic: 't', replicationFactor: 3 }] })).rejects.toMatchObject({
    errors: [{ type: 'INVALID_REPLICATION_FACTOR' }],
  })
  await expect(admin.createTopics({ topics: [{ topic: 't', configEntries: [{ name: 'retention.ms', value: 'x' }] }] })).rejects.toMatchObject({
    errors: [{ type: 'INVALID_CONFIG' }],
  })
  await expect(admin.deleteTopics({ topics: ['none'] })).rejects.toMatchObject({ cause: { type: 'UNKNOWN_TOPIC_OR_PARTITION' } })
})

test('configs are read, replaced and read again', async () => {
  await admin.createTopics({ topics: [{ topic: 't' }] })
  const read = async () => {
    const { resources } = await admin.describeConfigs({
      includeSynonyms: true,
      resources: [{ type: ConfigResourceTypes.TOPIC, name: 't', configNames: ['retention.ms', 'cleanup.policy'] }],
    })
    return Object.fromEntries((resources[0]?.configEntries ?? []).map(({ configName, configValue }) => [configName, configValue]))
  }
  expect(await read()).toEqual({ 'cleanup.policy': 'delete', 'retention.ms': '604800000' })
  const resource = { type: ConfigResourceTypes.TOPIC, name: 't', configEntries: [{ name: 'cleanup.policy', value: 'compact' }] }
  await admin.alterConfigs({ validateOnly: false, resources: [resource] })
  expect(await read()).toEqual({ 'cleanup.policy': 'compact', 'retention.ms': '604800000' })
})

test('records are deleted, and the topic begins after them', async () => {
  await admin.createTopics({ topics: [{ topic: 't' }] })
  await produce('t', 'a', 'b', 'c', 'd')
  // kafkajs looks for leaders in what it knows already.
  await admin.fetchTopicOffsets('t')
  await admin.deleteTopicRecords({ topic: 't', partitions: [{ partition: 0, offset: '3' }] })
  expect(await admin.fetchTopicOffsets('t')).toMatchObject([{ partition: 0, low: '3', high: '4' }])
  await admin.deleteTopicRecords({ topic: 't', partitions: [{ partition: 0, offset: '-1' }] })
  expect(await admin.fetchTopicOffsets('t')).toMatchObject([{ partition: 0, low: '4', high: '4' }])
})

test('a message above the size that was just set for the broker is refused', async () => {
  await admin.createTopics({ topics: [{ topic: 't' }] })
  const set = (configEntries: { name: string; value: string }[]) =>
    admin.alterConfigs({ validateOnly: false, resources: [{ type: ConfigResourceTypes.BROKER, name: '1', configEntries }] })
  await set([{ name: 'message.max.bytes', value: '100' }])
  await expect(produce('t', 'x'.repeat(200))).rejects.toMatchObject({ type: 'MESSAGE_TOO_LARGE' })
  await set([])
  await produce('t', 'x'.repeat(200))
})

test('the cluster is this broker', async () => {
  const cluster = await admin.describeCluster()
  expect(cluster).toMatchObject({ controller: 1, brokers: [{ nodeId: 1, host: '127.0.0.1', port: broker.kafka.port }] })
  expect(cluster.clusterId).toMatch(/^[\w-]{22}$/)
})

test('reassignments: a partition may go where it is', async () => {
  await admin.createTopics({ topics: [{ topic: 't' }] })
  await admin.alterPartitionReassignments({ topics: [{ topic: 't', partitionAssignment: [{ partition: 0, replicas: [1] }] }] })
  expect(await admin.listPartitionReassignments({})).toEqual({ topics: [] })
})
