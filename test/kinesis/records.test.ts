// Records through the AWS door: iterators and their edges, limits, stream states, and what Kafka records look like.
import { afterEach, expect, test } from 'vitest'
import { ManualClock } from '../../src/clock.ts'
import { stamp } from '../../src/engine/engine.ts'
import { buildRun } from '../../src/kinesis/record-run.ts'
import { LentMemory, Loans } from '../../src/lent-memory.ts'
import { openMemoryStore } from '../../storage/memory-store.ts'
import { call, type DoorUnderTest, openDoor } from './harness.ts'

let door: DoorUnderTest
afterEach(() => door.close())

interface Record {
  SequenceNumber: string
  Data: string
  PartitionKey: string
  ApproximateArrivalTimestamp: number
}
interface Page {
  Records: Record[]
  NextShardIterator?: string
  MillisBehindLatest: number
}

const shard0 = 'shardId-000000000000'
const account = '000000000000'

async function ok(operation: string, input: object): Promise<{ [member: string]: unknown }> {
  const { status, body } = await call(door.url, operation, input)
  expect(body, operation).not.toHaveProperty('__type')
  expect(status).toBe(200)
  return body
}
const refused = async (operation: string, input: object): Promise<string> => {
  const { status, body } = await call(door.url, operation, input)
  expect(status).toBe(400)
  return `${body['__type']}: ${body['message']}`
}
const iterator = async (input: object): Promise<string> => String((await ok('GetShardIterator', { ShardId: shard0, ...input }))['ShardIterator'])
const get = async (from: string, more: object = {}): Promise<Page> => (await ok('GetRecords', { ShardIterator: from, ...more })) as unknown as Page
const put = async (stream: string, data: string): Promise<string> =>
  String((await ok('PutRecord', { StreamName: stream, PartitionKey: 'k', Data: Buffer.from(data).toString('base64') }))['SequenceNumber'])
const dataOf = (page: Page): string[] => page.Records.map(({ Data }) => Buffer.from(Data, 'base64').toString())

test('an iterator expires 300 s after it was made', async () => {
  const clock = new ManualClock(Date.UTC(2026, 0, 1))
  door = await openDoor({ clock })
  await ok('CreateStream', { StreamName: 's', ShardCount: 1 })
  const from = await iterator({ StreamName: 's', ShardIteratorType: 'TRIM_HORIZON' })
  await clock.advance(300_000)
  const { NextShardIterator: next } = await get(from)
  await clock.advance(1)
  expect(await refused('GetRecords', { ShardIterator: from })).toBe(
    'ExpiredIteratorException: Iterator expired. The iterator was created at time Thu Jan 01 00:00:00 UTC 2026 while right now it is Thu Jan 01 00:05:00 UTC 2026 ' +
      'which is further in the future than the tolerated delay of 300000 milliseconds.',
  )
  expect((await get(next!)).Records).toEqual([])
})

test('iterators survive a restart, are accepted in quotes, and differ from call to call', async () => {
  const store = openMemoryStore({ stamp, now: Date.now, flush: 'sync', recentBytesMax: 0, onFailure: () => {} })
  door = await openDoor({ store })
  await ok('CreateStream', { StreamName: 's', ShardCount: 1 })
  await put('s', 'one')
  const from = await iterator({ StreamName: 's', ShardIteratorType: 'TRIM_HORIZON' })
  const first = await get(`"${from}"`)
  const second = await get(from)
  expect(first.NextShardIterator).not.toBe(second.NextShardIterator)
  await door.server.close(0)
  door.engine.close()
  door = await openDoor({ store })
  expect(dataOf(await get(from))).toEqual(['one'])
})

test('LATEST is fixed when it is asked for', async () => {
  door = await openDoor()
  await ok('CreateStream', { StreamName: 's', ShardCount: 1 })
  await put('s', 'before')
  const from = await iterator({ StreamName: 's', ShardIteratorType: 'LATEST' })
  await put('s', 'after')
  expect(dataOf(await get(from))).toEqual(['after'])
})

