// Queues beside what Kafka clients do on the same topic: share groups, transactions, partitions that come and go; and over restarts of a broker on disk.
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { listGroups } from '../../protocol/messages/list-groups.ts'
import { shareFetch } from '../../protocol/messages/share-fetch.ts'
import { shareGroupHeartbeat } from '../../protocol/messages/share-group-heartbeat.ts'
import { type Broker, createBroker } from '../../src/index.ts'
import { kafkaJs } from '../clients/patient.ts'
import { RawClient } from '../kafka/raw-client.ts'
import { call } from './harness.ts'
import { type QueueRecord, told } from './queue-world.ts'

const StreamARN = 'arn:aws:kinesis:us-east-1:000000000000:stream/t'
const settings = { 'group.initial.rebalance.delay.ms': 0 }

async function ask<Answer>({ aws }: Broker, operation: string, input: object): Promise<Answer> {
  const { status, body } = await call(aws.url, operation, input)
  if (status !== 200) throw new Error(`${body['__type']}: ${body['message']}`)
  return body as Answer
}

/** A topic of one partition that is an on-demand stream, and a queue on it from the beginning. */
async function makeQueue(broker: Broker, attributes: object = {}): Promise<string> {
  await ask(broker, 'CreateStream', { StreamName: 't', ShardCount: 1 })
  await ask(broker, 'UpdateStreamMode', { StreamARN, StreamModeDetails: { StreamMode: 'ON_DEMAND' } })
  const input = { QueueName: 'q', StreamConfigurationList: [{ StreamARN }], QueueAttributes: attributes }
  return (await ask<{ QueueDescription: { QueueARN: string } }>(broker, 'CreateQueue', input)).QueueDescription.QueueARN
}

const receive = async (broker: Broker, QueueARN: string, input: object = { WaitTimeSeconds: 1 }, kind = ''): Promise<QueueRecord[]> =>
  (await ask<{ QueueRecords: QueueRecord[] }>(broker, `Receive${kind}QueueRecords`, { QueueARN, ...input })).QueueRecords

const acknowledge = async (broker: Broker, QueueARN: string, records: readonly QueueRecord[]): Promise<number> => {
  const Entries = records.map(({ ReceiptHandle }) => ({ ReceiptHandle }))
  return (await ask<{ Successful: object[] }>(broker, 'AcknowledgeQueueRecords', { QueueARN, Entries })).Successful.length
}

test('a share group and a queue on one topic each get every record; Kafka clients are not told of the queue', async () => {
  await using broker = await createBroker({ settings })
  const queue = await makeQueue(broker)
  await using client = await RawClient.connect(broker.kafka)
  const who = { groupId: 'g', memberId: 'm' }
  const joined = await client.ask(shareGroupHeartbeat, 1, { ...who, memberEpoch: 0, rackId: null, subscribedTopicNames: ['t'] })
  const { topicId } = joined.assignment!.topicPartitions[0]!
  const fetch = async (shareSessionEpoch: number, maxWaitMs: number) => {
    const answer = await client.ask(shareFetch, 2, {
      ...who,
      shareSessionEpoch,
      maxWaitMs,
      minBytes: 1,
      maxBytes: 1 << 20,
      maxRecords: 100,
      batchSize: 100,
      topics: [{ topicId, partitions: [{ partitionIndex: 0, acknowledgementBatches: [] }] }],
      forgottenTopicsData: [],
    })
    return answer.responses.flatMap(({ partitions }) => partitions.flatMap(({ acquiredRecords }) => acquiredRecords))
  }
  expect(await fetch(0, 0)).toEqual([])
  for (const value of ['a', 'b', 'c'])
    await ask(broker, 'PutRecord', { StreamName: 't', PartitionKey: value, Data: Buffer.from(value).toString('base64') })
  const records = await receive(broker, queue)
  expect(told(records)).toEqual(['ax1', 'bx1', 'cx1'])
  expect(await acknowledge(broker, queue, records)).toBe(3)
  expect(await fetch(1, 1000)).toMatchObject([{ firstOffset: 0, lastOffset: 2 }])
  const { groups } = await client.ask(listGroups, 5, { statesFilter: [], typesFilter: [] })
  expect(groups.map(({ groupId }) => groupId)).toEqual(['g'])
})

