// A disk that is really full: a small tmpfs where the system lets us mount one, and a limit on the size of files everywhere else.
import { rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, afterEach, describe, expect, test } from 'vitest'
import { openLmdbStore } from '../../storage/lmdb-store.ts'
import { StorageFull, type Store, type StoreFailed } from '../../storage/store.ts'
import { table } from '../../storage/tables.ts'
import { readAll, run, storeOptions, TestClock } from '../contract/harness.ts'
import { fillDisk, removeSmallDisks, smallDisk } from './small-disk.ts'

const people = table<{ name: string }>('people')
afterAll(removeSmallDisks)

let store: Store | undefined
const failures: StoreFailed[] = []
const open = async (directory: string, more = {}) => {
  const options = storeOptions(new TestClock(), { recentBytesMax: 0, onFailure: (error) => failures.push(error), ...more })
  store = await openLmdbStore(directory, options)
  return store
}
afterEach(async () => {
  await store?.close()
  expect(failures).toEqual([])
})

/** Appends until the disk is full, several at a time; returns the texts that were acknowledged. */
async function fill(log: Store['log'], partition: number, size: number, atOnce: number): Promise<string[]> {
  const stored: string[] = []
  for (let i = 0; ; i += atOnce) {
    const texts = Array.from({ length: atOnce }, (_, n) => `r${i + n}`)
    const results = await Promise.allSettled(texts.map((text) => log.append(run(partition, text, { size }))))
    results.forEach((result, n) => {
      if (result.status === 'fulfilled') stored.push(`${result.value.baseOffset} ${texts[n]}`)
      else expect(result.reason).toBeInstanceOf(StorageFull)
    })
    if (results.some((result) => result.status === 'rejected')) return stored
  }
}

describe.each([
  ['large appends, several in a commit', 1_000_000, 4],
  ['small appends, one by one', 3_000, 1],
])('%s', (_, size, atOnce) => {
  test('are refused when there is no room; reads go on; writing resumes when there is room', async ({ skip }) => {
    const directory = smallDisk(24 * 1024 * 1024)
    if (!directory) return skip()
    const { log } = await open(directory)
    const append = (id: number, text: string) =>
      log.append(run(id, text, { size })).then(
        ({ baseOffset }) => baseOffset,
        (error: Error) => error.name,
      )
    const before = await fill(log, 1, size, atOnce)
    expect(before.length).toBeGreaterThan(10)
    expect(await readAll(store!, 1, 0, size)).toEqual(before)
    // Still full for the same write, and a row does not slip in beside it.
    await expect(
      store!
        .batch()
        .append(run(1, 'again', { size: 5_000_000 }))
        .put(people, ['a'], { name: 'ann' })
        .commit(),
    ).rejects.toThrow(StorageFull)
    expect(await store!.tables.list(people)).toEqual([])
    expect((await log.bounds(1)).endOffset).toBe(before.length)

    // Deleting needs room too: there must be enough left for that.
    await log.trim(1, Math.floor(before.length / 2))
    await expect.poll(() => append(2, 'room')).toBe(0)
    await expect.poll(() => append(1, 'after')).toBe(before.length)
    const kept = before.slice(Math.floor(before.length / 2))
    expect((await readAll(store!, 1, Math.floor(before.length / 2), size)).slice(-kept.length - 1)).toEqual([...kept, `${before.length} after`])

    await store!.close()
    await open(directory)
    expect((await store!.log.bounds(1)).endOffset).toBe(before.length + 1)
  })
})

test('a full disk that gets room from elsewhere takes writes again', async ({ skip }) => {
  const directory = smallDisk(24 * 1024 * 1024)
  if (!directory) return skip()
  const ballast = join(directory, 'ballast')
  writeFileSync(ballast, Buffer.alloc(12 * 1024 * 1024, 1))
  const { log } = await open(directory)
  const before = await fill(log, 1, 500_000, 3)
  rmSync(ballast)
  const after = await fill(log, 1, 500_000, 3)
  expect(after.length).toBeGreaterThan(10)
  const offsets = [...before, ...after].map((text) => Number(text.split(' ')[0]))
  expect(offsets).toEqual(offsets.map((_, i) => i))
  expect(await readAll(store!, 1, 0, 500_000)).toEqual([...before, ...after])
})

test('flush async reports a full disk in the same way', async ({ skip }) => {
  const directory = smallDisk(16 * 1024 * 1024)
  if (!directory) return skip()
  const { log } = await open(directory, { flush: 'async' })
  const before = await fill(log, 1, 300_000, 2)
  expect(await readAll(store!, 1, 0, 300_000)).toEqual(before)
})

test('a disk that others filled to the last byte refuses deletes too, takes no harm, and goes on when they leave', async ({ skip }) => {
  const directory = smallDisk(24 * 1024 * 1024)
  if (!directory) return skip()
  const { log } = await open(directory)
  const before = await fill(log, 1, 500_000, 3)
  const giveBack = fillDisk(directory)
  await expect(log.append(run(1, 'x'))).rejects.toThrow(StorageFull)
  await expect(log.drop(1)).rejects.toThrow(StorageFull)
  expect(await readAll(store!, 1, 0, 500_000)).toEqual(before)
  giveBack()
  await expect
    .poll(() =>
      log.drop(1).then(
        () => 'dropped',
        (error: Error) => error.name,
      ),
    )
    .toBe('dropped')
  await expect
    .poll(() =>
      log.append(run(2, 'y', { size: 5_000_000 })).then(
        () => 'appended',
        (error: Error) => error.name,
      ),
    )
    .toBe('appended')
  expect(await readAll(store!, 2, 0)).toEqual(['0 y'])
})

test('a disk without room for a new store is refused with a message, and left as it was', async ({ skip }) => {
  const directory = smallDisk(1024 * 1024)
  if (!directory) return skip()
  const giveBack = fillDisk(directory)
  await expect(open(directory)).rejects.toThrow('the disk is full')
  giveBack()
  await open(directory)
  await store!.close()
  // What is there already needs no room, unless its lock file has none.
  fillDisk(directory)
  await open(directory)
  await store!.close()
  rmSync(join(directory, 'data.mdb-lock'))
  fillDisk(directory)
  await expect(open(directory)).rejects.toThrow('the disk is full')
  store = undefined
})