test.each([
  ['cn-north-1', 'aws-cn'],
  ['us-gov-west-1', 'aws-us-gov'],
  ['eu-west-1', 'aws'],
])('ARNs in %s are of the partition %s', async (region, partition) => {
  door = await openDoor({ settings: { 'aws.region': region } })
  await ok('CreateStream', { StreamName: 's', ShardCount: 1 })
  const StreamARN = `arn:${partition}:kinesis:${region}:${account}:stream/s`
  expect(await ok('DescribeStreamSummary', { StreamARN })).toMatchObject({ StreamDescriptionSummary: { StreamARN } })
})

test('an iterator does not outlive its stream, even where the name is used again', async () => {
  door = await openDoor()
  await ok('CreateStream', { StreamName: 's', ShardCount: 1 })
  const from = await iterator({ StreamName: 's', ShardIteratorType: 'TRIM_HORIZON' })
  const streamARN = `arn:aws:kinesis:us-east-1:${account}:stream/s`
  await get(from, { StreamARN: streamARN })
  expect(await refused('GetRecords', { ShardIterator: from, StreamARN: streamARN.replace(account, '111111111111') })).toMatch(
    /^ResourceNotFoundException/,
  )
  await ok('CreateStream', { StreamName: 't', ShardCount: 1 })
  expect(await refused('GetRecords', { ShardIterator: from, StreamARN: streamARN.replace('stream/s', 'stream/t') })).toBe(
    `InvalidArgumentException: ShardIterator does not belong to the stream ${streamARN.replace('stream/s', 'stream/t')}.`,
  )
  await ok('DeleteStream', { StreamName: 's' })
  const gone = `ResourceNotFoundException: Shard ${shard0} in stream s under account ${account} does not exist`
  expect(await refused('GetRecords', { ShardIterator: from })).toBe(gone)
  await ok('CreateStream', { StreamName: 's', ShardCount: 1 })
  expect(await refused('GetRecords', { ShardIterator: from })).toBe(gone)
})

test('GetShardIterator’s refusals have AWS’s texts', async () => {
  door = await openDoor()
  await ok('CreateStream', { StreamName: 's', ShardCount: 2 })
  await ok('CreateStream', { StreamName: 't', ShardCount: 2 })
  const inShard1 = String(
    (await ok('PutRecord', { StreamName: 's', PartitionKey: 'k', ExplicitHashKey: String(2n ** 127n), Data: '' }))['SequenceNumber'],
  )
  const ask = (input: object): Promise<string> => refused('GetShardIterator', { StreamName: 's', ShardId: shard0, ...input })
  expect(await ask({ StreamName: 'none', ShardIteratorType: 'LATEST' })).toBe(
    `ResourceNotFoundException: Shard ${shard0} in stream none under account ${account} does not exist`,
  )
  expect(await ask({ ShardId: '5', ShardIteratorType: 'LATEST' })).toBe(
    `ResourceNotFoundException: Shard shardId-000000000005 in stream s under account ${account} does not exist`,
  )
  expect(await ask({ ShardId: 'shard', ShardIteratorType: 'LATEST' })).toBe(
    `ResourceNotFoundException: Could not find shard shard in stream s under account ${account}.`,
  )
  const either =
    'InvalidArgumentException: Must either specify (1) AT_SEQUENCE_NUMBER or AFTER_SEQUENCE_NUMBER and StartingSequenceNumber or (2) TRIM_HORIZON or LATEST and no StartingSequenceNumber. Request specified'
  expect(await ask({ ShardIteratorType: 'LATEST', StartingSequenceNumber: '5' })).toBe(`${either} LATEST and also a StartingSequenceNumber.`)
  expect(await ask({ ShardIteratorType: 'AT_SEQUENCE_NUMBER' })).toBe(`${either} AT_SEQUENCE_NUMBER and no StartingSequenceNumber.`)
  expect(await ask({ ShardIteratorType: 'AT_SEQUENCE_NUMBER', StartingSequenceNumber: inShard1 })).toBe(
    `InvalidArgumentException: Invalid StartingSequenceNumber. It encodes shardId-000000000001, while it was used in a call to a shard with ${shard0}`,
  )
  expect(await ask({ ShardIteratorType: 'AT_SEQUENCE_NUMBER', StartingSequenceNumber: `4${'9'.repeat(55)}` })).toBe(
    `InvalidArgumentException: StartingSequenceNumber 4${'9'.repeat(55)} used in GetShardIterator on shard ${shard0} in stream s under account ${account} is invalid.`,
  )
  expect(await ask({ ShardIteratorType: 'AT_TIMESTAMP' })).toContain('Must specify timestampInMillis parameter for iterator of type AT_TIMESTAMP.')
  expect(await ask({ ShardIteratorType: 'AT_TIMESTAMP', Timestamp: Date.now() / 1000 + 1000 })).toContain(
    'The timestampInMillis parameter cannot be greater than',
  )
  // Short forms of a shard's name are AWS's too.
  await iterator({ StreamName: 's', ShardId: '1', ShardIteratorType: 'AFTER_SEQUENCE_NUMBER', StartingSequenceNumber: inShard1 })
})

