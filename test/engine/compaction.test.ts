// Compaction: random histories against the model of compaction-harness.ts, on both stores, and the rules one by one.
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { afterAll, describe, expect, test } from 'vitest'
import { attributesOf, endOffsetOf, hasDeleteHorizon, isControl, recordCountOf } from '../../protocol/records/batch.ts'
import { buildBatch } from '../../protocol/records/builder.ts'
import { decodeBatch } from '../../protocol/records/record.ts'
import { forEachBatch } from '../../protocol/records/run.ts'
import { ManualClock } from '../../src/clock.ts'
import { emptyBatch } from '../../src/engine/batch-rewrite.ts'
import { AbortedIndex, Cleaner } from '../../src/engine/compaction.ts'
import { KeyOffsets } from '../../src/engine/key-offsets.ts'
import { openLmdbStore } from '../../storage/lmdb-store.ts'
import { CompactedPartition, latest } from './compaction-harness.ts'
import { startEngine, storeOptions } from './harness.ts'

/** For a longer run: COMPACTION_RUNS=20 npx vitest run test/engine/compaction.test.ts */
const runsFactor = Number(process.env['COMPACTION_RUNS'] ?? 1)
const root = mkdtempSync(join(tmpdir(), 'twinlog-compaction-'))
afterAll(() => rmSync(root, { recursive: true }))

const key = fc.constantFrom('a', 'b', 'c', 'd', 'e', '-a', '-b')
const keys = fc.array(key, { minLength: 1, maxLength: 4 })
const step = fc.oneof(
  { weight: 10, arbitrary: fc.record({ do: fc.constant('append' as const), keys, codec: fc.constantFrom(0, 0, 1, 4) }) },
  { weight: 4, arbitrary: fc.record({ do: fc.constant('append' as const), keys, producerId: fc.constantFrom(1, 2) }) },
  { weight: 6, arbitrary: fc.record({ do: fc.constant('transact' as const), keys, producerId: fc.constantFrom(11, 12) }) },
  { weight: 4, arbitrary: fc.record({ do: fc.constant('end' as const), producerId: fc.constantFrom(11, 12), committed: fc.boolean() }) },
  { weight: 4, arbitrary: fc.record({ do: fc.constant('pass' as const), ms: fc.constantFrom(1, 50, 2000) }) },
  { weight: 5, arbitrary: fc.record({ do: fc.constant('compact' as const) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('trim' as const), part: fc.double({ min: 0, max: 0.5, noNaN: true }) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('restart' as const) }) },
)

describe.each(['memory', 'LMDB'])('random histories, in %s', (kind) => {
  test(
    'the last value of each key stays, offsets stay, what was aborted goes',
    async () => {
      await fc.assert(
        fc.asyncProperty(fc.array(step, { minLength: 10, maxLength: 80 }), fc.constantFrom(60, 240, 1 << 20), async (steps, dedupeBytes) => {
          const clock = new ManualClock()
          const directory = mkdtempSync(join(root, 'd'))
          const settings = { 'log.cleaner.dedupe.buffer.size': dedupeBytes }
          const open = async () =>
            startEngine({ settings, clock, ...(kind === 'LMDB' ? { store: await openLmdbStore(directory, storeOptions(clock)) } : {}) })
          let { engine } = await open()
          const compacted = await CompactedPartition.make(engine, clock, { 'delete.retention.ms': '1000' })
          const running = new Map<number, number>()
          for (const taken of steps) {
            if (taken.do === 'append') await compacted.append(taken.keys, taken)
            else if (taken.do === 'transact') {
              const offset = await compacted.append(taken.keys, { ...taken, transactional: true })
              if (!running.has(taken.producerId)) running.set(taken.producerId, offset)
            } else if (taken.do === 'end' && running.has(taken.producerId)) {
              await compacted.end(taken.producerId, taken.committed, running.get(taken.producerId)!)
              running.delete(taken.producerId)
            } else if (taken.do === 'pass') await clock.advance(taken.ms)
            else if (taken.do === 'compact') {
              await engine.checkCompaction()
              await compacted.check()
            } else if (taken.do === 'trim') {
              const { partition } = compacted
              await engine.open([partition])
              const { startOffset, lastStableOffset } = partition
              const before = startOffset + Math.floor((lastStableOffset - startOffset) * taken.part)
              // Values of other keys go with the start: the model forgets them too.
              await engine.deleteRecords(partition, before)
              compacted.model.splice(0, compacted.model.filter(({ offset }) => offset < partition.startOffset).length)
            } else if (taken.do === 'restart' && kind === 'LMDB') {
              engine.close()
              await engine.store.close()
              ;({ engine } = await open())
              compacted.engine = engine
            }
          }
          await engine.checkCompaction()
          await compacted.check()
          engine.close()
          await engine.store.close()
        }),
        { numRuns: Math.ceil((kind === 'LMDB' ? 12 : 50) * runsFactor) },
      )
    },
    60_000 * Math.max(1, runsFactor),
  )
})

