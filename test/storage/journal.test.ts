// Small appends in the journal: what a start finds of them, what a drop leaves, and that memory which is used again was not given to a reader.
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { afterAll, beforeEach, expect, test } from 'vitest'
import { BufferPool } from '../../storage/buffer-pool.ts'
import { Journal } from '../../storage/journal.ts'
import { entryBytesOf, packEntry, unpackEntry } from '../../storage/journal-entry.ts'
import { journalRange } from '../../storage/keys.ts'
import { LmdbEnvironment } from '../../storage/lmdb-environment.ts'
import { openLmdbStore } from '../../storage/lmdb-store.ts'
import { Piece } from '../../storage/piece.ts'
import { type ChunkFacts, nothing, type PartitionFacts } from '../../storage/segments.ts'
import { Slab } from '../../storage/slab.ts'
import type { JournalPolicy, Store } from '../../storage/store.ts'
import { readAll, run, storeOptions, TestClock } from '../contract/harness.ts'
import { until } from '../until.ts'

const root = mkdtempSync(join(tmpdir(), 'twinlog-journal-'))
afterAll(() => rmSync(root, { recursive: true }))

const clock = new TestClock()
let directory = ''
beforeEach(() => {
  directory = mkdtempSync(join(root, 'd'))
})

/** A partition settles with its tenth run of 100 bytes; in all there is room for about a hundred. */
const tight: JournalPolicy = { smallBytesMax: 1000, settleBytes: 1000, bytesMax: 60_000 }
const open = (journal: JournalPolicy = tight): Promise<Store> => openLmdbStore(directory, storeOptions(clock, { journal, recentBytesMax: 0 }))
const append = (store: Store, partition: number, text: string) => store.log.append(run(partition, text, { size: 100 }))

/** Entries that are on the disk. */
async function entriesStored(): Promise<number> {
  const environment = await LmdbEnvironment.open(directory, 'sync', () => {})
  const count = [...environment.keys(journalRange)].length
  await environment.close()
  return count
}

test('what is in the journal is there after a start, in its place behind what was settled before', async () => {
  let store = await open()
  const expected: string[] = []
  for (let i = 0; i < 37; i++) {
    await append(store, 1, `r${i}`)
    if (i % 3 === 0) await append(store, 2, `s${i}`)
    expected.push(`${i} r${i}`)
    if (i % 5 > 0) continue
    const bounds = await store.log.bounds(1)
    await store.close()
    store = await open()
    expect(await store.log.bounds(1)).toEqual(bounds)
    expect(await readAll(store, 1, 0, 100)).toEqual(expected)
  }
  expect(await readAll(store, 2, 12)).toEqual(['12 s36'])
  await store.close()
})

test('entries are deleted once all of them is settled, also those that hold one old piece of a quiet partition', async () => {
  const store = await open()
  await append(store, 7, 'quiet')
  for (let i = 0; i < 1000; i++) await append(store, i % 3, `r${i}`)
  expect(await readAll(store, 7, 0)).toEqual(['0 quiet'])
  expect((await readAll(store, 0, 330, 100)).slice(-4)).toEqual(['330 r990', '331 r993', '332 r996', '333 r999'])
  await store.close()
  expect(await entriesStored()).toBeLessThan(250)
})

test('a dropped partition does not come back from an entry that others still need', async () => {
  let store = await open({ ...tight, settleBytes: 1e6, bytesMax: 1e6 })
  await Promise.all([append(store, 1, 'gone'), append(store, 2, 'kept')])
  await append(store, 1, 'gone too')
  await store.log.drop(1)
  // The note that it was dropped goes with its last chunk; here there is none.
  const { commits } = store.figures()
  await until('the note is deleted', () => store.figures().commits > commits)
  for (let i = 0; i < 5; i++) await append(store, 2, `r${i}`)
  await store.close()
  store = await open()
  expect(await store.log.bounds(1)).toMatchObject({ startOffset: 0, endOffset: 0, bytes: 0, segmentCount: 0 })
  expect(await readAll(store, 1, 0)).toEqual([])
  expect((await readAll(store, 2, 0, 100))[0]).toEqual('0 kept')
  await store.close()
})

test('what a reader was given does not change when its memory could be used again', async () => {
  const store = await open()
  const given: { bytes: Buffer; copy: Buffer }[] = []
  for (let i = 0; i < 400; i++) {
    await Promise.all([append(store, 1, `a${i}`), append(store, 2, `b${i}`)])
    if (i % 7 > 0) continue
    const [read] = await store.log.read([{ partition: 1 + (i % 2), fromOffset: Math.max(0, i - 3), bytesMax: 1e6 }])
    for (const { bytes } of read!.chunks) given.push({ bytes, copy: Buffer.from(bytes) })
  }
  for (const { bytes, copy } of given) expect(bytes.equals(copy)).toBe(true)
  expect(await readAll(store, 1, 390, 100)).toEqual(Array.from({ length: 10 }, (_, i) => `${390 + i} a${390 + i}`))
  await store.close()
})