test('a stream that is deleted while it is made shows no shards, one that was made does', async () => {
  const clock = new ManualClock()
  door = await openDoor({ clock, settings: { 'kinesis.transition.ms': 500 } })
  const shards = async (StreamName: string): Promise<unknown> => {
    const { StreamDescription: description } = (await call(door.url, 'DescribeStream', { StreamName })).body as {
      StreamDescription: { StreamStatus: string; Shards: unknown[] }
    }
    return [description.StreamStatus, description.Shards.length]
  }
  await call(door.url, 'CreateStream', { StreamName: 'unmade', ShardCount: 1 })
  await clock.advance(200)
  await call(door.url, 'DeleteStream', { StreamName: 'unmade' })
  await clock.advance(400)
  expect(await shards('unmade')).toEqual(['DELETING', 0])
  await call(door.url, 'CreateStream', { StreamName: 'made', ShardCount: 1 })
  await clock.advance(500)
  await call(door.url, 'DeleteStream', { StreamName: 'made' })
  expect(await shards('made')).toEqual(['DELETING', 1])
})

test('a stream is CREATING and DELETING for the transition time, and serves nothing meanwhile', async () => {
  const clock = new ManualClock()
  door = await openDoor({ clock, settings: { 'kinesis.transition.ms': 500 } })
  const status = async (): Promise<unknown> =>
    ((await ok('DescribeStreamSummary', { StreamName: 's' }))['StreamDescriptionSummary'] as { StreamStatus: string }).StreamStatus
  await ok('CreateStream', { StreamName: 's', ShardCount: 1 })
  expect(await status()).toBe('CREATING')
  expect(await refused('PutRecord', { StreamName: 's', PartitionKey: 'k', Data: '' })).toBe(
    `ResourceNotFoundException: Stream s under account ${account} not found.`,
  )
  await clock.advance(500)
  expect(await status()).toBe('ACTIVE')
  await put('s', 'a')
  await ok('DeleteStream', { StreamName: 's' })
  expect(await status()).toBe('DELETING')
  await clock.advance(500)
  await expect.poll(() => call(door.url, 'DescribeStream', { StreamName: 's' })).toMatchObject({ body: { __type: 'ResourceNotFoundException' } })
})