async function started(configs: Record<string, string> = {}, settings = {}) {
  const { engine, clock } = await startEngine({ settings })
  return { engine, clock, compacted: await CompactedPartition.make(engine, clock, configs) }
}

/** Fills the active segment up, so that everything before may be compacted. */
const roll = async (compacted: CompactedPartition) => compacted.append(['filler'.repeat(60)])

const keysOf = async (compacted: CompactedPartition) =>
  (await compacted.consume(compacted.partition.startOffset, false))
    .filter((one) => !one.key.startsWith('filler'))
    .map((one) => `${one.offset} ${one.key}${one.value === null ? ' deleted' : ''}`)

/** Every batch that is stored: its end, how many records, and what else it is. */
async function batches(compacted: CompactedPartition): Promise<string[]> {
  const { engine, partition } = compacted
  const [result] = await engine.read([{ partition, fromOffset: partition.startOffset, bytesMax: 1e9 }], { bytesMax: 1e9, committedOnly: false })
  const found: string[] = []
  for (const bytes of result!.buffers) {
    forEachBatch(bytes, (at) => {
      const words = [isControl(bytes, at) ? 'marker' : '', hasDeleteHorizon(bytes, at) ? 'horizon' : ''].filter(Boolean)
      found.push([`${endOffsetOf(bytes, at)}:${recordCountOf(bytes, at)}`, ...words].join(' '))
      expect(attributesOf(bytes, at)).toBeGreaterThanOrEqual(0)
    })
  }
  return found
}

test('by the clock: nothing until the check, nothing of the active segment', async () => {
  const { engine, clock, compacted } = await started({}, { 'log.cleaner.backoff.ms': 15_000 })
  await compacted.append(['a', 'b'])
  await compacted.append(['a'])
  await roll(compacted)
  await compacted.append(['b'])
  expect(await keysOf(compacted)).toEqual(['0 a', '1 b', '2 a', '4 b'])
  await clock.advance(15_000)
  await engine.checkCompaction()
  expect(await keysOf(compacted)).toEqual(['1 b', '2 a', '4 b'])
  await compacted.check()
})

test('only when enough is new, or some of it is old enough', async () => {
  const { engine, clock, compacted } = await started({
    'min.cleanable.dirty.ratio': '0.9',
    'max.compaction.lag.ms': '600000',
    'segment.ms': '600000',
  })
  await compacted.append(['a'])
  await compacted.append(['a'])
  await roll(compacted)
  await engine.checkCompaction()
  expect(await keysOf(compacted)).toEqual(['1 a'])
  await compacted.append(['a'])
  await roll(compacted)
  await engine.checkCompaction()
  expect(await keysOf(compacted)).toEqual(['1 a', '3 a'])
  await clock.advance(600_001)
  await engine.checkCompaction()
  expect(await keysOf(compacted)).toEqual(['3 a'])
})

test('records younger than min.compaction.lag.ms stay', async () => {
  const { engine, clock, compacted } = await started({ 'min.compaction.lag.ms': '60000' })
  await compacted.append(['a'])
  await compacted.append(['a'])
  await roll(compacted)
  await engine.checkCompaction()
  expect(await keysOf(compacted)).toEqual(['0 a', '1 a'])
  await clock.advance(60_001)
  await engine.checkCompaction()
  expect(await keysOf(compacted)).toEqual(['1 a'])
})

test('a tombstone stays for delete.retention.ms from the first compaction on, then goes without anything new', async () => {
  const { engine, clock, compacted } = await started({ 'delete.retention.ms': '10000' })
  await compacted.append(['a'])
  await compacted.append(['-a', 'b'])
  await roll(compacted)
  await clock.advance(9_000)
  await engine.checkCompaction()
  expect(await keysOf(compacted)).toEqual(['1 a deleted', '2 b'])
  expect((await batches(compacted))[0]).toBe('3:2 horizon')
  await clock.advance(9_000)
  await engine.checkCompaction()
  expect(await keysOf(compacted)).toEqual(['1 a deleted', '2 b'])
  await clock.advance(1_001)
  await engine.checkCompaction()
  expect(await keysOf(compacted)).toEqual(['2 b'])
  await compacted.check()
})

test('nothing at or above the last stable offset is touched', async () => {
  const { engine, compacted } = await started()
  await compacted.append(['a'])
  const first = await compacted.append(['b'], { producerId: 11, transactional: true })
  await compacted.append(['a', 'a'])
  await roll(compacted)
  await engine.checkCompaction()
  expect(await keysOf(compacted)).toEqual(['0 a', '1 b', '2 a', '3 a'])
  await compacted.end(11, false, first)
  await roll(compacted)
  await engine.checkCompaction()
  expect(await keysOf(compacted)).toEqual(['3 a'])
  await compacted.check()
})