test('a clear takes the journal too', async () => {
  let store = await open()
  await append(store, 1, 'a')
  await store.clear()
  expect(await readAll(store, 1, 0)).toEqual([])
  await append(store, 2, 'b')
  await store.close()
  store = await open()
  expect(await store.log.bounds(1)).toMatchObject({ endOffset: 0 })
  expect(await readAll(store, 2, 0)).toEqual(['0 b'])
  await store.close()
})

test('an entry says what it was given', () => {
  const part = (partition: number, text: string[], offsetCount: number) => {
    const runs = text.map((one) => Buffer.from(one))
    return { partition, baseOffset: 2 ** 40 + partition, offsetCount, maxTimestampMs: partition - 2, runs, bytes: Buffer.concat(runs).length }
  }
  const parts = [part(1, ['ab', 'c'], 3), part(2 ** 41, ['defg'], 2 ** 33), part(1, ['h'], 1)]
  const entry = Buffer.alloc(entryBytesOf(parts, [9]))
  packEntry(entry, 123_456, parts, [9])
  const joined = parts.map((one) => ({ ...one, runs: [Buffer.concat(one.runs)] }))
  expect(unpackEntry(entry)).toEqual({ nowMs: 123_456, parts: joined, dropped: [9] })
})

test('a pool gives memory out once, of the size that was asked for, and keeps no more than it may', () => {
  const pool = new BufferPool(10_000)
  const first = pool.take(5000)
  expect(first.length).toBe(5000)
  expect(pool.take(5000).buffer).not.toBe(first.buffer)
  pool.give(first)
  const again = pool.take(4900)
  expect([again.length, again.buffer]).toEqual([4900, first.buffer])
  const many = [1, 2, 3].map(() => pool.take(4096))
  for (const one of many) pool.give(one)
  const kept = new Set(many.map((one) => one.buffer))
  expect([1, 2, 3].map(() => kept.has(pool.take(4096).buffer))).toEqual([true, true, false])
})

test('memory of a slab is given out once, and goes back to the pool as a whole', () => {
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 1, max: 300_000 }), { maxLength: 60 }), (sizes) => {
      const slab = new Slab(new BufferPool(2 ** 30))
      const round = (): Buffer[] => {
        const taken = sizes.map((bytes) => slab.take(bytes))
        for (const [i, one] of taken.entries()) one.fill(i)
        for (const [i, one] of taken.entries()) expect([one.length, one.every((byte) => byte === i)]).toEqual([sizes[i], true])
        slab.giveBack()
        return taken
      }
      const first = new Set(round().map((one) => one.buffer))
      expect(round().filter((one) => !first.has(one.buffer))).toEqual([])
    }),
    { numRuns: 20 },
  )
})

test('what is longest in the journal is told of in its order, and nothing that is settled already', () => {
  const journal = new Journal(1e6)
  const pieceAt = (partition: number, baseOffset: number): Piece => {
    const facts: ChunkFacts = { baseOffset, endOffset: baseOffset + 1, position: 0, maxTimestampMs: -1, runningMaxTimestampMs: -1 }
    return new Piece(partition, facts, [Buffer.from(`${partition}/${baseOffset}`)], 3, false, false)
  }
  const settledTo = (endOffset: number): PartitionFacts => ({ ...nothing, endOffset })
  const oldest = (): string[] => Array.from(journal.oldest(), ({ partition, baseOffset }) => `${partition}/${baseOffset}`)
  const add = (...pieces: Piece[]): void => journal.added(journal.entryOf(0, pieces, []), true, () => nothing)
  add(pieceAt(1, 0), pieceAt(2, 0))
  add(pieceAt(2, 1), pieceAt(3, 0))
  add(pieceAt(1, 1))
  expect(oldest()).toEqual(['1/0', '2/0', '2/1', '3/0', '1/1'])
  journal.settledTo(1, settledTo(1))
  // The entry of 1/0 is still needed for 2/0; 1/1 is as young as before.
  expect(oldest()).toEqual(['2/0', '2/1', '3/0', '1/1'])
  expect(journal.pieces(1).map((piece) => piece.view.toString())).toEqual(['1/1'])
  journal.settled(2)
  expect(oldest()).toEqual(['3/0', '1/1'])
})
