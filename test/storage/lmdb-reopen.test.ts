// What survives a close and a reopen, and who may open a directory. Kills are in test/crash.
import { execFileSync, spawn } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeEach, describe, expect, test } from 'vitest'
import { schemaKey } from '../../storage/keys.ts'
import { openLmdbStore } from '../../storage/lmdb-store.ts'
import { packRow } from '../../storage/rows.ts'
import { type Store, StoreUnusable } from '../../storage/store.ts'
import { table } from '../../storage/tables.ts'
import { noJournal, readAll, run, storeOptions, TestClock } from '../contract/harness.ts'

const root = mkdtempSync(join(tmpdir(), 'twinlog-reopen-'))
const opened: Store[] = []
afterAll(async () => {
  // One that a test left open would notice that its file is gone, and fail.
  for (const store of opened) await store.close()
  rmSync(root, { recursive: true })
})

const people = table<{ name: string }>('people')
const clock = new TestClock()
let directory = ''
beforeEach(() => {
  directory = mkdtempSync(join(root, 'd'))
})

async function open(more = {}): Promise<Store> {
  const store = await openLmdbStore(directory, storeOptions(clock, more))
  opened.push(store)
  return store
}

/** Closes the store and opens the directory again. */
async function reopen(store: Store, more = {}): Promise<Store> {
  await store.close()
  return open(more)
}

/** Waits until nothing is left to delete: the file's free pages stop growing only then, so ask for the garbage itself. */
async function settled(store: Store, check: () => boolean): Promise<void> {
  while (!check()) {
    await store.batch().put(people, ['tick'], { name: 'tick' }).commit()
    await new Promise((resolve) => setImmediate(resolve))
  }
}

describe('after a reopen', () => {
  test('records, rows, offsets and bounds are there', async () => {
    let store = await open()
    store.log.setSegmentPolicy(1, { segmentBytes: 250, segmentMs: 1e9 })
    for (let i = 0; i < 5; i++) await store.log.append(run(1, `r${i}`, { size: 100, offsetCount: 2, maxTimestampMs: 10 * i }))
    await store.batch().put(people, ['a', 1], { name: 'ann' }).append(run(2, 'two')).commit()
    const bounds = await store.log.bounds(1)
    store = await reopen(store)
    expect(await store.log.bounds(1)).toEqual(bounds)
    expect(await readAll(store, 1, 0, 100)).toEqual(['0 r0', '2 r1', '4 r2', '6 r3', '8 r4'])
    expect(await store.log.offsetForTime(1, 25)).toBe(6)
    expect(await store.tables.get(people, ['a', 1])).toEqual({ name: 'ann' })
    expect((await store.log.append(run(1, 'next'))).baseOffset).toBe(10)
    expect((await store.log.append(run(2, 'next'))).baseOffset).toBe(1)
    await store.close()
  })

  test('the end offset is there though retention dropped every record', async () => {
    let store = await open()
    await store.log.append(run(1, 'a', { offsetCount: 7, maxTimestampMs: 1 }))
    await store.log.retain(1, { retentionMs: 0, retentionBytes: -1 }, 1e12)
    store = await reopen(store)
    expect(await store.log.bounds(1)).toMatchObject({ startOffset: 7, endOffset: 7, bytes: 0 })
    expect((await store.log.append(run(1, 'b'))).baseOffset).toBe(7)
    expect(await readAll(store, 1, 7)).toEqual(['7 b'])
    await store.close()
  })

  test('a trim holds, in the middle of a segment too, and the maxima that it hid stay hidden', async () => {
    let store = await open({ journal: noJournal })
    for (const maxTimestampMs of [10, 99, 20, 30]) await store.log.append(run(1, `t${maxTimestampMs}`, { maxTimestampMs, size: 100 }))
    await store.log.trim(1, 2)
    store = await reopen(store)
    expect(await store.log.bounds(1)).toEqual({ startOffset: 2, endOffset: 4, bytes: 200, segmentCount: 1, maxTimestampMs: 30 })
    expect(await store.log.offsetForTime(1, 25)).toBe(3)
    expect(await store.log.offsetForTime(1, 50)).toBeNull()
    await store.close()
  })

  test('a dropped partition stays gone, also when it was closed before its space came back', async () => {
    let store = await open()
    for (let i = 0; i < 300; i++) void store.log.append(run(1, 'x', { size: 70_000 }))
    await store.log.append(run(1, 'last'))
    await store.log.append(run(2, 'other'))
    const full = store.figures()
    await store.log.drop(1)
    store = await reopen(store)
    expect(await store.log.bounds(1)).toMatchObject({ startOffset: 0, endOffset: 0, segmentCount: 0 })
    expect(await readAll(store, 2, 0)).toEqual(['0 other'])
    await settled(store, () => store.figures().freeBytes - full.freeBytes > 300 * 70_000)
    await store.close()
  })

  test('space that a drop left behind is used again', async () => {
    const store = await open({ recentBytesMax: 0 })
    const fill = async (partition: number) => {
      for (let i = 0; i < 20; i++) await store.log.append(run(partition, 'x', { size: 1_000_000 }))
    }
    await fill(1)
    const once = store.figures().fileBytes
    for (let partition = 2; partition < 8; partition++) {
      await store.log.drop(partition - 1)
      await settled(store, () => store.figures().freeBytes > 19_000_000)
      await fill(partition)
    }
    expect(store.figures().fileBytes).toBeLessThan(once * 1.3)
    await store.close()
  })

  test('what was written with flush async is there after a close', async () => {
    let store = await open({ flush: 'async' })
    await store.log.append(run(1, 'a'))
    store = await reopen(store)
    expect(await readAll(store, 1, 0)).toEqual(['0 a'])
    await store.close()
  })

  test('a cleared store is empty', async () => {
    let store = await open()
    await store.batch().put(people, ['a'], { name: 'ann' }).append(run(1, 'a')).commit()
    await store.clear()
    store = await reopen(store)
    expect(await store.tables.list(people)).toEqual([])
    expect((await store.log.bounds(1)).endOffset).toBe(0)
    await store.close()
  })
})

