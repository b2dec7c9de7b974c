// The journal file: what a kill leaves in it, what a crash that tears it leaves, and what is void. Stores under test are copied while they are open, as kill -9 would
// leave them.
import { existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { afterAll, afterEach, beforeEach, expect, test, vi } from 'vitest'
import { JournalFile } from '../../storage/journal-file.ts'
import { findSlots, packSlotHeader, slotBytesOf, slotUnitBytes } from '../../storage/journal-slot.ts'
import { openLmdbStore } from '../../storage/lmdb-store.ts'
import { Ring } from '../../storage/ring.ts'
import { journalUsual, type Store, type StoreOptions, StoreUnusable } from '../../storage/store.ts'
import { asKilled, journalFileOf, readAll, run, storeOptions, TestClock } from '../contract/harness.ts'
import { until } from '../until.ts'

const root = mkdtempSync(join(tmpdir(), 'twinlog-journal-file-'))
afterAll(() => rmSync(root, { recursive: true }))

const clock = new TestClock()
const runBytes = 100
const fileBytes = 64 * 1024
let directory = ''
let stores: Store[] = []
beforeEach(() => {
  directory = mkdtempSync(join(root, 'd'))
  stores = []
})
afterEach(() => Promise.all(stores.map((store) => store.close())))

async function open(path = directory, more: Partial<StoreOptions> = {}): Promise<Store> {
  const store = await openLmdbStore(path, storeOptions(clock, { journalFile: journalFileOf(fileBytes), recentBytesMax: 0, ...more }))
  stores.push(store)
  return store
}
const append = (store: Store, partition: number, text: string, size = runBytes) => store.log.append(run(partition, text, { size }))
const texts = (count: number, from = 0): string[] => Array.from({ length: count }, (_, i) => `${from + i} r${from + i}`)
const journalOf = (path: string): string => join(path, 'journal.bin')

/** A store whose small appends go into the file: it is there after a few, and how many depends on the disk. */
async function usingFile(path = directory): Promise<{ store: Store; count: number }> {
  const store = await open(path)
  let count = 0
  for (let before = ''; ; count++) {
    await append(store, 1, `r${count}`)
    const now = existsSync(journalOf(path)) ? readFileSync(journalOf(path)).toString('latin1') : ''
    if (now !== before && before !== '') return { store, count: count + 1 }
    before = now
  }
}

/** Where in the file an entry with this text lies. */
const placeOf = (path: string, text: string): number => readFileSync(journalOf(path)).indexOf(text)

function damage(path: string, at: number): void {
  const bytes = readFileSync(journalOf(path))
  bytes[at]! ^= 1
  writeFileSync(journalOf(path), bytes)
}

test('what is in the file after a kill is there, and new entries follow it, kill after kill', async () => {
  let { store, count } = await usingFile()
  let path = directory
  for (let kills = 0; kills < 5; kills++) {
    path = asKilled(path)
    store = await open(path)
    expect(await readAll(store, 1, 0, runBytes)).toEqual(texts(count))
    for (let i = 0; i < 40; i++) await append(store, 1, `r${count++}`)
  }
  expect(await readAll(store, 1, 0, runBytes)).toEqual(texts(count))
})

test('the file is written round and round, and a quiet partition does not stand in the way', async () => {
  const { store, count } = await usingFile()
  await append(store, 2, 'quiet')
  const rounds = Math.ceil((3 * fileBytes) / slotBytesOf(runBytes))
  let end = count
  while (end < count + rounds) await append(store, 1, `r${end++}`)
  // Where what is oldest is not settled in time, entries go into LMDB until there is room.
  while (placeOf(directory, `r${end - 1}`) < 0) await append(store, 1, `r${end++}`)
  const left = await open(asKilled(directory))
  for (const one of [store, left]) {
    expect(await readAll(one, 1, 0, runBytes)).toEqual(texts(end))
    expect(await readAll(one, 2, 0)).toEqual(['0 quiet'])
  }
  expect(statSync(journalOf(directory)).size).toBe(fileBytes)
})

test('an entry that was cut in two was never acknowledged: what is before it stays', async () => {
  const { store, count } = await usingFile()
  await append(store, 1, 'torn')
  const left = asKilled(directory)
  damage(left, placeOf(left, 'torn'))
  const after = await open(left)
  expect(await readAll(after, 1, 0, runBytes)).toEqual(texts(count))
  await append(after, 1, `r${count}`)
  const again = await open(asKilled(left))
  expect(await readAll(again, 1, 0, runBytes)).toEqual(texts(count + 1))
})

test('damage in front of an entry that is whole is not passed over', async () => {
  const { store } = await usingFile()
  await append(store, 1, 'first')
  await append(store, 1, 'second')
  const left = asKilled(directory)
  damage(left, placeOf(left, 'first'))
  await expect(open(left)).rejects.toThrow(StoreUnusable)
  await expect(open(left)).rejects.toThrow(/entry \d+ of its journal is missing/)
})

test('a file that is gone is missed after a kill, and not after an end in order', async () => {
  const { store, count } = await usingFile()
  const left = asKilled(directory)
  rmSync(journalOf(left))
  await expect(open(left)).rejects.toThrow(/journal\.bin is missing/)
  await store.close()
  rmSync(journalOf(directory))
  expect(await readAll(await open(), 1, 0, runBytes)).toEqual(texts(count))
})

test('an end in order leaves nothing to the file, and the file is used again afterwards', async () => {
  const { store, count } = await usingFile()
  await store.close()
  const stale = readFileSync(journalOf(directory))
  const again = await usingFile()
  expect(await readAll(again.store, 1, 0, runBytes)).toEqual([
    ...texts(count),
    ...texts(again.count).map((text, i) => text.replace(/^\d+/, String(count + i))),
  ])
  // Other slots count now: those from before are of no use to anybody.
  const left = asKilled(directory)
  expect(readFileSync(journalOf(left)).equals(stale)).toBe(false)
  expect(await readAll(await open(left), 1, 0, runBytes)).toHaveLength(count + again.count)
})

test('a partition that was settled and then dropped does not come back from the file', async () => {
  const { store } = await usingFile()
  await append(store, 2, 'gone')
  // Large enough that it is settled with what came before.
  await append(store, 2, 'gone too', journalUsual.smallBytesMax)
  await store.log.drop(2)
  expect(placeOf(directory, 'gone')).toBeGreaterThan(0)
  const left = await open(asKilled(directory))
  expect(await left.log.bounds(2)).toMatchObject({ startOffset: 0, endOffset: 0, segmentCount: 0 })
  expect(await readAll(left, 2, 0)).toEqual([])
})

test('a partition that is dropped with its records in the file does not come back either', async () => {
  const { store } = await usingFile()
  await append(store, 2, 'gone')
  await store.log.drop(2)
  for (let i = 0; i < 5; i++) await append(store, 3, `kept ${i}`)
  const left = await open(asKilled(directory))
  expect(await readAll(left, 2, 0)).toEqual([])
  expect((await readAll(left, 3, 0, runBytes)).length).toBe(5)
})

test('after a clear nothing of the file counts, and it goes on', async () => {
  const { store } = await usingFile()
  await store.clear()
  for (let i = 0; i < 5; i++) await append(store, 1, `r${i}`)
  expect(placeOf(directory, 'r4')).toBeGreaterThan(0)
  const left = await open(asKilled(directory))
  expect(await readAll(left, 1, 0, runBytes)).toEqual(texts(5))
})

test('a file of another size than asked for is used up first', async () => {
  const { count } = await usingFile()
  const left = asKilled(directory)
  let store = await open(left, { journalFile: journalFileOf(2 * fileBytes) })
  for (let i = 0; i < 5; i++) await append(store, 1, `r${count + i}`)
  store = await open(asKilled(left), { journalFile: journalFileOf(0) })
  expect(await readAll(store, 1, 0, runBytes)).toEqual(texts(count + 5))
})

test('writes leave the thread while the disk is slow, and come back to it', async () => {
  const file = new JournalFile(directory, journalFileOf(fileBytes))
  await new Promise<void>((made) => file.make(async () => made()))
  await until('the file is in use', () => file.inUse)
  let [nowMs, writeMs, sequence] = [0, 0, 0]
  const clock = vi.spyOn(performance, 'now').mockImplementation(() => (nowMs += writeMs))
  /** Whether it was done on this thread. */
  const write = async (): Promise<boolean> => {
    const done = file.write({ sequence, value: Buffer.from('value'), nowMs: 0, pieces: [], droppedCount: 0 }, sequence++)
    await done
    return done === undefined
  }
  try {
    expect(await write()).toBe(true)
    writeMs = 20
    expect([await write(), await write()]).toEqual([true, false])
    writeMs = 0
    const here: boolean[] = []
    while (here.length < 50) here.push(await write())
    expect([here[0], here.at(-1)]).toEqual([false, true])
  } finally {
    clock.mockRestore()
    await file.close()
  }
})

test('slots are found wherever they are, and nothing else is', () => {
  const [id, other] = [Buffer.alloc(16, 1), Buffer.alloc(16, 2)]
  const { checksum } = journalFileOf(0)
  fc.assert(
    fc.property(fc.array(fc.record({ ours: fc.boolean(), gap: fc.nat(3), value: fc.uint8Array({ maxLength: 2000 }) })), (slots) => {
      const file = Buffer.alloc(100 * 8 * slotUnitBytes, 7)
      let at = 0
      const expected: { sequence: number; at: number; value: string }[] = []
      for (const [sequence, { ours, gap, value }] of slots.entries()) {
        at += gap * slotUnitBytes
        const bytes = Buffer.from(value)
        const header = packSlotHeader(ours ? id : other, { sequence, floor: 0 }, bytes, checksum)
        header.copy(file, at)
        bytes.copy(file, at + header.length)
        if (ours) expected.push({ sequence, at, value: bytes.toString('hex') })
        at += slotBytesOf(bytes.length)
      }
      const found = findSlots(file, id, checksum).map(({ sequence, at, value }) => ({ sequence, at, value: value.toString('hex') }))
      expect(found).toEqual(expected)
    }),
    { numRuns: 100 },
  )
})

test('a ring never gives a place that is needed, and has room whenever half of it is free', () => {
  fc.assert(
    fc.property(fc.array(fc.record({ bytes: fc.integer({ min: 1, max: 30 }), released: fc.nat(4) }), { maxLength: 200 }), (steps) => {
      const ring = new Ring(100)
      let needed: { sequence: number; at: number; bytes: number }[] = []
      for (const [sequence, { bytes, released }] of steps.entries()) {
        const at = ring.room(bytes)
        if (at >= 0) {
          expect(at + bytes).toBeLessThanOrEqual(100)
          for (const one of needed) expect(at + bytes <= one.at || at >= one.at + one.bytes).toBe(true)
          ring.take(sequence, at, bytes)
          needed.push({ sequence, at, bytes })
        } else expect(needed.length).toBeGreaterThan(0)
        const floor = needed[Math.min(released, needed.length) - 1]?.sequence
        if (floor !== undefined) ring.release(floor + 1)
        needed = needed.slice(released)
        expect(ring.neededBytes).toBe(needed.reduce((sum, one) => sum + one.bytes, 0))
      }
    }),
    { numRuns: 300 },
  )
})
