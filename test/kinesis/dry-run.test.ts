// DryRun: the request is checked as if it were meant, nothing happens, and an exception says so.
import { afterEach, beforeEach, expect, test } from 'vitest'
import { call, type DoorUnderTest, openDoor } from './harness.ts'
import { model } from './model.ts'

let door: DoorUnderTest
let iterator: string
let ConsumerARN: string
const StreamName = 's'
const Data = Buffer.from('x').toString('base64')

beforeEach(async () => {
  door = await openDoor()
  await call(door.url, 'CreateStream', { StreamName, ShardCount: 1 })
  iterator = (await call(door.url, 'GetShardIterator', { StreamName, ShardId: '0', ShardIteratorType: 'TRIM_HORIZON' })).body[
    'ShardIterator'
  ] as string
  const consumer = { StreamARN: 'arn:aws:kinesis:us-east-1:000000000000:stream/s', ConsumerName: 'c' }
  ;({ ConsumerARN } = (await call(door.url, 'RegisterStreamConsumer', consumer)).body['Consumer'] as { ConsumerARN: string })
})
afterEach(() => door.close())

const requests = (): Record<string, { good: object; bad: [object, string][] }> => ({
  PutRecord: {
    good: { StreamName, PartitionKey: 'k', Data },
    bad: [
      [{ StreamName, Data }, 'ValidationException'],
      [{ StreamName: 'nothing', PartitionKey: 'k', Data }, 'ResourceNotFoundException'],
      [{ StreamName, PartitionKey: 'k', Data, ExplicitHashKey: String(2n ** 128n) }, 'InvalidArgumentException'],
      [{ StreamName, PartitionKey: 'k', Data: Buffer.alloc(2 ** 20 + 1).toString('base64') }, 'ValidationException'],
    ],
  },
  PutRecords: {
    good: { StreamName, Records: [{ PartitionKey: 'k', Data }] },
    bad: [
      [{ StreamName, Records: [{ PartitionKey: 'k', Data, ExplicitHashKey: String(2n ** 128n) }] }, 'InvalidArgumentException'],
      [{ StreamName, Records: Array.from({ length: 501 }, () => ({ PartitionKey: 'k', Data })) }, 'ValidationException'],
    ],
  },
  GetRecords: { good: { ShardIterator: iterator }, bad: [[{ ShardIterator: 'nothing' }, 'InvalidArgumentException']] },
  GetShardIterator: {
    good: { StreamName, ShardId: '0', ShardIteratorType: 'LATEST' },
    bad: [
      [{ StreamName, ShardId: '9', ShardIteratorType: 'LATEST' }, 'ResourceNotFoundException'],
      [{ StreamName, ShardId: '0', ShardIteratorType: 'AT_SEQUENCE_NUMBER' }, 'InvalidArgumentException'],
    ],
  },
  SubscribeToShard: {
    good: { ConsumerARN, ShardId: '0', StartingPosition: { Type: 'LATEST' } },
    bad: [[{ ConsumerARN, ShardId: '9', StartingPosition: { Type: 'LATEST' } }, 'ResourceNotFoundException']],
  },
})

test('every operation with a DryRun checks and does nothing', async () => {
  for (const [operation, { good, bad }] of Object.entries(requests())) {
    const dry = await call(door.url, operation, { ...good, DryRun: true })
    expect([operation, dry.status, dry.body['__type']]).toEqual([operation, 400, 'DryRunOperationException'])
    for (const [input, type] of bad)
      expect([operation, (await call(door.url, operation, { ...input, DryRun: true })).body['__type']]).toEqual([operation, type])
  }
  expect(door.engine.topics.get('s')!.partitions[0]!.endOffset).toBe(0)
  // Without it, or with false, the same requests do what they say.
  for (const operation of ['PutRecord', 'PutRecords', 'GetRecords', 'GetShardIterator'])
    expect((await call(door.url, operation, { ...requests()[operation]!.good, DryRun: false })).status).toBe(200)
  expect(door.engine.topics.get('s')!.partitions[0]!.endOffset).toBe(2)
})

test.skipIf(!model)('they are all that the model has', () => {
  const withDryRun = Object.entries(model!.operations).filter(([, { input }]) => input && model!.shapes[input.shape]!.members!['DryRun'])
  expect(withDryRun.map(([name]) => name).sort()).toEqual(['GetRecords', 'GetShardIterator', 'PutRecord', 'PutRecords', 'SubscribeToShard'])
})
