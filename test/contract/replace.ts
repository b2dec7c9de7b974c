// What every log does when chunks take the place of others, as compaction asks for it. Run on each implementation.
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { Store } from '../../storage/store.ts'
import { type OpenStore, readAll, run } from './harness.ts'

export function replaceContract(name: string, open: OpenStore): void {
  describe(`replacing chunks, ${name}`, () => {
    let store: Store
    beforeEach(async () => {
      ;({ store } = await open())
    })
    afterEach(() => store.close())

    const append = (partition: number, text: string, options = {}) => store.log.append(run(partition, text, options))
    /** One commit each, so that each is a chunk of its own. */
    const appendEach = async (partition: number, timestamps: number[]) => {
      for (const maxTimestampMs of timestamps) await append(partition, `t${maxTimestampMs}`, { maxTimestampMs, size: 100 })
    }
    const small = (segmentBytes: number) => ({ segmentBytes, segmentMs: 3_600_000 })

    /** Two segments of three chunks and an active one; timestamps and texts by offset. */
    const fill = async () => {
      store.log.setSegmentPolicy(1, small(300))
      await appendEach(1, [10, 50, 20, 30, 40, 60, 70])
    }
    const chunk = async (offset: number) => (await store.log.read([{ partition: 1, fromOffset: offset, bytesMax: 1 }]))[0]!.chunks[0]!
    /** Keeps the chunks at some offsets, as one chunk. */
    const keep = async (fromOffset: number, toOffset: number, kept: number[], joinBytesMax = 0) => {
      const bytes = Buffer.concat(await Promise.all(kept.map(async (offset) => (await chunk(offset)).bytes)))
      const times = [10, 50, 20, 30, 40, 60, 70]
      const maxTimestampMs = Math.max(-1, ...kept.map((offset) => times[offset]!))
      const chunks = [{ baseOffset: fromOffset, endOffset: toOffset, bytes, maxTimestampMs }]
      return store.log.replace({ partition: 1, fromOffset, toOffset, chunks, joinBytesMax })
    }
    const segments = async () => (await store.log.segments(1)).map(({ startOffset, endOffset, bytes }) => [startOffset, endOffset, bytes])

    test('keeps offsets and bounds, and gives the bytes back', async () => {
      await fill()
      expect(await segments()).toEqual([
        [0, 3, 300],
        [3, 6, 300],
        [6, 7, 100],
      ])
      expect(await keep(0, 3, [1])).toMatchObject({ startOffset: 0, endOffset: 7, bytes: 500, segmentCount: 3, maxTimestampMs: 70 })
      expect(await readAll(store, 1, 0, 100)).toEqual(['1 t50', '3 t30', '4 t40', '5 t60', '6 t70'])
      // A reader in the middle of what went still gets the chunk that covers its place, and then what follows.
      const [result] = await store.log.read([{ partition: 1, fromOffset: 2, bytesMax: 100 }])
      expect(result!.chunks.map(({ baseOffset, endOffset }) => [baseOffset, endOffset])).toEqual([[0, 3]])
      expect((await append(1, 'next', { size: 100, maxTimestampMs: 5 })).baseOffset).toBe(7)
    })

    test('a step may end in the middle of a segment, and the next one joins what it made', async () => {
      await fill()
      await keep(0, 2, [0])
      expect(await segments()).toEqual([
        [0, 2, 100],
        [2, 3, 100],
        [3, 6, 300],
        [6, 7, 100],
      ])
      expect(await readAll(store, 1, 0, 100)).toEqual(['0 t10', '2 t20', '3 t30', '4 t40', '5 t60', '6 t70'])
      expect(await store.log.offsetForTime(1, 15)).toBe(2)
      expect(await store.log.offsetForTime(1, 50)).toBe(5)
      await keep(2, 6, [2, 5], 1000)
      expect(await segments()).toEqual([
        [0, 6, 300],
        [6, 7, 100],
      ])
      expect(await readAll(store, 1, 0, 100)).toEqual(['0 t10', '2 t20', '5 t60', '6 t70'])
      expect(await store.log.offsetForTime(1, 5)).toBe(0)
      expect(await store.log.offsetForTime(1, 15)).toBe(2)
      expect(await store.log.offsetForTime(1, 65)).toBe(6)
      expect(await store.log.offsetOfMaxTimestamp(1)).toBe(6)
    })

    test('nothing may be left of it', async () => {
      await fill()
      await keep(0, 6, [])
      expect(await segments()).toEqual([
        [0, 6, 0],
        [6, 7, 100],
      ])
      expect(await readAll(store, 1, 0, 100)).toEqual(['6 t70'])
      expect(await store.log.offsetForTime(1, 0)).toBe(6)
      expect((await store.log.trim(1, 4)).startOffset).toBe(4)
      expect(await readAll(store, 1, 4, 100)).toEqual(['6 t70'])
      await store.log.trim(1, 6)
      expect(await segments()).toEqual([[6, 7, 100]])
    })

    test('the active segment, chunks that went and halves of chunks are left alone', async () => {
      await fill()
      expect(await keep(6, 7, [6])).toBeNull()
      expect(await keep(1, 3, [1])).toBeNull()
      await store.log.trim(1, 2)
      expect(await keep(0, 3, [2])).toBeNull()
      expect(await keep(2, 3, [2])).toMatchObject({ startOffset: 2, bytes: 500 })
      expect(await keep(3, 6, [3])).toMatchObject({ startOffset: 2, bytes: 300 })
      await store.log.drop(1)
      expect(
        await store.log.replace({
          partition: 1,
          fromOffset: 2,
          toOffset: 3,
          chunks: [{ baseOffset: 2, endOffset: 3, bytes: Buffer.alloc(1), maxTimestampMs: -1 }],
          joinBytesMax: 0,
        }),
      ).toBeNull()
    })

    test('chunks that leave a gap are refused', async () => {
      await fill()
      const chunks = [{ baseOffset: 0, endOffset: 2, bytes: Buffer.alloc(100), maxTimestampMs: 1 }]
      await expect(store.log.replace({ partition: 1, fromOffset: 0, toOffset: 3, chunks, joinBytesMax: 0 })).rejects.toThrow(RangeError)
      expect((await store.log.bounds(1)).bytes).toBe(700)
    })

    test('appends, reads and retention go on beside it', async () => {
      await fill()
      const [kept, appended, , retained] = await Promise.all([
        keep(0, 3, [1]),
        append(1, 'beside', { size: 100, maxTimestampMs: 80 }),
        store.log.read([{ partition: 1, fromOffset: 0, bytesMax: 10_000 }]),
        store.log.retain(1, { retentionMs: -1, retentionBytes: 400 }, 100),
      ])
      expect(kept === null || kept.bytes === 500).toBe(true)
      expect(appended.baseOffset).toBe(7)
      expect(retained.bounds.endOffset).toBeGreaterThanOrEqual(7)
      const all = await readAll(store, 1, (await store.log.bounds(1)).startOffset, 100)
      expect(all.slice(-2)).toEqual(['6 t70', '7 beside'])
    })
  })
}