test('a queue delivers what transactions commit, when they commit, and nothing of what they abort', async () => {
  await using broker = await createBroker({ settings })
  const queue = await makeQueue(broker)
  const producer = kafkaJs(broker.brokers).producer({ transactionalId: 'tx', maxInFlightRequests: 1, idempotent: true })
  await producer.connect()
  onTestFinished(() => producer.disconnect())
  const aborted = await producer.transaction()
  await aborted.send({ topic: 't', messages: [{ value: 'never' }] })
  await aborted.abort()
  const committed = await producer.transaction()
  await committed.send({ topic: 't', messages: [{ value: 'a' }, { key: 'k', value: null }] })
  const waiting = receive(broker, queue, { WaitTimeSeconds: 20 })
  await ask(broker, 'DescribeQueue', { QueueARN: queue })
  await committed.commit()
  const records = await waiting
  expect(records.map(({ Data, PartitionKey }) => [Buffer.from(Data, 'base64').toString(), PartitionKey])).toEqual([
    ['a', undefined],
    ['', 'k'],
  ])
  await ask(broker, 'PutRecord', { StreamName: 't', PartitionKey: 'b', Data: 'Yg==' })
  expect(told(await receive(broker, queue))).toEqual(['bx1'])
  // A queue that begins while a transaction is open delivers it.
  const open = await producer.transaction()
  await open.send({ topic: 't', messages: [{ value: 'c' }] })
  const later = { QueueName: 'later', StreamConfigurationList: [{ StreamARN, StartingPosition: { Type: 'LATEST' } }] }
  const { QueueDescription } = await ask<{ QueueDescription: { QueueARN: string } }>(broker, 'CreateQueue', later)
  await open.commit()
  expect(told(await receive(broker, QueueDescription.QueueARN))).toEqual(['cx1'])
})

test('holds, receipts, counts and dead letters outlive a restart', async () => {
  const data = await mkdtemp(join(tmpdir(), 'twinlog-queue-'))
  onTestFinished(() => rm(data, { recursive: true, force: true }))
  let queue = ''
  let held: QueueRecord[] = []
  {
    await using broker = await createBroker({ data, settings })
    queue = await makeQueue(broker, { DeadLetterConfiguration: { TargetType: 'BUILT_IN', MaxReceiveCount: 2 } })
    const put = (values: string[]) => {
      const Records = values.map((value) => ({ PartitionKey: value, Data: Buffer.from(value).toString('base64') }))
      return ask(broker, 'PutRecords', { StreamName: 't', Records })
    }
    await put(['a', 'b', 'c'])
    const [first] = await receive(broker, queue, { Limit: 1 })
    await acknowledge(broker, queue, [first!])
    // b and c are received twice and never acknowledged: dead letters. d is held.
    const counts: number[] = []
    while (counts.filter((count) => count === 2).length < 2)
      counts.push(...(await receive(broker, queue, { VisibilityTimeoutSeconds: 0 })).map(({ ReceiveCount }) => ReceiveCount))
    await put(['d'])
    held = await receive(broker, queue)
    expect(told(held)).toEqual(['dx1'])
  }
  await using broker = await createBroker({ data, settings })
  await ask(broker, 'PutRecord', { StreamName: 't', PartitionKey: 'e', Data: 'ZQ==' })
  expect(told(await receive(broker, queue))).toEqual(['ex1'])
  expect(told(await receive(broker, queue, {}, 'DeadLetter')).sort()).toEqual(['bx3', 'cx3'])
  const Entries = [{ ReceiptHandle: held[0]!.ReceiptHandle, VisibilityTimeoutSeconds: 0 }]
  await ask(broker, 'UpdateQueueRecordsVisibility', { QueueARN: queue, Entries })
  const [d] = await receive(broker, queue)
  expect(d).toMatchObject({ RecordId: held[0]!.RecordId, FirstReceiveTimestamp: held[0]!.FirstReceiveTimestamp, ReceiveCount: 2 })
  expect(await acknowledge(broker, queue, [held[0]!, d!])).toBe(1)
})

test('a reset broker knows no queue, and makes a new one where the old one was', async () => {
  await using broker = await createBroker({ settings })
  const old = await makeQueue(broker)
  const waiting = receive(broker, old, { WaitTimeSeconds: 20 })
  await ask(broker, 'DescribeQueue', { QueueARN: old })
  await broker.reset()
  expect(await waiting.catch((error: Error) => error.message)).toEqual(expect.anything())
  await expect(ask(broker, 'DescribeQueue', { QueueARN: old })).rejects.toThrow('ResourceNotFoundException')
  const queue = await makeQueue(broker)
  await ask(broker, 'PutRecord', { StreamName: 't', PartitionKey: 'a', Data: 'YQ==' })
  expect(told(await receive(broker, queue))).toEqual(['ax1'])
})