test('a deletion that a restart interrupts goes on', async () => {
  const clock = new ManualClock()
  const store = openMemoryStore({ stamp, now: () => clock.now(), flush: 'sync', recentBytesMax: 0, onFailure: () => {} })
  const settings = { 'kinesis.transition.ms': 500 }
  door = await openDoor({ clock, store, settings })
  await ok('CreateStream', { StreamName: 's', ShardCount: 1 })
  await ok('DeleteStream', { StreamName: 's' })
  await door.server.close(0)
  door.engine.close()
  door = await openDoor({ clock, store, settings })
  expect((await ok('ListStreams', {}))['StreamSummaries']).toMatchObject([{ StreamStatus: 'DELETING' }])
  await clock.advance(500)
  await expect.poll(async () => (await ok('ListStreams', {}))['StreamNames']).toEqual([])
})

test('GetRecords stops at 10,000 records and at 10 MiB, and says how far behind it is', async () => {
  const clock = new ManualClock()
  door = await openDoor({ clock })
  await ok('CreateStream', { StreamName: 'count', ShardCount: 1 })
  const Data = Buffer.from('x').toString('base64')
  for (let i = 0; i < 21; i++)
    await ok('PutRecords', { StreamName: 'count', Records: Array.from({ length: 500 }, () => ({ PartitionKey: 'k', Data })) })
  await clock.advance(7000)
  const first = await get(await iterator({ StreamName: 'count', ShardIteratorType: 'TRIM_HORIZON' }))
  expect(first.Records.length).toBe(10_000)
  expect(first.MillisBehindLatest).toBe(7000)
  const second = await get(first.NextShardIterator!)
  expect(second.Records.length).toBe(500)
  expect(second.MillisBehindLatest).toBe(0)

  await ok('CreateStream', { StreamName: 'bytes', ShardCount: 1 })
  const big = Buffer.alloc(1_048_576, 'y').toString('base64')
  for (let i = 0; i < 12; i++) await ok('PutRecord', { StreamName: 'bytes', PartitionKey: 'k', Data: big })
  const page = await get(await iterator({ StreamName: 'bytes', ShardIteratorType: 'TRIM_HORIZON' }))
  expect(page.Records.length).toBe(9)
  expect((await get(page.NextShardIterator!)).Records.length).toBe(3)
})

test('what is too large is refused with AWS’s text', async () => {
  door = await openDoor()
  await ok('CreateStream', { StreamName: 's', ShardCount: 1 })
  const tooBig = Buffer.alloc(1_048_577).toString('base64')
  expect(await refused('PutRecord', { StreamName: 's', PartitionKey: 'k', Data: tooBig })).toBe(
    "ValidationException: 1 validation error detected: Value 'java.nio.HeapByteBuffer[pos=0 lim=1048577 cap=1048577]' at 'data' failed to satisfy constraint: " +
      'Member must have length less than or equal to 1048576',
  )
  const big = Buffer.alloc(1_048_576).toString('base64')
  expect(await refused('PutRecords', { StreamName: 's', Records: Array.from({ length: 11 }, () => ({ PartitionKey: 'k', Data: big })) })).toBe(
    'InvalidArgumentException: Records size exceeds 10 MB limit',
  )
  expect(await refused('PutRecord', { StreamName: 's', PartitionKey: 'k', Data: '', ExplicitHashKey: String(2n ** 128n) })).toBe(
    `InvalidArgumentException: Invalid ExplicitHashKey. ExplicitHashKey must be in the range: [0, 2^128-1]. Specified value was ${2n ** 128n}`,
  )
})

