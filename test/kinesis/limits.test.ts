// AWS's limits where they are switched on: throughput of shards, rates of calls, shards of the account.
import { afterEach, expect, test } from 'vitest'
import { ManualClock } from '../../src/clock.ts'
import { call, type DoorUnderTest, openDoor } from './harness.ts'

let door: DoorUnderTest
const clock = new ManualClock()
afterEach(() => door.close())
const open = async (settings: Record<string, string | number> = {}): Promise<void> => {
  door = await openDoor({ clock, settings: { 'kinesis.limits': 'on', ...settings } })
}
const type = async (operation: string, input: object): Promise<unknown> => (await call(door.url, operation, input)).body['__type']
const records = (count: number, bytes: number): object[] =>
  Array.from({ length: count }, () => ({ PartitionKey: 'k', Data: Buffer.alloc(bytes).toString('base64') }))
const iterator = async (): Promise<unknown> =>
  (await call(door.url, 'GetShardIterator', { StreamName: 's', ShardId: '0', ShardIteratorType: 'TRIM_HORIZON' })).body['ShardIterator']

test('a shard takes 1 MiB and 1,000 records a second; what is above fails record by record', async () => {
  await open()
  await call(door.url, 'CreateStream', { StreamName: 's', ShardCount: 1 })
  for (let i = 0; i < 2; i++)
    expect((await call(door.url, 'PutRecords', { StreamName: 's', Records: records(500, 1) })).body['FailedRecordCount']).toBe(0)
  const { body } = await call(door.url, 'PutRecords', { StreamName: 's', Records: records(2, 1) })
  expect(body['FailedRecordCount']).toBe(2)
  expect((body['Records'] as object[])[0]).toEqual({
    ErrorCode: 'ProvisionedThroughputExceededException',
    ErrorMessage: 'Rate exceeded for shard shardId-000000000000 in stream s under account 000000000000.',
  })
  expect(await type('PutRecord', { StreamName: 's', PartitionKey: 'k', Data: '' })).toBe('ProvisionedThroughputExceededException')
  await clock.advance(1000)
  const halves = await call(door.url, 'PutRecords', { StreamName: 's', Records: records(5, 300_000) })
  expect(halves.body['FailedRecordCount']).toBe(2)
})

test('a shard is read five times a second, and a large answer is paid off', async () => {
  await open()
  await call(door.url, 'CreateStream', { StreamName: 's', ShardCount: 1 })
  const from = await iterator()
  for (let i = 0; i < 5; i++) expect(await type('GetRecords', { ShardIterator: from })).toBeUndefined()
  expect(await type('GetRecords', { ShardIterator: from })).toBe('ProvisionedThroughputExceededException')
  for (let i = 0; i < 10; i++) {
    await clock.advance(1000)
    await call(door.url, 'PutRecords', { StreamName: 's', Records: records(1, 1_000_000) })
  }
  const { body } = await call(door.url, 'GetRecords', { ShardIterator: await iterator() })
  expect((body['Records'] as object[]).length).toBe(10)
  await clock.advance(3000)
  expect(await type('GetRecords', { ShardIterator: body['NextShardIterator'] })).toBe('ProvisionedThroughputExceededException')
  await clock.advance(2000)
  expect(await type('GetRecords', { ShardIterator: body['NextShardIterator'] })).toBeUndefined()
})

test('an iterator of a shard is asked for five times a second', async () => {
  await open()
  await call(door.url, 'CreateStream', { StreamName: 's', ShardCount: 2 })
  for (let i = 0; i < 5; i++) expect(await iterator()).toBeTypeOf('string')
  const from = { StreamName: 's', ShardIteratorType: 'LATEST' }
  expect(await type('GetShardIterator', { ...from, ShardId: '0' })).toBe('ProvisionedThroughputExceededException')
  expect(await type('GetShardIterator', { ...from, ShardId: '1' })).toBeUndefined()
  await clock.advance(200)
  expect(await type('GetShardIterator', { ...from, ShardId: '0' })).toBeUndefined()
})