describe('a directory', () => {
  test('is made where it is missing, whatever its name', async () => {
    directory = join(directory, 'deep', 'data.v1')
    const store = await open()
    await store.log.append(run(1, 'a'))
    expect(await readAll(await reopen(store), 1, 0)).toEqual(['0 a'])
  })

  test('is refused a second time in one process, by whatever path, and free again after a close', async () => {
    const store = await open()
    await expect(openLmdbStore(join(directory, '.'), storeOptions(clock))).rejects.toThrow(StoreUnusable)
    await expect(open()).rejects.toThrow(/already open in this process/)
    await store.close()
    await (await open()).close()
  })

  test('is refused while another process has it, naming the process, and free once that was killed', async () => {
    const code = `
      import('lmdb').then(({ open }) => {
        const db = open({ path: process.argv[1], noSubdir: true, keyEncoding: 'binary', encoding: 'binary', overlappingSync: false, pageSize: 16384 })
        db.getBinary(Buffer.from([1]))
        process.stdout.write('open')
        setInterval(() => {}, 1000)
      })`
    await (await open()).close()
    const child = spawn(process.execPath, ['-e', code, join(directory, 'data.mdb')], { stdio: ['ignore', 'pipe', 'inherit'] })
    await new Promise((resolve) => child.stdout.once('data', resolve))
    await expect(open()).rejects.toThrow(new RegExp(`open in another process \\(pid ${child.pid}\\)`))
    const exited = new Promise((resolve) => child.once('exit', resolve))
    child.kill('SIGKILL')
    await exited
    await (await open()).close()
  })

  test('written by a newer version is refused with both versions named, and left as it was', async () => {
    await (await open()).close()
    const code = `
      import('lmdb').then(async ({ open }) => {
        const db = open({ path: process.argv[1], noSubdir: true, keyEncoding: 'binary', encoding: 'binary', overlappingSync: false, pageSize: 16384 })
        db.putSync(Buffer.from(process.argv[2], 'hex'), Buffer.from(process.argv[3], 'hex'))
        await db.close()
      })`
    const set = (version: number) =>
      execFileSync(process.execPath, ['-e', code, join(directory, 'data.mdb'), schemaKey.toString('hex'), packRow({ version }).toString('hex')])
    set(4)
    await expect(open()).rejects.toThrow(/newer twinlog \(schema 4, this one knows 3\)/)
    // An older one is taken over.
    set(1)
    await (await open()).close()
    await (await open()).close()
  })

  test('that is not a store is refused: a file, a foreign file inside, a foreign LMDB', async () => {
    const file = join(directory, 'file')
    writeFileSync(file, 'x')
    await expect(openLmdbStore(file, storeOptions(clock))).rejects.toThrow(StoreUnusable)
    const foreign = join(directory, 'foreign')
    mkdirSync(foreign)
    writeFileSync(join(foreign, 'data.mdb'), Buffer.alloc(100_000, 'not a store'))
    await expect(openLmdbStore(foreign, storeOptions(clock))).rejects.toThrow(StoreUnusable)
    execFileSync(process.execPath, [
      '-e',
      "import('lmdb').then(async ({ open }) => { const db = open(process.argv[1], { noSubdir: true }); await db.put('a', 1); await db.close() })",
      join(directory, 'data.mdb'),
    ])
    await expect(open()).rejects.toThrow(/did not write/)
  })
})
