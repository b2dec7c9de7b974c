// Reads that copy no more than they need, into memory that is lent, beside the obvious ones that copy whole chunks: alike on random logs and limits.
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { ManualClock } from '../../src/clock.ts'
import type { Engine } from '../../src/engine/engine.ts'
import type { Partition } from '../../src/engine/partition.ts'
import { type FetchRequest, readPartitions } from '../../src/engine/reading.ts'
import { openLmdbStore } from '../../storage/lmdb-store.ts'
import type { Log } from '../../storage/log.ts'
import { openMemoryStore } from '../../storage/memory-store.ts'
import type { Store } from '../../storage/store.ts'
import { batchOf, startEngine, storeOptions } from './harness.ts'

const root = mkdtempSync(join(tmpdir(), 'twinlog-reading-'))
const worlds: { name: string; store: Store; engine: Engine; partitions: readonly Partition[] }[] = []
const sizes = [40, 300, 5_000, 70_000]

/** Small appends, some of them joined in one commit, and large ones; partly still in the journal, partly in chunks. */
async function world(name: string, open: (clock: ManualClock) => Promise<Store>): Promise<void> {
  const clock = new ManualClock()
  const store = await open(clock)
  const { engine } = await startEngine({ store, clock })
  const topic = await engine.topics.create({ name: 't', partitionCount: 2, configs: {} })
  for (let i = 0; i < 60; i++) {
    const size = sizes[(i * 7) % sizes.length]!
    const values = Array.from({ length: 1 + (i % 3) }, (_, n) => `${i}-${n}`.padEnd(size, '.'))
    await Promise.all(Array.from({ length: 1 + (i % 4) }, () => engine.append(topic.partitions[i % 2]!, batchOf(values, i))))
  }
  worlds.push({ name, store, engine, partitions: topic.partitions })
}

beforeAll(async () => {
  const small = { smallBytesMax: 10_000, settleBytes: 60_000, bytesMax: 1 << 20 }
  await world('memory', async (clock) => openMemoryStore(storeOptions(clock)))
  await world('LMDB', (clock) => openLmdbStore(join(root, 'a'), { ...storeOptions(clock), recentBytesMax: 0 }))
  await world('LMDB and journal', (clock) => openLmdbStore(join(root, 'b'), { ...storeOptions(clock), recentBytesMax: 0, journal: small }))
  await world('LMDB with a short tail in memory', (clock) => openLmdbStore(join(root, 'c'), { ...storeOptions(clock), recentBytesMax: 200_000 }))
})
afterAll(async () => {
  for (const { engine, store } of worlds) {
    engine.close()
    await store.close()
  }
  rmSync(root, { recursive: true })
})

const limit = fc.oneof(fc.integer({ min: 1, max: 2000 }), fc.integer({ min: 1, max: 400_000 }))
const wanted = fc.record({ partition: fc.integer({ min: 0, max: 1 }), part: fc.double({ min: 0, max: 1, noNaN: true }), bytesMax: limit })

test('a read that cuts and lends answers what a read of whole chunks does', async () => {
  expect(worlds).toHaveLength(4)
  for (const { name, store, partitions } of worlds) {
    const whole: Log = {
      ...store.log,
      read: (requests) => store.log.read(requests.map(({ partition, fromOffset, bytesMax }) => ({ partition, fromOffset, bytesMax }))),
    }
    await fc.assert(
      fc.asyncProperty(fc.array(wanted, { minLength: 1, maxLength: 4 }), limit, fc.boolean(), async (many, bytesMax, committedOnly) => {
        const requests = many.map(({ partition, part, bytesMax }): FetchRequest => {
          const { startOffset, endOffset } = partitions[partition]!
          return { partition: partitions[partition]!, fromOffset: startOffset + Math.floor((endOffset - startOffset) * part), bytesMax }
        })
        const lent: Buffer[] = []
        const memory = {
          take: (bytes: number) => {
            const taken = Buffer.allocUnsafe(bytes)
            lent.push(taken)
            return taken
          },
        }
        const fast = await readPartitions(store.log, requests, { bytesMax, committedOnly, memory })
        const obvious = await readPartitions(whole, requests, { bytesMax, committedOnly })
        const facts = (results: typeof fast) => results.map(({ buffers, ...rest }) => rest)
        expect(facts(fast)).toEqual(facts(obvious))
        for (const [i, { buffers }] of fast.entries()) expect(Buffer.concat(buffers).equals(Buffer.concat(obvious[i]!.buffers))).toBe(true)
        if (name === 'memory') expect(lent).toEqual([])
      }),
      { numRuns: 150 },
    )
  }
})

test('a small read from a large chunk takes little memory', async () => {
  const { store, partitions } = worlds.find(({ name }) => name === 'LMDB')!
  const partition = partitions[0]!
  const taken: number[] = []
  const memory = { take: (bytes: number) => Buffer.allocUnsafe(taken[taken.push(bytes) - 1]!) }
  const [result] = await readPartitions(store.log, [{ partition, fromOffset: 0, bytesMax: 500 }], { bytesMax: 500, committedOnly: false, memory })
  expect(result!.bytes).toBeGreaterThan(0)
  for (const bytes of taken) expect(bytes).toBeLessThanOrEqual(Math.max(500, result!.bytes))
})

test('what a limit cuts off is not skipped, though something smaller behind it would fit', async () => {
  const { engine, clock } = await startEngine()
  const [first, second] = (await engine.topics.create({ name: 't', partitionCount: 2, configs: {} })).partitions as [Partition, Partition]
  const before = batchOf(['.'.repeat(6000)], clock.now())
  const [small, large, last] = [batchOf(['a'], clock.now()), batchOf(['b'.repeat(5000)], clock.now()), batchOf(['c'], clock.now())]
  await engine.append(first, before, { trusted: true })
  await engine.append(second, Buffer.concat([small, large]), { trusted: true })
  await engine.append(second, last, { trusted: true })
  // All of it is read at once; what the first partition leaves of the limit has room for the two small ones.
  const requests = [
    { partition: first, fromOffset: 0, bytesMax: before.length },
    { partition: second, fromOffset: 0, bytesMax: 100_000 },
  ]
  const reads = await engine.read(requests, { bytesMax: before.length + small.length + last.length, committedOnly: false })
  expect(reads.map(({ bytes }) => bytes)).toEqual([before.length, small.length])
})