test('the account has so many shards, and says so', async () => {
  await open({ 'kinesis.shards.max': 3 })
  await call(door.url, 'CreateStream', { StreamName: 's', ShardCount: 2 })
  const { body } = await call(door.url, 'CreateStream', { StreamName: 't', ShardCount: 2 })
  expect(body).toMatchObject({
    __type: 'LimitExceededException',
    message: expect.stringContaining('Current shard count for the account: 2. Limit: 3.'),
  })
  expect((await call(door.url, 'DescribeLimits', {})).body).toMatchObject({ ShardLimit: 3, OpenShardCount: 2 })
  expect(await type('SplitShard', { StreamName: 's', ShardToSplit: '0', NewStartingHashKey: '100' })).toBeUndefined()
  expect(await type('SplitShard', { StreamName: 's', ShardToSplit: '1', NewStartingHashKey: String(2n ** 127n + 100n) })).toBe(
    'LimitExceededException',
  )
})

test('five streams are made at a time, and a stream changes its mode twice a day', async () => {
  await open({ 'kinesis.transition.ms': 500 })
  const made = []
  for (let i = 0; i < 6; i++) {
    made.push(await type('CreateStream', { StreamName: `s${i}`, ShardCount: 1 }))
    await clock.advance(10)
  }
  expect(made).toEqual([undefined, undefined, undefined, undefined, undefined, 'LimitExceededException'])
  await clock.advance(1000)
  const mode = (StreamMode: string) =>
    type('UpdateStreamMode', { StreamARN: 'arn:aws:kinesis:us-east-1:000000000000:stream/s0', StreamModeDetails: { StreamMode } })
  const answers = []
  for (const wanted of ['ON_DEMAND', 'PROVISIONED', 'ON_DEMAND']) {
    answers.push(await mode(wanted))
    await clock.advance(1000)
  }
  expect(answers).toEqual([undefined, undefined, 'LimitExceededException'])
  await clock.advance(86_400_000)
  expect(await mode('ON_DEMAND')).toBeUndefined()
})

test('the control plane is called so many times a second', async () => {
  await open()
  const answers = []
  for (let i = 0; i < 7; i++) answers.push(await type('ListStreams', {}))
  expect(answers).toEqual([undefined, undefined, undefined, undefined, undefined, 'LimitExceededException', 'LimitExceededException'])
  await clock.advance(1000)
  expect(await type('ListStreams', {})).toBeUndefined()
})

test('rates that are a stream’s own are counted stream by stream, however it is named', async () => {
  await open()
  for (const StreamName of ['a', 'b']) await call(door.url, 'CreateStream', { StreamName, ShardCount: 1 })
  const list = (name: string) => type('ListStreamConsumers', { StreamARN: `arn:aws:kinesis:us-east-1:000000000000:stream/${name}` })
  for (let i = 0; i < 5; i++) expect(await list('a')).toBeUndefined()
  expect(await list('a')).toBe('LimitExceededException')
  expect(await list('b')).toBeUndefined()
  // The account's own go together.
  for (let i = 0; i < 10; i++) await type('DescribeStream', { StreamName: 'a' })
  expect(await type('DescribeStream', { StreamName: 'b' })).toBe('LimitExceededException')
})

test('without the setting nothing is throttled', async () => {
  door = await openDoor({ clock, settings: { 'kinesis.shards.max': 1 } })
  await call(door.url, 'CreateStream', { StreamName: 's', ShardCount: 2 })
  for (let i = 0; i < 4; i++)
    expect((await call(door.url, 'PutRecords', { StreamName: 's', Records: records(500, 2000) })).body['FailedRecordCount']).toBe(0)
  const from = await iterator()
  for (let i = 0; i < 10; i++) expect(await type('GetRecords', { ShardIterator: from })).toBeUndefined()
})
