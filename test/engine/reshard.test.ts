// Shards change while records are written: nothing lands where a reader of either door would miss it.
import { expect, test } from 'vitest'
import { buildBatch } from '../../protocol/records/builder.ts'
import { systemClock } from '../../src/clock.ts'
import { Settings } from '../../src/config.ts'
import { Engine, stamp } from '../../src/engine/engine.ts'
import { mergeShards, splitShard } from '../../src/engine/shards.ts'
import { systemRandom } from '../../src/random.ts'
import { openMemoryStore } from '../../storage/memory-store.ts'

const newStore = () => openMemoryStore({ stamp, now: Date.now, flush: 'sync', recentBytesMax: 0, onFailure: () => {} })
const startOn = (store: ReturnType<typeof newStore>): Promise<Engine> =>
  Engine.start({ store, settings: Settings.of({}), clock: systemClock, random: systemRandom })
const batch = (value: string): Buffer => buildBatch([{ key: 'k', value, timestampMs: Date.now() }])

test('a split waits for appends under way, and later ones belong to the children', async () => {
  const store = newStore()
  const engine = await startOn(store)
  const topic = await engine.topics.create({ name: 't', partitionCount: 1 })
  const partition = topic.partitions[0]!
  await engine.append(partition, batch('before'))
  const underWay = [engine.append(partition, batch('a')), engine.append(partition, batch('b'))]
  const split = engine.topics.reshard('t', (now, endOffsetOf, nowMs) => {
    expect(now).toBe(topic)
    return { shards: splitShard(now.shards, 0, 1n << 127n, 1, { endOffset: endOffsetOf(0), nowMs }), addedPartitions: 1 }
  })
  await new Promise((turn) => setImmediate(turn))
  const after = engine.append(partition, batch('c'))
  await split
  expect((await Promise.all(underWay)).map(({ baseOffset }) => baseOffset)).toEqual([1, 2])
  const { baseOffset } = await after
  const [parent, lower, upper] = topic.shards
  expect(parent!.endOffset).toBeLessThanOrEqual(baseOffset)
  expect(parent!.endOffset).toBe(lower!.startOffset)
  expect(upper).toMatchObject({ partition: 1, startOffset: 0, parents: [0] })
  expect(topic.partitions).toHaveLength(2)
  engine.close()
  const again = await startOn(store)
  expect(again.topics.get('t')!.shards).toEqual(topic.shards)
  again.close()
})

test('a merge retires a partition: what was under way counts, what comes later is refused, and stays so after a restart', async () => {
  const store = newStore()
  const engine = await startOn(store)
  const topic = await engine.topics.create({ name: 't', partitionCount: 2 })
  const [kept, retired] = topic.partitions
  const underWay = engine.append(retired!, batch('a'))
  const merge = engine.topics.reshard('t', (now, endOffsetOf, nowMs) => ({
    shards: mergeShards(now.shards, 0, 1, endOffsetOf, nowMs),
    retiredPartitions: [1],
  }))
  await merge
  await underWay
  expect(topic.shards.map(({ index, partition, endOffset, startOffset }) => [index, partition, startOffset, endOffset])).toEqual([
    [0, 0, 0, 0],
    [1, 1, 0, 1],
    [2, 0, 0, null],
  ])
  await expect(engine.append(retired!, batch('late'))).rejects.toMatchObject({ code: 'partition-retired' })
  await engine.append(kept!, batch('goes on'))
  engine.close()
  const again = await startOn(store)
  await expect(again.append(again.topics.get('t')!.partitions[1]!, batch('late'))).rejects.toMatchObject({ code: 'partition-retired' })
  again.close()
})

test('a refused reshard changes nothing and lets appends go on', async () => {
  const engine = await startOn(newStore())
  const topic = await engine.topics.create({ name: 't', partitionCount: 1 })
  const before = topic.shards
  const refused = engine.topics.reshard('t', () => {
    throw new Error('no')
  })
  await expect(refused).rejects.toThrow('no')
  await engine.append(topic.partitions[0]!, batch('a'))
  expect(topic.shards).toBe(before)
  await engine.topics.alterStream('t', (now) => ({ ...now, aws: { mode: 'ON_DEMAND' } }))
  expect(topic.stream).toEqual({ createdByAws: false, aws: { mode: 'ON_DEMAND' } })
  engine.close()
})

test('merging asks for open neighbours', () => {
  const shard = (index: number, hashStart: bigint, hashEnd: bigint) => ({
    index,
    partition: index,
    hashStart,
    hashEnd,
    startOffset: 0,
    endOffset: null,
    createdMs: 0,
    closedMs: null,
    parents: [],
  })
  const shards = [shard(0, 0n, 9n), shard(1, 10n, 19n), shard(2, 20n, 29n)]
  expect(() => mergeShards(shards, 0, 2, () => 0, 0)).toThrow('adjacent')
  expect(mergeShards(shards, 2, 1, () => 7, 5).at(-1)).toMatchObject({
    index: 3,
    partition: 2,
    hashStart: 10n,
    hashEnd: 29n,
    parents: [2, 1],
    startOffset: 7,
  })
})
