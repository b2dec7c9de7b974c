// A disk that gives back other bytes than were stored, under the whole broker: each door says so, hands out nothing that is wrong and everything that is not, and
// the log and a counter tell the operator. How the engine finds it is test/engine/damage.test.ts's.
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { KinesisClient, RegisterStreamConsumerCommand, SubscribeToShardCommand } from '@aws-sdk/client-kinesis'
import { afterAll, expect, test } from 'vitest'
import { errorCode } from '../../protocol/error-code.ts'
import { fetch as fetchApi } from '../../protocol/messages/fetch.ts'
import { isIntact } from '../../protocol/records/batch.ts'
import { createBroker } from '../../src/broker.ts'
import type { LogFields } from '../../src/logging.ts'
import { RawClient } from '../kafka/raw-client.ts'
import { call } from '../kinesis/harness.ts'

const data = mkdtempSync(join(tmpdir(), 'twinlog-rot-'))
afterAll(() => rmSync(data, { recursive: true }))

const streamARN = 'arn:aws:kinesis:us-east-1:000000000000:stream/s'
const base64 = (text: string): string => Buffer.from(text).toString('base64')

/** Changes a letter of a record wherever it is stored. */
function rot(record: string): void {
  const file = join(data, 'data.mdb')
  const bytes = readFileSync(file)
  let found = 0
  for (let at = bytes.indexOf(record); at !== -1; at = bytes.indexOf(record, at + 1), found++) bytes[at]! ^= 1
  expect(found).toBeGreaterThan(0)
  writeFileSync(file, bytes)
}

test('what is stored is damaged: readers of either door are told, and so is the operator', async () => {
  const said: [string, LogFields?][] = []
  const logger = {
    debug: () => {},
    info: () => {},
    warn: () => {},
    error: (message: string, fields?: LogFields) => void said.push([message, ...(fields ? [fields] : [])] as never),
  }
  const open = () => createBroker({ data, logger })
  const first = await open()
  const ask = async (url: string, operation: string, input: object): Promise<Record<string, unknown>> => (await call(url, operation, input)).body
  await ask(first.aws.url, 'CreateStream', { StreamName: 's', ShardCount: 1 })
  // Queues want on-demand streams.
  await ask(first.aws.url, 'UpdateStreamMode', { StreamARN: streamARN, StreamModeDetails: { StreamMode: 'ON_DEMAND' } })
  for (const record of ['sound-record', 'rotten-record', 'last-record']) {
    await ask(first.aws.url, 'PutRecord', { StreamName: 's', PartitionKey: 'k', Data: base64(record) })
  }
  await first.close()
  rot('rotten-record')

  await using broker = await open()
  const { url } = broker.aws
  const records = (answer: Record<string, unknown>): string[] => (answer['Records'] as { Data: string }[]).map(({ Data }) => Data)
  const { ShardIterator } = await ask(url, 'GetShardIterator', {
    StreamName: 's',
    ShardId: 'shardId-000000000000',
    ShardIteratorType: 'TRIM_HORIZON',
  })
  const before = await ask(url, 'GetRecords', { ShardIterator })
  expect(records(before)).toEqual([base64('sound-record')])
  expect(before['MillisBehindLatest']).toBeGreaterThan(0)
  const where = expect.stringMatching(/topic s, partition 0, from offset 1 on is damaged.*offsets 1 to 1/)
  expect(await call(url, 'GetRecords', { ShardIterator: before['NextShardIterator'] })).toEqual({
    status: 500,
    body: { __type: 'InternalFailure', message: where },
  })

  const kinesis = new KinesisClient({ endpoint: url, region: 'us-east-1', credentials: { accessKeyId: 'a', secretAccessKey: 'b' } })
  const { Consumer } = await kinesis.send(new RegisterStreamConsumerCommand({ StreamARN: streamARN, ConsumerName: 'c' }))
  const start = { ConsumerARN: Consumer!.ConsumerARN, ShardId: 'shardId-000000000000', StartingPosition: { Type: 'TRIM_HORIZON' as const } }
  const { EventStream } = await kinesis.send(new SubscribeToShardCommand(start))
  const pushed: string[] = []
  const listening = (async () => {
    for await (const { SubscribeToShardEvent: event } of EventStream!)
      for (const { Data } of event!.Records!) pushed.push(Buffer.from(Data!).toString())
  })()
  await expect(listening).rejects.toMatchObject({ name: 'InternalFailureException', message: where })
  expect(pushed).toEqual(['sound-record'])
  kinesis.destroy()

  const { QueueDescription: queue } = await ask(url, 'CreateQueue', {
    QueueName: 'q',
    StreamConfigurationList: [{ StreamARN: streamARN, StartingPosition: { Type: 'TRIM_HORIZON' } }],
  })
  const receive = () => call(url, 'ReceiveQueueRecords', { QueueARN: (queue as { QueueARN: string }).QueueARN, WaitTimeSeconds: 1 })
  const received = await receive()
  expect([received.status, (received.body['QueueRecords'] as { Data: string }[])?.map(({ Data }) => Data)]).toEqual([200, [base64('sound-record')]])
  expect(await receive()).toMatchObject({ status: 500, body: { __type: 'InternalFailure', message: where } })

  await using client = await RawClient.connect(broker.kafka)
  const fetched = async (version: number, fetchOffset: number) => {
    const topics = [{ topic: 's', topicId: 'AAAAAAAAAAAAAAAAAAAAAA', partitions: [{ partition: 0, fetchOffset, partitionMaxBytes: 10_000 }] }]
    const limits = { maxWaitMs: 0, minBytes: 0, maxBytes: 10_000, isolationLevel: 0 }
    return (await client.ask(fetchApi, version, { ...limits, topics, replicaState: {}, forgottenTopicsData: [] })).responses[0]!.partitions[0]!
  }
  // What is stored, for the client to check; messages of the old format would get a checksum of their own.
  const stored = await fetched(12, 1)
  expect(stored.errorCode).toBe(errorCode.NONE)
  expect(isIntact(stored.records as Buffer)).toBe(false)
  expect(await fetched(3, 0)).toMatchObject({ errorCode: errorCode.NONE })
  expect(await fetched(3, 1)).toMatchObject({ errorCode: errorCode.CORRUPT_MESSAGE })

  expect(said).toEqual([
    ['what is stored is damaged: reads fail there', { topic: 's', partition: 0, offset: 1, damage: expect.stringContaining('CRC32C') }],
  ])
  expect(await (await fetch(`${broker.admin.url}/metrics`)).text()).toMatch(/^twinlog_storage_damaged_reads_total [1-9]/m)
})
