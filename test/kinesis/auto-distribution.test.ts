// AUTO record distribution: records go to the shards in turn, whatever their keys say; changing the strategy acts at once, on what comes after.
import { afterEach, beforeEach, expect, test } from 'vitest'
import { call, type DoorUnderTest, openDoor } from './harness.ts'

let door: DoorUnderTest
beforeEach(async () => {
  door = await openDoor()
})
afterEach(() => door.close())

const StreamName = 'auto'
const StreamARN = 'arn:aws:kinesis:us-east-1:000000000000:stream/auto'

async function ask<Answer>(operation: string, input: object): Promise<Answer> {
  const { status, body } = await call(door.url, operation, input)
  if (status !== 200) throw new Error(`${body['__type']}: ${body['message']}`)
  return body as Answer
}

const use = (RecordDistributionStrategy: string) => ask('UpdateStreamRecordDistributionStrategy', { StreamARN, RecordDistributionStrategy })
const create = (RecordDistributionStrategy: string) =>
  ask('CreateStream', { StreamName, StreamModeDetails: { StreamMode: 'ON_DEMAND' }, RecordDistributionStrategy })

/** Puts records of one call; the shards that they went to. */
async function put(Records: object[]): Promise<string[]> {
  const told = await ask<{ Records: { ShardId: string }[] }>('PutRecords', { StreamName, Records: Records.map((one) => ({ Data: 'eA==', ...one })) })
  return told.Records.map(({ ShardId }) => ShardId)
}

test('records are spread evenly over the shards, and keys and hash keys are ignored', async () => {
  await create('AUTO')
  const shards = await put(Array.from({ length: 40 }, () => ({ PartitionKey: 'one', ExplicitHashKey: '0' })))
  for (const id of new Set(shards)) expect(shards.filter((shard) => shard === id)).toHaveLength(10)
  const single: string[] = []
  for (let i = 0; i < 8; i++) single.push((await ask<{ ShardId: string }>('PutRecord', { StreamName, Data: 'eA==' })).ShardId)
  for (const id of new Set(shards)) expect(single.filter((shard) => shard === id)).toHaveLength(2)
})

test('a record shows the key that it was given, and none where it was given none', async () => {
  await create('AUTO')
  await put([{ PartitionKey: 'mine' }, {}, {}, {}])
  const keys: (string | undefined)[] = []
  for (const ShardId of ['0', '1', '2', '3']) {
    const { ShardIterator } = await ask<{ ShardIterator: string }>('GetShardIterator', { StreamName, ShardId, ShardIteratorType: 'TRIM_HORIZON' })
    const { Records } = await ask<{ Records: { PartitionKey?: string }[] }>('GetRecords', { ShardIterator })
    keys.push(...Records.map(({ PartitionKey }) => PartitionKey))
  }
  expect(keys.sort()).toEqual(['mine', undefined, undefined, undefined])
})

test('the strategy can be changed at any time, and acts at once', async () => {
  await create('USER_PARTITION_KEY')
  await expect(put([{}])).rejects.toThrow("Value null at 'records.1.member.partitionKey'")
  const byKey = new Set(await put(Array.from({ length: 8 }, () => ({ PartitionKey: 'one' }))))
  expect(byKey.size).toBe(1)
  await use('AUTO')
  expect(new Set(await put([{}, {}, {}, {}])).size).toBe(4)
  const told = await ask<{ StreamDescriptionSummary: object }>('DescribeStreamSummary', { StreamARN })
  expect(told.StreamDescriptionSummary).toMatchObject({ StreamStatus: 'ACTIVE', RecordDistributionStrategy: 'AUTO' })
  await use('USER_PARTITION_KEY')
  expect(new Set(await put([{ PartitionKey: 'one' }]))).toEqual(byKey)
})

test('a provisioned stream has no strategy', async () => {
  await ask('CreateStream', { StreamName, ShardCount: 1 })
  await expect(use('AUTO')).rejects.toThrow('InvalidArgumentException')
  const told = await ask<{ StreamDescriptionSummary: object }>('DescribeStreamSummary', { StreamARN })
  expect(told.StreamDescriptionSummary).not.toHaveProperty('RecordDistributionStrategy')
})