test('a topic with Kafka’s own limit takes the MiB that its description tells; a lower limit refuses the whole call', async () => {
  door = await openDoor()
  await door.engine.topics.create({ name: 'kafka' })
  await door.engine.topics.create({ name: 'small', configs: { 'max.message.bytes': '2000' } })
  const summary = (await ok('DescribeStreamSummary', { StreamName: 'kafka' }))['StreamDescriptionSummary']
  expect(summary).toMatchObject({ MaxRecordSizeInKiB: 1024 })
  const whole = { PartitionKey: 'k'.repeat(256), Data: Buffer.alloc(1_048_576).toString('base64') }
  await ok('PutRecord', { StreamName: 'kafka', ...whole })
  expect(await ok('PutRecords', { StreamName: 'kafka', Records: [whole, whole] })).toMatchObject({ FailedRecordCount: 0 })
  const records = [1500, 2000].map((bytes) => ({ PartitionKey: 'k', Data: Buffer.alloc(bytes).toString('base64') }))
  await ok('PutRecord', { StreamName: 'small', ...records[0] })
  const fault = /^InvalidArgumentException: A record of \d+ bytes is larger than the topic's max.message.bytes \(2000\)\.$/
  expect(await refused('PutRecord', { StreamName: 'small', ...records[1] })).toMatch(fault)
  expect(await refused('PutRecords', { StreamName: 'small', Records: records })).toMatch(fault)
})

test('a topic that Kafka made is a stream; a name that is no stream name is not shown', async () => {
  door = await openDoor()
  await door.engine.topics.create({ name: 'orders', partitionCount: 2, configs: { 'retention.ms': String(48 * 3_600_000) } })
  await door.engine.topics.create({ name: '__consumer_offsets' })
  await door.engine.topics.create({ name: 'x'.repeat(129) })
  expect((await ok('ListStreams', {}))['StreamNames']).toEqual(['orders'])
  expect((await ok('DescribeStream', { StreamName: 'orders' }))['StreamDescription']).toMatchObject({
    StreamStatus: 'ACTIVE',
    RetentionPeriodHours: 48,
  })
})

test('Kafka keys that are no partition keys are shown in a stable printable form', async () => {
  door = await openDoor()
  const topic = await door.engine.topics.create({ name: 'orders', partitionCount: 1 })
  const keys = ['plain', '☃ snow', '', 'k'.repeat(257)]
  for (const key of keys)
    await door.engine.append(
      topic.partitions[0]!,
      buildRun([{ partitionKey: key, data: Buffer.from(key) }], 1_700_000_000_000, 1_000_000, new Loans(new LentMemory(0))),
    )
  const page = await get(await iterator({ StreamName: 'orders', ShardIteratorType: 'TRIM_HORIZON' }))
  expect(page.Records.map(({ PartitionKey }) => PartitionKey)).toEqual(['plain', '☃ snow', '-', expect.stringMatching(/^sha256:[0-9a-f]{64}$/)])
  expect(dataOf(page)).toEqual(keys)
  expect(page.Records[0]!.ApproximateArrivalTimestamp).toBe(1_700_000_000)
})

test('reading a trimmed shard begins at the trim horizon', async () => {
  door = await openDoor()
  await ok('CreateStream', { StreamName: 's', ShardCount: 1 })
  const numbers = [await put('s', '0'), await put('s', '1'), await put('s', '2')]
  const from = await iterator({ StreamName: 's', ShardIteratorType: 'AT_SEQUENCE_NUMBER', StartingSequenceNumber: numbers[0]! })
  await door.engine.deleteRecords(door.engine.topics.get('s')!.partitions[0]!, 2)
  expect(dataOf(await get(from))).toEqual(['2'])
  expect(dataOf(await get(await iterator({ StreamName: 's', ShardIteratorType: 'TRIM_HORIZON' })))).toEqual(['2'])
})

test('a dry run checks everything and does nothing', async () => {
  door = await openDoor()
  await ok('CreateStream', { StreamName: 's', ShardCount: 1 })
  expect(await refused('PutRecord', { StreamName: 's', PartitionKey: 'k', Data: '', DryRun: true })).toMatch(/^DryRunOperationException: /)
  expect(await refused('PutRecord', { StreamName: 'none', PartitionKey: 'k', Data: '', DryRun: true })).toMatch(/^ResourceNotFoundException: /)
  expect((await get(await iterator({ StreamName: 's', ShardIteratorType: 'TRIM_HORIZON' }))).Records).toEqual([])
})
