// The ends of shards that retention or compaction has been at: readers get on, and closed shards are forgotten in the end.
import { afterEach, expect, test } from 'vitest'
import { ManualClock } from '../../src/clock.ts'
import type { Engine } from '../../src/engine/engine.ts'
import { readShard } from '../../src/kinesis/read.ts'
import { shardMapOf } from '../../src/kinesis/shard-map.ts'
import { Streams } from '../../src/kinesis/streams.ts'
import { call, type DoorUnderTest, openDoor } from './harness.ts'

let door: DoorUnderTest
afterEach(() => door.close())
const hourMs = 3_600_000

const records = async (StreamName: string, ShardId: string): Promise<Record<string, unknown>> => {
  const { body } = await call(door.url, 'GetShardIterator', { StreamName, ShardId, ShardIteratorType: 'TRIM_HORIZON' })
  return (await call(door.url, 'GetRecords', { ShardIterator: body['ShardIterator'] })).body
}

test('a shard that ends in a gap of compaction is read to its end', async () => {
  door = await openDoor()
  const topic = await door.engine.topics.create({ name: 's', partitionCount: 1 })
  const stream = new Streams(door.engine, door.engine.settings, new ManualClock()).byName('s')!
  const [entry] = shardMapOf([{ ...topic.shards[0]!, endOffset: 10, closedMs: 1 }]).all
  const partition = topic.partitions[0]!
  partition.endOffset = 10
  // Nothing is left of the offsets from 5 on.
  const compacted = {
    open: async () => {},
    readIntact: async () => ({ buffers: [], bytes: 0, startOffset: 0, endOffset: 10, lastStableOffset: 10, abortedTransactions: [], error: null }),
  } as unknown as Engine
  const read = await readShard(compacted, stream, entry!, 5, { recordsMax: 10, bytesMax: 1000 }, 1000)
  expect(read).toMatchObject({ records: [], nextOffset: 10, ended: true, millisBehindLatest: 0 })
})

test('a closed shard of which nothing is left names its children at once', async () => {
  const clock = new ManualClock()
  door = await openDoor({ clock })
  await call(door.url, 'CreateStream', { StreamName: 's', ShardCount: 1 })
  await call(door.url, 'PutRecord', { StreamName: 's', PartitionKey: 'k', Data: '' })
  await call(door.url, 'SplitShard', { StreamName: 's', ShardToSplit: '0', NewStartingHashKey: String(2n ** 127n) })
  await door.engine.deleteRecords(door.engine.topics.get('s')!.partitions[0]!, 1)
  const end = await records('s', '0')
  expect(end).toMatchObject({ Records: [], MillisBehindLatest: 0, ChildShards: [{ ParentShards: ['shardId-000000000000'] }, {}] })
  expect(end['NextShardIterator']).toBeUndefined()
})

test('closed shards past retention are not listed, and the next reshard forgets them; a child still names its parent', async () => {
  const clock = new ManualClock()
  door = await openDoor({ clock })
  await call(door.url, 'CreateStream', { StreamName: 's', ShardCount: 1 })
  await call(door.url, 'SplitShard', { StreamName: 's', ShardToSplit: '0', NewStartingHashKey: String(2n ** 127n) })
  const listed = async (): Promise<unknown[]> => {
    const { Shards } = (await call(door.url, 'ListShards', { StreamName: 's' })).body as { Shards: { ShardId: string; ParentShardId?: string }[] }
    return Shards.map(({ ShardId, ParentShardId }) => [ShardId.slice(-1), ParentShardId?.slice(-1)])
  }
  expect(await listed()).toEqual([
    ['0', undefined],
    ['1', '0'],
    ['2', '0'],
  ])
  await clock.advance(25 * hourMs)
  expect(await listed()).toEqual([
    ['1', '0'],
    ['2', '0'],
  ])
  await call(door.url, 'MergeShards', { StreamName: 's', ShardToMerge: '1', AdjacentShardToMerge: '2' })
  expect(door.engine.topics.get('s')!.shards.map(({ index }) => index)).toEqual([1, 2, 3])
  expect(await listed()).toEqual([
    ['1', '0'],
    ['2', '0'],
    ['3', '1'],
  ])
})
