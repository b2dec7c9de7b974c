// What every store does with rows and with batches that span rows and appends, and as a whole: clear and close.
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { PartitionGone, type Store } from '../../storage/store.ts'
import { type Key, table } from '../../storage/tables.ts'
import { type OpenStore, readAll, run } from './harness.ts'

interface Person {
  name: string
  age?: number | undefined
}

const people = table<Person>('people')
const places = table<{ at: unknown }>('places')

export function storeContract(name: string, open: OpenStore): void {
  describe(`the store contract, ${name}`, () => {
    let store: Store
    beforeEach(async () => {
      ;({ store } = await open())
    })
    afterEach(() => store.close())

    const put = (key: Key, text: string) => store.batch().put(people, key, { name: text }).commit()
    const names = async (prefix?: Key, limit?: number) => (await store.tables.list(people, prefix, limit)).map(({ row }) => row.name)

    describe('rows', () => {
      test('are found by their key, and only in their table', async () => {
        await put(['a', 1], 'ann')
        expect(await store.tables.get(people, ['a', 1])).toEqual({ name: 'ann' })
        expect(await store.tables.get(people, ['a'])).toBeUndefined()
        expect(await store.tables.get(places, ['a', 1])).toBeUndefined()
        expect(await store.tables.list(places)).toEqual([])
      })

      test('are replaced and deleted', async () => {
        await put(['a'], 'ann')
        await put(['a'], 'bob')
        expect(await names()).toEqual(['bob'])
        await store.batch().delete(people, ['a']).delete(people, ['never']).commit()
        expect(await names()).toEqual([])
        expect(await store.tables.get(people, ['a'])).toBeUndefined()
      })

      test('keep numbers, buffers, nested values and what is undefined', async () => {
        const at = {
          n: 2 ** 53 - 1,
          big: 10n ** 17n,
          f: -0.5,
          list: [1, 'zwei', null],
          bytes: Buffer.from([0, 255, 7]),
          deep: { x: { y: true } },
          none: undefined,
        }
        await store.batch().put(places, [1], { at }).commit()
        expect(await store.tables.get(places, [1])).toEqual({ at })
      })

      test('are stored as they were when the batch was committed, and each reader gets its own', async () => {
        const row: Person = { name: 'ann' }
        const done = store.batch().put(people, [1], row).commit()
        row.name = 'changed'
        await done
        const first = (await store.tables.get(people, [1]))!
        expect(first.name).toBe('ann')
        first.name = 'changed'
        expect((await store.tables.get(people, [1]))!.name).toBe('ann')
      })

      test('keep their buffers while others are read', async () => {
        await store
          .batch()
          .put(places, [1], { at: Buffer.alloc(50, 'a') })
          .put(places, [2], { at: Buffer.alloc(50, 'b') })
          .commit()
        const one = await store.tables.get(places, [1])
        await store.tables.get(places, [2])
        expect(one).toEqual({ at: Buffer.alloc(50, 'a') })
      })

      test('are listed in key order: numbers by value, then strings by code point, a prefix before what it begins', async () => {
        const keys: Key[] = [
          [-5.5],
          [-1],
          [0],
          [2],
          [10],
          [2 ** 40],
          [''],
          ['a'],
          ['a', 1],
          ['a', ''],
          ['a', 'b'],
          ['a\0'],
          ['a\0b'],
          ['aa'],
          ['b'],
          ['é'],
          ['\u{1f600}'],
        ]
        const shuffled = [...keys].sort((a, b) => JSON.stringify(b).localeCompare(JSON.stringify(a)))
        for (const key of shuffled) await put(key, JSON.stringify(key))
        expect((await store.tables.list(people)).map(({ key }) => key)).toEqual(keys)
        for (const key of keys) expect((await store.tables.get(people, key))?.name).toBe(JSON.stringify(key))
      })

      test('are listed by whole parts of their key', async () => {
        for (const key of [['g', 'a', 1], ['g', 'a', 2], ['g', 'ab', 1], ['h', 'a', 1], ['g']]) await put(key, key.join(' '))
        expect(await names(['g'])).toEqual(['g', 'g a 1', 'g a 2', 'g ab 1'])
        expect(await names(['g', 'a'])).toEqual(['g a 1', 'g a 2'])
        expect(await names(['g', 'a', 2])).toEqual(['g a 2'])
        expect(await names([''])).toEqual([])
        expect(await names([], 2)).toEqual(['g', 'g a 1'])
        expect(await names(['g'], 0)).toEqual([])
      })

      test('whose key is too long are refused and nothing of the batch is stored', async () => {
        const batch = store
          .batch()
          .put(people, ['ok'], { name: 'ok' })
          .put(people, ['x'.repeat(3000)], { name: 'long' })
        await expect(batch.commit()).rejects.toThrow(/key/)
        expect(await names()).toEqual([])
        await put(['x'.repeat(1800)], 'fits')
        expect(await names()).toEqual(['fits'])
      })

      test('may be large', async () => {
        const at = Buffer.alloc(3_000_000, 'z')
        await store.batch().put(places, [1], { at }).commit()
        expect(at.equals((await store.tables.get(places, [1]))?.at as Buffer)).toBe(true)
        expect(at.equals((await store.tables.list(places))[0]?.row.at as Buffer)).toBe(true)
      })
    })

    describe('batches', () => {
      test('span rows and appends and answer the appends in order', async () => {
        const results = await store
          .batch()
          .append(run(1, 'a', { offsetCount: 3 }))
          .put(people, ['p'], { name: 'ann' })
          .append(run(2, 'b'))
          .append(run(1, 'c'))
          .commit()
        expect(results.map(({ baseOffset }) => baseOffset)).toEqual([0, 0, 3])
        expect((await store.log.bounds(1)).endOffset).toBe(4)
        expect(await store.tables.get(people, ['p'])).toEqual({ name: 'ann' })
      })

      test('keep the order within and among them', async () => {
        const first = store.batch().put(people, ['k'], { name: '1' }).delete(people, ['k']).put(people, ['k'], { name: '2' }).commit()
        const second = store.batch().put(people, ['k'], { name: '3' }).commit()
        await Promise.all([first, second])
        expect(await names()).toEqual(['3'])
      })

      test('with an append to a dropped partition store nothing', async () => {
        await store.log.drop(3)
        const batch = store.batch().append(run(1, 'a')).put(people, ['p'], { name: 'ann' }).append(run(3, 'gone'))
        await expect(batch.commit()).rejects.toThrow(PartitionGone)
        expect(await names()).toEqual([])
        expect((await store.log.bounds(1)).endOffset).toBe(0)
      })

      test('that are empty commit, and none commits twice', async () => {
        const batch = store.batch()
        expect(await batch.commit()).toEqual([])
        expect(() => batch.commit()).toThrow(/committed/)
        expect(() => batch.put(people, ['a'], { name: 'a' })).toThrow(/committed/)
      })
    })

    describe('as a whole', () => {
      test('clear drops every row and record, and partitions begin anew', async () => {
        await store.batch().append(run(1, 'a')).put(people, ['p'], { name: 'ann' }).commit()
        await store.log.drop(4)
        await store.clear()
        expect(await names()).toEqual([])
        expect((await store.log.bounds(1)).endOffset).toBe(0)
        expect(await store.log.append(run(1, 'fresh'))).toEqual({ baseOffset: 0, startOffset: 0 })
        expect(await store.log.append(run(4, 'again'))).toEqual({ baseOffset: 0, startOffset: 0 })
        expect(await readAll(store, 1, 0)).toEqual(['0 fresh'])
      })

      test('clear comes after the writes that were asked for before it', async () => {
        const before = store.log.append(run(1, 'a'))
        const cleared = store.clear()
        const after = store.log.append(run(1, 'b'))
        expect((await before).baseOffset).toBe(0)
        await cleared
        expect((await after).baseOffset).toBe(0)
        expect(await readAll(store, 1, 0)).toEqual(['0 b'])
      })

      test('reads while a clear is under way see all or nothing', async () => {
        for (let i = 0; i < 30; i++) void store.log.append(run(i % 5, `r${i}`, { size: 100_000 }))
        await store.batch().put(people, ['p'], { name: 'ann' }).commit()
        let done = false
        const cleared = store.clear().then(() => {
          done = true
        })
        while (!done) {
          for (let partition = 0; partition < 5; partition++) {
            const { endOffset } = await store.log.bounds(partition)
            const [result] = await store.log.read([{ partition, fromOffset: 0, bytesMax: 1e9 }])
            expect([0, 6]).toContain(endOffset)
            expect([0, 6]).toContain(result!.chunks.at(-1)?.endOffset ?? 0)
          }
          await new Promise((resolve) => setImmediate(resolve))
        }
        await cleared
        expect((await store.log.bounds(1)).endOffset).toBe(0)
      })

      test('close waits for the writes under way; later calls reject', async () => {
        const done: string[] = []
        const appended = store.log.append(run(1, 'a')).then(() => done.push('append'))
        await store.close()
        expect(done).toEqual(['append'])
        await appended
        await expect(store.log.append(run(1, 'b'))).rejects.toThrow(/closed/)
        await expect(store.log.bounds(1)).rejects.toThrow(/closed/)
        await expect(store.log.read([])).rejects.toThrow(/closed/)
        await expect(store.tables.get(people, [1])).rejects.toThrow(/closed/)
        await expect(store.tables.list(people)).rejects.toThrow(/closed/)
        await expect(store.batch().put(people, [1], { name: 'x' }).commit()).rejects.toThrow(/closed/)
        await store.close()
      })
    })
  })
}
