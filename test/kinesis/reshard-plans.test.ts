// Whatever is split, merged, recounted, warmed up or given partitions, in any order: the open shards cover every hash key once, and every
// offset of every partition belongs to one shard.
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { evenShards, type Shard, splitWidest } from '../../src/engine/shards.ts'
import type { Reshard, Topic } from '../../src/engine/topics.ts'
import { planWarm } from '../../src/kinesis/on-demand.ts'
import { planCount, planMerge, planSplit } from '../../src/kinesis/reshard.ts'
import { ShardMap } from '../../src/kinesis/shard-map.ts'

const keyEnd = 1n << 128n

/** A topic as the engine would have it after each change, with records that come in between. */
class World {
  shards: readonly Shard[]
  readonly ends: number[]
  readonly retired = new Set<number>()
  nowMs = 1_700_000_000_000

  constructor(count: number) {
    this.shards = evenShards(count, this.nowMs)
    this.ends = Array<number>(count).fill(0)
  }

  get open(): Shard[] {
    return this.shards.filter(({ endOffset }) => endOffset === null).toSorted((a, b) => (a.hashStart < b.hashStart ? -1 : 1))
  }

  get topic(): Topic {
    return { shards: this.shards, partitions: this.ends, stream: { createdByAws: true } } as unknown as Topic
  }

  readonly endOffsetOf = (partition: number): number => this.ends[partition] ?? 0

  apply({ shards, addedPartitions = 0, retiredPartitions = [] }: Reshard): void {
    this.shards = shards
    for (let i = 0; i < addedPartitions; i++) this.ends.push(0)
    for (const partition of retiredPartitions) this.retired.add(partition)
    this.nowMs += 1000
  }

  /** Records go to the partitions of open shards only. */
  write(count: number): void {
    for (const [i, { partition }] of this.open.entries()) this.ends[partition]! += (count + i) % 5
  }
}

type Change = [kind: 'split' | 'merge' | 'count' | 'warm' | 'partitions', where: number, records: number]

function change(world: World, [kind, where]: Change): void {
  const { open, topic, nowMs, endOffsetOf } = world
  const at = where % open.length
  if (kind === 'split') {
    const { index, hashStart, hashEnd } = open[at]!
    const start = hashStart + 2n + BigInt(where)
    if (start < hashEnd) world.apply(planSplit(topic, index, start, endOffsetOf, nowMs))
  } else if (kind === 'merge' && at + 1 < open.length) {
    world.apply(planMerge(topic, open[at]!.index, open[at + 1]!.index, endOffsetOf, nowMs))
  } else if (kind === 'count') {
    const half = Math.ceil(open.length / 2)
    const target = half + (where % (Math.max(half, Math.min(open.length * 2, 30)) - half + 1))
    world.apply(planCount(topic, target, endOffsetOf, nowMs))
    const width = keyEnd / BigInt(target)
    expect(world.open.map(({ hashStart }) => hashStart)).toEqual(Array.from({ length: target }, (_, i) => width * BigInt(i)))
  } else if (kind === 'warm') {
    const warm = where % 30
    world.apply(planWarm(topic, warm, endOffsetOf, nowMs))
    expect(world.open).toHaveLength(Math.max(4, warm))
  } else if (kind === 'partitions') {
    const added = [world.ends.length, world.ends.length + 1]
    world.apply({ shards: splitWidest(world.shards, added, endOffsetOf, nowMs), addedPartitions: 2 })
  }
}

function check(world: World): void {
  const { shards, open, ends, retired } = world
  expect(new Set(shards.map(({ index }) => index)).size).toBe(shards.length)
  let key = 0n
  for (const { hashStart, hashEnd } of open) {
    if (hashStart !== key) expect.unreachable(`open shards leave out or share ${key} to ${hashStart}`)
    key = hashEnd + 1n
  }
  expect(key).toBe(keyEnd)
  const live = open.map(({ partition }) => partition)
  expect(new Set(live).size, 'two open shards write to one partition').toBe(live.length)
  expect(live.filter((partition) => retired.has(partition))).toEqual([])
  for (const [partition, end] of ends.entries()) {
    const run = shards.filter((shard) => shard.partition === partition).toSorted((a, b) => a.startOffset - b.startOffset || a.index - b.index)
    let offset = 0
    for (const { startOffset, endOffset } of run) {
      if (startOffset !== offset) expect.unreachable(`partition ${partition}: ${offset} to ${startOffset} is no shard's, or two's`)
      offset = endOffset ?? end
    }
    if (offset !== end) expect.unreachable(`partition ${partition}: its shards end at ${offset}, it at ${end}`)
  }
  // A key is routed to the open shard whose range holds it.
  const map = new ShardMap(shards)
  for (const { index, hashStart, hashEnd } of open)
    for (const hash of [hashStart, hashEnd])
      if (map.route(hash.toString(16).padStart(32, '0')).shard.index !== index) expect.unreachable(`${hash} is not routed to shard ${index}`)
}

test('any history of changes leaves shards that cover every key and every offset, once', () => {
  const kinds = ['split', 'merge', 'count', 'warm', 'partitions'] as const
  const changes = fc.array(fc.tuple(fc.constantFrom(...kinds), fc.nat(1000), fc.nat(100)), { maxLength: 12 })
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 9 }), changes, (count, history) => {
      const world = new World(count)
      for (const step of history) {
        world.write(step[2])
        change(world, step)
        check(world)
      }
    }),
    { numRuns: 100 },
  )
})
