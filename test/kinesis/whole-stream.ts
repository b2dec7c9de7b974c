// A stream as a careful consumer sees it, for tests that break it: its shards and whether they fit together, and every record of every shard.
import {
  GetRecordsCommand,
  GetShardIteratorCommand,
  type KinesisClient,
  ListShardsCommand,
  type ListShardsCommandOutput,
  type Shard,
} from '@aws-sdk/client-kinesis'

const keyEnd = 1n << 128n
const rangeOf = ({ HashKeyRange: range }: Shard): readonly [bigint, bigint] => [BigInt(range!.StartingHashKey!), BigInt(range!.EndingHashKey!) + 1n]
const isOpen = ({ SequenceNumberRange: range }: Shard): boolean => range!.EndingSequenceNumber === undefined
const parentsOf = ({ ParentShardId, AdjacentParentShardId }: Shard): string[] =>
  [ParentShardId, AdjacentParentShardId].filter((id) => id !== undefined)

/** Every shard, open and closed. */
export async function shardsOf(client: KinesisClient, StreamName: string): Promise<Shard[]> {
  const shards: Shard[] = []
  let from: { StreamName: string } | { NextToken: string } | null = { StreamName }
  while (from) {
    const page: ListShardsCommandOutput = await client.send(new ListShardsCommand(from))
    shards.push(...page.Shards!)
    from = page.NextToken === undefined ? null : { NextToken: page.NextToken }
  }
  return shards
}

/** The open ranges in order, as one text: what a reshard changes. */
export const openRanges = (shards: readonly Shard[]): string =>
  shards
    .filter(isOpen)
    .map(rangeOf)
    .toSorted((a, b) => (a[0] < b[0] ? -1 : 1))
    .map(([start, end]) => `${start.toString(16)}-${end.toString(16)}`)
    .join(' ')

/** What is wrong with a stream's shards; empty where they fit together. */
export function shardFaults(shards: readonly Shard[]): string[] {
  const faults: string[] = []
  const byId = new Map(shards.map((shard) => [shard.ShardId!, shard]))
  if (byId.size !== shards.length) faults.push('a shard is listed twice')
  let at = 0n
  for (const [start, end] of shards
    .filter(isOpen)
    .map(rangeOf)
    .toSorted((a, b) => (a[0] < b[0] ? -1 : 1))) {
    if (start !== at) faults.push(`open shards leave out or share ${at} to ${start}`)
    at = end
  }
  if (at !== keyEnd) faults.push(`open shards end at ${at}`)
  for (const shard of shards) {
    for (const parent of parentsOf(shard)) {
      if (!byId.has(parent)) faults.push(`${shard.ShardId} has a parent ${parent} that is not there`)
      else if (isOpen(byId.get(parent)!)) faults.push(`${parent} is open and has the child ${shard.ShardId}`)
    }
    if (isOpen(shard)) continue
    const children = shards.filter((child) => parentsOf(child).includes(shard.ShardId!))
    const [start, end] = rangeOf(shard)
    const covered = children.map(rangeOf).reduce((sum, [from, to]) => sum + min(to, end) - max(from, start), 0n)
    if (covered !== end - start) faults.push(`${shard.ShardId} is closed, and its children do not take its keys over`)
  }
  return faults
}

const min = (a: bigint, b: bigint): bigint => (a < b ? a : b)
const max = (a: bigint, b: bigint): bigint => (a > b ? a : b)

/** The data of every record in every shard, from the beginning to the end as it is now. */
export async function readWhole(client: KinesisClient, StreamName: string): Promise<string[]> {
  const shards = await shardsOf(client, StreamName)
  const found = await Promise.all(
    shards.map(async ({ ShardId }) => {
      const ofShard: string[] = []
      let { ShardIterator } = await client.send(new GetShardIteratorCommand({ StreamName, ShardId, ShardIteratorType: 'TRIM_HORIZON' }))
      while (ShardIterator) {
        const { Records, MillisBehindLatest, NextShardIterator } = await client.send(new GetRecordsCommand({ ShardIterator }))
        ofShard.push(...Records!.map(({ Data }) => Buffer.from(Data!).toString()))
        if (Records!.length === 0 && MillisBehindLatest === 0) break
        ShardIterator = NextShardIterator
      }
      return ofShard
    }),
  )
  return found.flat()
}