test("an aborted transaction's marker outlives its records by delete.retention.ms, and readers are told of it only before", async () => {
  const { engine, clock, compacted } = await started({ 'delete.retention.ms': '10000' })
  const first = await compacted.append(['a'], { producerId: 11, transactional: true })
  await compacted.end(11, false, first)
  await compacted.append(['b'], { producerId: 11, transactional: true })
  await compacted.end(11, true, 2)
  await roll(compacted)
  const { transactions } = compacted.partition.writers
  expect(transactions.aborted()).toHaveLength(1)
  await engine.checkCompaction()
  expect(await keysOf(compacted)).toEqual(['2 b'])
  expect(transactions.aborted()).toEqual([])
  expect((await batches(compacted)).slice(0, 3)).toEqual(['2:1 marker horizon', '3:1', '4:1 marker'])
  await clock.advance(10_001)
  await engine.checkCompaction()
  expect((await batches(compacted)).slice(0, 2)).toEqual(['3:1', '4:1 marker'])
  await compacted.check()
})

test('a marker that readers are still told of stays, however old', () => {
  const nowMs = 5000
  const marker = (producerId: number) =>
    buildBatch([{ key: Buffer.from([0, 0, 0, 0]), value: Buffer.alloc(6), timestampMs: 0 }], {
      producerId,
      producerEpoch: 0,
      control: true,
      transactional: true,
      deleteHorizonMs: 1000,
      baseOffset: 7,
    })
  const map = new KeyOffsets({ entriesMax: 1, bytesMax: 100, loadFactor: 0.9, seed: 1 })
  const clean = (aborted: AbortedIndex) =>
    new Cleaner({ map, mapEndOffset: 10, aborted, lastBatches: new Map(), nowMs, deleteRetentionMs: 0, decompressedBytesMax: 1e6 }).clean(marker(3))
  expect(clean(new AbortedIndex([{ producerId: 3, firstOffset: 5, lastOffset: 7 }])).changed).toBe(false)
  expect(clean(new AbortedIndex([])).bytes).toBe(0)
})

test('the last batch of a producer stays, empty, and a retry of it is still known', async () => {
  const { engine, clock, compacted } = await started()
  await compacted.append(['a', 'b'], { producerId: 5 })
  const last = await compacted.append(['a', 'b'], { producerId: 5 })
  await compacted.append(['a', 'b'])
  await roll(compacted)
  await engine.checkCompaction()
  expect((await batches(compacted)).slice(0, 2)).toEqual(['4:0', '6:2'])
  const again = () =>
    buildBatch(
      [
        { key: 'a', value: 'x', timestampMs: clock.now() },
        { key: 'b', value: 'x', timestampMs: clock.now() },
      ],
      { producerId: 5, producerEpoch: 0, baseSequence: 2 },
    )
  expect((await engine.append(compacted.partition, again())).baseOffset).toBe(last)
  // Also where the state has to be loaded again.
  compacted.partition.opened = false
  expect((await engine.append(compacted.partition, again())).baseOffset).toBe(last)
  await compacted.check()
})

test('it counts what it did', async () => {
  const { engine, compacted } = await started({ 'min.cleanable.dirty.ratio': '0.4' })
  for (let round = 0; round < 3; round++) await compacted.append(['a', 'b'])
  await roll(compacted)
  await engine.checkCompaction()
  const first = { ...engine.compactionFigures }
  expect(first).toMatchObject({ passes: 1, recordsRemoved: 4, recordsKept: 2, dirtyRatio: 0, refusedPartitions: 0 })
  expect(first.writtenBytes).toBeGreaterThan(0)
  expect(first.readBytes).toBeGreaterThan(first.writtenBytes)
})

test('it takes the time that log.cleaner.io.max.bytes.per.second gives its bytes', async () => {
  const { engine, clock, compacted } = await started({}, { 'log.cleaner.io.max.bytes.per.second': 1000 })
  for (let round = 0; round < 3; round++) await compacted.append(['a', 'b'])
  await roll(compacted)
  const work = engine.checkCompaction()
  let done = false
  work.then(() => {
    done = true
  })
  const startMs = clock.now()
  while (!done) {
    await clock.advance(50)
    await new Promise((settled) => setImmediate(settled))
  }
  const { readBytes, writtenBytes, passes } = engine.compactionFigures
  expect(passes).toBe(1)
  expect(clock.now() - startMs).toBeGreaterThanOrEqual(readBytes + writtenBytes)
  await compacted.check()
})

