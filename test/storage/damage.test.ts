// What somebody else did to a data directory: a file that was cut short, a row that is no row, a directory that was removed under a running store.
import { cpSync, mkdtempSync, readFileSync, rmSync, statSync, truncateSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, expect, test } from 'vitest'
import { openLmdbStore } from '../../storage/lmdb-store.ts'
import { unpackRow } from '../../storage/rows.ts'
import { type Store, StoreFailed, StoreUnusable } from '../../storage/store.ts'
import { table } from '../../storage/tables.ts'
import { noJournal, readAll, run, storeOptions, TestClock } from '../contract/harness.ts'

const people = table<{ name: string }>('people')
const count = 60
const size = 40_000
let base = ''
let store: Store | undefined
const failures: StoreFailed[] = []
const open = async (directory: string): Promise<Store> => {
  const options = { recentBytesMax: 0, journal: noJournal, onFailure: (error: StoreFailed) => failures.push(error) }
  store = await openLmdbStore(directory, storeOptions(new TestClock(), options))
  return store
}
afterEach(async () => {
  await store?.close()
  store = undefined
  failures.length = 0
  rmSync(base, { recursive: true, force: true })
})

/** Large values, and enough rows for a tree of some levels. */
async function fill(directory: string): Promise<void> {
  const { log, batch, close } = await open(directory)
  for (let i = 0; i < count; i++) await log.append(run(1, `r${i}`, { size }))
  const rows = batch()
  for (let i = 0; i < 3000; i++) rows.put(people, [`person ${i}`], { name: 'x'.repeat(100) })
  await rows.commit()
  await close()
}

const records = Array.from({ length: count }, (_, i) => `${i} r${i}`)

test('a data file that was cut short is refused, wherever it ends', async () => {
  base = mkdtempSync(join(tmpdir(), 'twinlog-damage-'))
  const whole = join(base, 'whole')
  await fill(whole)
  const { size: bytes } = statSync(join(whole, 'data.mdb'))
  for (const kept of [16_384, 32_768, 40_000, 65_536, 500_000, 1_500_000, bytes - 100_000]) {
    const cut = join(base, String(kept))
    cpSync(whole, cut, { recursive: true })
    truncateSync(join(cut, 'data.mdb'), kept)
    await expect(open(cut), `${kept} of ${bytes} bytes`).rejects.toThrow(StoreUnusable)
  }
  await open(whole)
  expect(await readAll(store!, 1, 0, size)).toEqual(records)
})

test('a data file that ends before its last pages, which hold nothing, is whole', async () => {
  base = mkdtempSync(join(tmpdir(), 'twinlog-damage-'))
  const whole = join(base, 'whole')
  await fill(whole)
  // What comes after it is large, and goes again.
  const { log, close, figures } = await open(whole)
  for (let i = 0; i < 30; i++) await log.append(run(2, `gone ${i}`, { size: 200_000 }))
  await log.drop(2)
  await expect.poll(() => figures().freeBytes).toBeGreaterThan(5_000_000)
  await close()
  const { size: bytes } = statSync(join(whole, 'data.mdb'))
  // Longer and longer, until it has what it needs.
  let refused = 0
  for (let kept = 1_600_000; ; kept += 200_000) {
    expect(kept).toBeLessThan(bytes)
    const cut = join(base, String(kept))
    cpSync(whole, cut, { recursive: true })
    truncateSync(join(cut, 'data.mdb'), kept)
    const refusal = await open(cut).then(
      () => null,
      (error: unknown) => error,
    )
    if (!refusal) break
    expect(refusal).toBeInstanceOf(StoreUnusable)
    refused++
  }
  expect(refused).toBeGreaterThan(0)
  expect(await readAll(store!, 1, 0, size)).toEqual(records)
  expect(await store!.tables.list(people)).toHaveLength(3000)
  // And it can be written to.
  await store!.log.append(run(1, 'after', { size: 2_000_000 }))
})

test('a data directory that is removed while it is in use fails the store', async () => {
  base = mkdtempSync(join(tmpdir(), 'twinlog-damage-'))
  const directory = join(base, 'data')
  const { log } = await open(directory)
  await log.append(run(1, 'first'))
  rmSync(directory, { recursive: true })
  await expect.poll(() => failures.map(({ message }) => message)).toEqual([expect.stringContaining('was removed while it is in use')])
  await expect(log.append(run(1, 'late'))).rejects.toThrow(StoreFailed)
})

test('a row that cannot be read says that the directory is damaged', () => {
  expect(() => unpackRow(readFileSync(import.meta.filename))).toThrow(StoreUnusable)
})
