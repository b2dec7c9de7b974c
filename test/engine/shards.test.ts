import fc from 'fast-check'
import { expect, test } from 'vitest'
import { evenShards, type Shard, splitShard, splitWidest } from '../../src/engine/shards.ts'

const end = 1n << 128n
const openOf = (shards: readonly Shard[]): Shard[] => shards.filter((s) => s.endOffset === null).sort((a, b) => (a.hashStart < b.hashStart ? -1 : 1))

/** The open ranges, laid side by side, are the whole key space. */
function expectCovered(shards: readonly Shard[]): void {
  const open = openOf(shards)
  expect(open[0]?.hashStart).toBe(0n)
  for (let i = 1; i < open.length; i++) expect(open[i]!.hashStart).toBe(open[i - 1]!.hashEnd + 1n)
  expect(open.at(-1)?.hashEnd).toBe(end - 1n)
  expect(new Set(open.map((s) => s.partition)).size).toBe(open.length)
}

test('CreateStream gives equal ranges that cover every hash key, the last one takes the rest', () => {
  for (const count of [1, 2, 3, 7, 1000]) expectCovered(evenShards(count, 0))
  expect(evenShards(2, 0).map((s) => [s.hashStart, s.hashEnd])).toEqual([
    [0n, 170141183460469231731687303715884105727n],
    [170141183460469231731687303715884105728n, 340282366920938463463374607431768211455n],
  ])
})

test('whatever is split, the open shards cover every hash key, one per partition', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 8 }),
      fc.array(fc.tuple(fc.nat(), fc.integer({ min: 1, max: 4 }), fc.boolean()), { maxLength: 12 }),
      (count, steps) => {
        let shards = evenShards(count, 0)
        let partitions = count
        for (const [pick, added, one] of steps) {
          if (one) {
            const open = openOf(shards)
            const parent = open[pick % open.length]!
            shards = splitShard(shards, parent.index, (parent.hashStart + parent.hashEnd) / 2n + 1n, partitions++, { endOffset: pick, nowMs: 1 })
          } else {
            const fresh = Array.from({ length: added }, () => partitions++)
            shards = splitWidest(shards, fresh, () => pick, 1)
          }
          expectCovered(shards)
        }
        expect(new Set(shards.map((s) => s.index)).size).toBe(shards.length)
        expect(openOf(shards)).toHaveLength(partitions)
      },
    ),
  )
})

test('an added partition splits the widest shard; the lower half goes on where its parent ended', () => {
  const after = splitWidest(evenShards(1, 0), [1], () => 42, 7)
  expect(after).toMatchObject([
    { index: 0, endOffset: 42, closedMs: 7 },
    { index: 1, partition: 0, startOffset: 42, hashStart: 0n, parents: [0] },
    { index: 2, partition: 1, startOffset: 0, hashEnd: end - 1n, parents: [0] },
  ])
})