test('it tells how dirty the dirtiest partition is', async () => {
  const { engine, compacted } = await started({ 'min.cleanable.dirty.ratio': '1' })
  await engine.checkCompaction()
  expect(engine.compactionFigures.dirtyRatio).toBe(0)
  await compacted.append(['a', 'b'])
  await roll(compacted)
  await engine.checkCompaction()
  expect(engine.compactionFigures).toMatchObject({ passes: 0, dirtyRatio: 1 })
})

test('an emptied batch keeps its place and its largest time, as in Kafka', () => {
  const full = buildBatch(
    [
      { key: 'a', value: 'x', timestampMs: 70 },
      { key: 'b', value: 'x', timestampMs: 90 },
    ],
    { producerId: 5, producerEpoch: 0, baseSequence: 2, baseOffset: 4, codec: 1 },
  )
  const batch = emptyBatch(full, 0)
  expect(decodeBatch(batch)).toMatchObject({ baseOffset: 4, lastOffset: 5, maxTimestampMs: 90, producerId: 5, baseSequence: 2, records: [] })
})

test('more keys than fit in the memory take several passes', async () => {
  const { engine, compacted } = await started({ 'internal.segment.bytes': '20000' }, { 'log.cleaner.dedupe.buffer.size': 24 * 20 })
  for (let round = 0; round < 3; round++) for (let i = 0; i < 40; i++) await compacted.append([`k${i * 2}`, `k${i * 2 + 1}`])
  await compacted.append(['x'.repeat(30_000)])
  await engine.checkCompaction()
  await compacted.check()
  const seen = await compacted.consume(0, false)
  expect(latest(seen).size).toBe(81)
  expect(seen).toHaveLength(81)
})

test('compact,delete: old segments go too', async () => {
  const { engine, clock, compacted } = await started({ 'cleanup.policy': 'compact,delete', 'retention.ms': '100000' })
  await compacted.append(['a', 'b'])
  await compacted.append(['a'])
  await roll(compacted)
  await engine.checkCompaction()
  expect(await keysOf(compacted)).toEqual(['1 b', '2 a'])
  await clock.advance(100_001)
  await compacted.append(['c'])
  await engine.checkRetention()
  expect(await keysOf(compacted)).toEqual(['4 c'])
})

test('a topic that is not compacted is left alone, and one deleted meanwhile leaves nothing behind', async () => {
  const { engine, compacted } = await started({ 'cleanup.policy': 'delete' })
  await compacted.append(['a'])
  await compacted.append(['a'])
  await roll(compacted)
  await engine.checkCompaction()
  expect(await keysOf(compacted)).toEqual(['0 a', '1 a'])
  await engine.topics.alterConfigs(
    't',
    new Map([
      ['cleanup.policy', 'compact'],
      ['min.cleanable.dirty.ratio', '0'],
      ['internal.segment.bytes', '400'],
    ]),
  )
  const { uid } = compacted.partition
  const compacting = engine.checkCompaction()
  await engine.topics.delete('t')
  await compacting
  expect((await engine.store.log.bounds(uid)).endOffset).toBe(0)
})

test('readers and writers go on beside it: what they see is in order and complete', async () => {
  const clock = new ManualClock()
  const store = await openLmdbStore(mkdtempSync(join(root, 'd')), storeOptions(clock))
  const { engine } = await startEngine({ clock, store, settings: { 'log.cleaner.dedupe.buffer.size': 24 * 100 } })
  const compacted = await CompactedPartition.make(engine, clock, { 'internal.segment.bytes': '30000' })
  for (let i = 0; i < 600; i++) void compacted.append([`k${i % 300}`, `k${(i * 7) % 300}`])
  await compacted.append(['last'])
  let compacting = true
  const compaction = engine.checkCompaction().finally(() => {
    compacting = false
  })
  let rounds = 0
  for (; compacting; rounds++) {
    const from = (rounds * 37) % 1200
    // Reading alone takes no turn of the event loop.
    await new Promise((resolve) => setImmediate(resolve))
    if (rounds < 12) await compacted.append([`k${rounds % 300}`])
    const end = compacted.model.at(-1)!.offset
    const seen = await compacted.consume(from, false, 5000)
    expect(seen.map(({ offset }) => offset)).toEqual([...new Set(seen.map(({ offset }) => offset))].sort((a, b) => a - b))
    expect(seen[0]!.offset).toBeGreaterThanOrEqual(from)
    // The last record of each key is never missing, at any moment.
    const present = new Set(seen.map(({ offset }) => offset))
    const last = new Map(compacted.model.filter(({ offset }) => offset >= from && offset <= end).map(({ key, offset }) => [key, offset]))
    expect([...last.values()].filter((offset) => !present.has(offset))).toEqual([])
  }
  await compaction
  expect(rounds).toBeGreaterThan(3)
  await compacted.check()
  engine.close()
  await store.close()
})
