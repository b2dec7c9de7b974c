// create.topics: what a start makes, for both doors; what it leaves alone; what it refuses.
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import kafkajs, { type Admin } from 'kafkajs'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { type Broker, type BrokerOptions, createBroker, SettingsInvalid } from '../../src/index.ts'
import { call } from '../kinesis/harness.ts'
import { endAll, freePorts, logLines, Product } from './process.ts'

let directory = ''
const open: Broker[] = []
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'twinlog-topics-'))
})
afterEach(async () => {
  await endAll()
  await Promise.all(open.splice(0).map((broker) => broker.close()))
  rmSync(directory, { recursive: true, force: true })
})

async function start(topics: string, options: BrokerOptions = {}): Promise<Broker> {
  const broker = await createBroker({ ...options, settings: { 'num.partitions': 3, 'create.topics': topics } })
  open.push(broker)
  return broker
}

async function kafkaAdmin<Result>(brokers: string[], use: (admin: Admin) => Promise<Result>): Promise<Result> {
  const admin = new kafkajs.Kafka({ brokers, clientId: 'test', logLevel: kafkajs.logLevel.NOTHING }).admin()
  await admin.connect()
  try {
    return await use(admin)
  } finally {
    await admin.disconnect()
  }
}

/** `name:partitions` as Kafka clients are told. */
const topicsOf = ({ brokers }: { brokers: string[] }): Promise<string[]> =>
  kafkaAdmin(brokers, async (admin) => {
    const { topics } = await admin.fetchTopicMetadata()
    return topics.map(({ name, partitions }) => `${name}:${partitions.length}`).sort()
  })

async function shardsOf(url: string, stream: string): Promise<unknown> {
  const { body } = await call(url, 'DescribeStreamSummary', { StreamName: stream })
  return (body as { StreamDescriptionSummary: { OpenShardCount: number } }).StreamDescriptionSummary.OpenShardCount
}

it('topics are there for both doors when the broker is ready, with num.partitions where none is said', async () => {
  const broker = await start('orders:4, clicks')
  expect(await topicsOf(broker)).toEqual(['clicks:3', 'orders:4'])
  expect([await shardsOf(broker.aws.url, 'orders'), await shardsOf(broker.aws.url, 'clicks')]).toEqual([4, 3])
})

it('a topic that exists is left as it is, and one that was deleted is made anew at the next start', async () => {
  const first = await start('orders:2,clicks', { data: directory })
  await kafkaAdmin(first.brokers, async (admin) => {
    await admin.createPartitions({ topicPartitions: [{ topic: 'orders', count: 5 }] })
    await admin.deleteTopics({ topics: ['clicks'] })
  })
  await first.close()
  expect(await topicsOf(await start('orders:2,clicks', { data: directory }))).toEqual(['clicks:3', 'orders:5'])
})

it('a reset drops every topic, and makes these anew', async () => {
  const broker = await start('orders:2')
  await kafkaAdmin(broker.brokers, async (admin) => {
    await admin.createPartitions({ topicPartitions: [{ topic: 'orders', count: 5 }] })
    await admin.createTopics({ topics: [{ topic: 'other' }] })
  })
  await broker.reset()
  expect(await topicsOf(broker)).toEqual(['orders:2'])
})

it('names and counts that cannot be end the start with a message', async () => {
  for (const topics of ['a b', 'orders:0', 'orders:x', ':3', 'orders:', 'a:1:2']) {
    await expect(start(topics), topics).rejects.toThrow(`create.topics=${topics} (settings) is not NAME[:NUMBER] with commas`)
  }
  await expect(start('a.b,a_b')).rejects.toThrow(new SettingsInvalid(["create.topics: Topic 'a_b' collides with existing topic: a.b"]))
  const { code, stdout, stderr } = await new Product([...freePorts, '--memory'], { env: { TWINLOG_CREATE_TOPICS: '..' } }).ended
  expect([code, stdout, stderr]).toEqual([2, '', "twinlog: create.topics: Topic name is invalid: '..' is not allowed\n"])
})

it('log.level=debug tells of each request of either door', async () => {
  const product = new Product([...freePorts, '--memory', '--set', 'log.level=debug', '--set', 'create.topics=orders'])
  const { kafka, aws } = await product.ready()
  await topicsOf({ brokers: [kafka] })
  await call(aws, 'DescribeStreamSummary', { StreamName: 'nothing' })
  product.signal('SIGTERM')
  const lines = logLines((await product.ended).stderr, 'debug')
  expect(lines).toContainEqual(
    expect.objectContaining({
      msg: 'kafka request',
      api: 'Metadata',
      error: 'NONE',
      ms: expect.any(Number),
      clientId: 'test',
      client: expect.stringMatching(/^127\.0\.0\.1:\d+$/),
    }),
  )
  expect(lines).toContainEqual(
    expect.objectContaining({ msg: 'aws request', operation: 'DescribeStreamSummary', error: 'ResourceNotFoundException', ms: expect.any(Number) }),
  )
})
