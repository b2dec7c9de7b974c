// A broker that stops between any two writes of a reshard: the store as it was left shows the old shards or the new, never a part,
// and every acknowledged record.
import {
  CreateStreamCommand,
  KinesisClient,
  MergeShardsCommand,
  PutRecordsCommand,
  SplitShardCommand,
  UpdateAccountSettingsCommand,
  UpdateShardCountCommand,
  UpdateStreamWarmThroughputCommand,
} from '@aws-sdk/client-kinesis'
import { expect, test } from 'vitest'
import { stamp } from '../../src/engine/engine.ts'
import { openMemoryStore } from '../../storage/memory-store.ts'
import type { Store } from '../../storage/store.ts'
import { type DoorUnderTest, openDoor } from './harness.ts'
import { openRanges, readWhole, shardFaults, shardsOf } from './whole-stream.ts'

const StreamName = 's'
const never = new Promise<never>(() => {})

/** A store whose writes come to nothing, and are never answered, once `writesLeft` of them were made. */
class StoppingStore {
  writesLeft = Number.POSITIVE_INFINITY
  readonly inner = openMemoryStore({ stamp, now: Date.now, flush: 'sync', recentBytesMax: 0, onFailure: () => {} })

  get store(): Store {
    const write = <Result>(action: () => Promise<Result>): Promise<Result> => (this.writesLeft-- > 0 ? action() : never)
    const withWrites = <Of extends object>(of: Of, name: 'append' | 'commit'): Of =>
      new Proxy(of, {
        get: (target, member) => {
          const value = Reflect.get(target, member) as unknown
          if (typeof value !== 'function') return value
          if (member === name) return (...given: unknown[]) => write(() => (value as (...all: unknown[]) => Promise<unknown>).apply(target, given))
          return (...given: unknown[]) => {
            const answer = (value as (...all: unknown[]) => unknown).apply(target, given)
            // A batch answers itself while it is filled.
            return answer === target ? withWrites(target, name) : answer
          }
        },
      })
    const log = withWrites(this.inner.log, 'append')
    return new Proxy(this.inner, {
      get: (target, member) => {
        if (member === 'log') return log
        if (member === 'batch') return () => withWrites(target.batch(), 'commit')
        const value = Reflect.get(target, member) as unknown
        return typeof value === 'function' ? value.bind(target) : value
      },
    })
  }
}

const clientOf = ({ url }: DoorUnderTest): KinesisClient =>
  new KinesisClient({ endpoint: url, region: 'us-east-1', credentials: { accessKeyId: 'a', secretAccessKey: 'b' }, maxAttempts: 1 })
const put = (client: KinesisClient, values: string[]) =>
  client.send(new PutRecordsCommand({ StreamName, Records: values.map((value) => ({ PartitionKey: value, Data: Buffer.from(value) })) }))
const values = (name: string, count = 40): string[] => Array.from({ length: count }, (_, i) => `${name}-${i}`)

const middle = String(2n ** 126n + 5n)
const reshards: Record<string, { mode?: 'ON_DEMAND'; shards: number; run(client: KinesisClient): Promise<unknown> }> = {
  split: { shards: 2, run: (client) => client.send(new SplitShardCommand({ StreamName, ShardToSplit: '0', NewStartingHashKey: middle })) },
  merge: { shards: 3, run: (client) => client.send(new MergeShardsCommand({ StreamName, ShardToMerge: '1', AdjacentShardToMerge: '2' })) },
  'new shard count': {
    shards: 4,
    run: (client) => client.send(new UpdateShardCountCommand({ StreamName, TargetShardCount: 7, ScalingType: 'UNIFORM_SCALING' })),
  },
  'half the shards': {
    shards: 8,
    run: (client) => client.send(new UpdateShardCountCommand({ StreamName, TargetShardCount: 4, ScalingType: 'UNIFORM_SCALING' })),
  },
  'warm throughput': {
    mode: 'ON_DEMAND',
    shards: 4,
    run: (client) => client.send(new UpdateStreamWarmThroughputCommand({ StreamName, WarmThroughputMiBps: 11 })),
  },
}

test.each(Object.keys(reshards))('a %s that is cut off at any write leaves the old shards or the new', async (name) => {
  const { mode, shards, run } = reshards[name]!
  const seen = new Set<string>()
  for (let writes = 0; ; writes++) {
    const stopping = new StoppingStore()
    const before = await openDoor({ store: stopping.store })
    const client = clientOf(before)
    if (mode) await client.send(new CreateStreamCommand({ StreamName, StreamModeDetails: { StreamMode: mode } }))
    else await client.send(new CreateStreamCommand({ StreamName, ShardCount: shards }))
    await client.send(new UpdateAccountSettingsCommand({ MinimumThroughputBillingCommitment: { Status: 'ENABLED' } }))
    await put(client, values('before'))
    const old = openRanges(await shardsOf(client, StreamName))

    stopping.writesLeft = writes
    const acknowledged = values('before')
    const underWay = put(client, values('beside', 2)).then(() => acknowledged.push(...values('beside', 2)))
    const resharded = run(client).then(() => 'resharded' as const)
    const after = resharded.then(() => put(client, values('after', 2)))
    // What is not answered by then hangs for good: the writes are spent, or all is done.
    const outcome = await Promise.race([Promise.all([underWay, after]).then(() => 'done' as const), spent(stopping).then(() => 'stopped' as const)])
    for (const promise of [underWay, resharded, after]) promise.catch(() => {})
    const left = outcome === 'done' ? [...acknowledged, ...values('after', 2)] : acknowledged
    const now = openRanges(await shardsOf(client, StreamName))
    client.destroy()
    await before.server.close(0)
    before.engine.close()

    const again = await openDoor({ store: stopping.inner })
    const reader = clientOf(again)
    const found = await shardsOf(reader, StreamName)
    expect(shardFaults(found), `${writes} writes`).toEqual([])
    // What the broker showed before it stopped is what is stored.
    expect(openRanges(found)).toBe(now)
    if (now !== old) seen.add('new')
    else seen.add('old')
    const records = await readWhole(reader, StreamName)
    expect(new Set(records).size).toBe(records.length)
    for (const value of left) expect(records).toContain(value)
    expect((await put(reader, values('again'))).FailedRecordCount).toBe(0)
    expect(again.engine.topics.get(StreamName)!.partitions.length).toBeGreaterThanOrEqual(
      found.filter((s) => !s.SequenceNumberRange!.EndingSequenceNumber).length,
    )
    reader.destroy()
    await again.close()
    if (outcome === 'done') break
  }
  expect([...seen].sort()).toEqual(['new', 'old'])
})

/** Settles when a write was asked for that comes to nothing. */
async function spent(stopping: StoppingStore): Promise<void> {
  while (stopping.writesLeft >= 0) await new Promise((turn) => setImmediate(turn))
}
