// What every log does. Run on each implementation; a log that passes can carry the engine.
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { CommitNotice } from '../../storage/log.ts'
import { PartitionGone, type Store } from '../../storage/store.ts'
import { type OpenStore, readAll, run, type TestClock, texts } from './harness.ts'

const empty = { startOffset: 0, endOffset: 0, bytes: 0, segmentCount: 0, maxTimestampMs: -1 }
const hour = 3_600_000

export function logContract(name: string, open: OpenStore): void {
  describe(`the log contract, ${name}`, () => {
    let store: Store
    let clock: TestClock
    beforeEach(async () => {
      ;({ store, clock } = await open())
    })
    afterEach(() => store.close())

    const append = (partition: number, text: string, options = {}) => store.log.append(run(partition, text, options))
    /** One commit each, so that each is a chunk of its own. */
    const appendEach = async (partition: number, timestamps: number[], options = {}) => {
      for (const maxTimestampMs of timestamps) await append(partition, `t${maxTimestampMs}`, { maxTimestampMs, size: 100, ...options })
    }
    const small = (segmentBytes: number, segmentMs = hour) => ({ segmentBytes, segmentMs })

    describe('append and read', () => {
      test('a partition never written to starts and ends at 0 and reads empty', async () => {
        expect(await store.log.bounds(7)).toEqual(empty)
        expect(await store.log.read([{ partition: 7, fromOffset: 0, bytesMax: 100 }])).toEqual([{ chunks: [], startOffset: 0, endOffset: 0 }])
        expect(await store.log.offsetForTime(7, 0)).toBeNull()
        expect(await store.log.offsetOfMaxTimestamp(7)).toBeNull()
      })

      test('appends take consecutive offsets and are read back stamped', async () => {
        expect(await append(1, 'a', { offsetCount: 3, leaderEpoch: 4 })).toEqual({ baseOffset: 0, startOffset: 0 })
        expect(await append(1, 'b', { offsetCount: 2 })).toEqual({ baseOffset: 3, startOffset: 0 })
        const [result] = await store.log.read([{ partition: 1, fromOffset: 0, bytesMax: 10_000 }])
        expect(result!.endOffset).toBe(5)
        expect(result!.chunks.map((chunk) => [chunk.baseOffset, chunk.endOffset])).toEqual([
          [0, 3],
          [3, 5],
        ])
        expect(result!.chunks.flatMap((chunk) => texts(chunk))).toEqual(['0 a', '3 b'])
        expect(result!.chunks[0]!.bytes.readInt32BE(8)).toBe(4)
      })

      test('the order of the calls is the order of the offsets, per partition', async () => {
        const results = await Promise.all(Array.from({ length: 60 }, (_, i) => append(i % 3, `r${i}`, { size: 100, offsetCount: 2 })))
        results.forEach(({ baseOffset }, i) => {
          expect(baseOffset).toBe(2 * Math.floor(i / 3))
        })
        for (const partition of [0, 1, 2]) {
          expect(await readAll(store, partition, 0, 100)).toEqual(Array.from({ length: 20 }, (_, i) => `${2 * i} r${3 * i + partition}`))
        }
      })

      test('appends of any size come back with their bytes', async () => {
        const sizes = [20, 1000, 8_000, 16_384, 65_535, 65_536, 300_000, 2_000_000]
        const requests = sizes.map((size, i) => run(1, `s${i}`, { size }))
        for (const request of requests) for (let i = 24; i < request.bytes.length; i += 7) request.bytes[i] = i & 0xff
        const copies = requests.map((request) => Buffer.from(request.bytes))
        await Promise.all(requests.map((request) => store.log.append(request)))
        const [result] = await store.log.read([{ partition: 1, fromOffset: 0, bytesMax: 10_000_000 }])
        const all = Buffer.concat(result!.chunks.map((chunk) => chunk.bytes))
        let at = 0
        copies.forEach((copy, i) => {
          copy.writeBigInt64BE(BigInt(i), 0)
          copy.writeInt32BE(0, 8)
          expect(all.subarray(at, at + copy.length).equals(copy)).toBe(true)
          at += copy.length
        })
        expect(at).toBe(all.length)
      })

      test.each([200, 100_000])('memory of %i bytes that is used again after the append changes nothing that is stored or read', async (size) => {
        const expected: string[] = []
        const memory = Buffer.alloc(size)
        for (let i = 0; i < 6; i++) {
          run(1, `r${i}`, { size }).bytes.copy(memory)
          await store.log.append({ ...run(1, `r${i}`, { size }), bytes: memory, reusable: true })
          // From the second time on somebody follows the end.
          expected.push(`${i} r${i}`)
          const [result] = await store.log.read([{ partition: 1, fromOffset: 0, bytesMax: 10_000_000 }])
          memory.fill(0xee)
          expect(result!.chunks.flatMap((chunk) => texts(chunk))).toEqual(expected)
        }
        expect(await readAll(store, 1, 0)).toEqual(expected)
      })

      test('a slice of a larger frame is stored as that slice', async () => {
        const frame = Buffer.alloc(1_000_000, 'x')
        const inner = run(1, 'inside').bytes
        inner.copy(frame, 5000)
        await store.log.append({ ...run(1, 'inside'), bytes: frame.subarray(5000, 5000 + inner.length) })
        expect(await readAll(store, 1, 0)).toEqual(['0 inside'])
        expect((await store.log.bounds(1)).bytes).toBe(inner.length)
      })

      test('bytes over shared memory are stored as they are', async () => {
        const request = run(1, 'shared', { size: 100_000 })
        const shared = Buffer.from(new SharedArrayBuffer(request.bytes.length))
        request.bytes.copy(shared)
        await store.log.append({ ...request, bytes: shared })
        expect(await readAll(store, 1, 0)).toEqual(['0 shared'])
      })

      test('a read in the middle of a chunk gives the whole chunk', async () => {
        await append(1, 'a', { offsetCount: 5 })
        await append(1, 'b', { offsetCount: 5 })
        const [result] = await store.log.read([{ partition: 1, fromOffset: 7, bytesMax: 1 }])
        expect(result!.chunks.map((chunk) => chunk.baseOffset)).toEqual([5])
      })

      test('a read takes chunks up to its bytes, and always the first', async () => {
        await appendEach(1, [1, 2, 3, 4])
        const counts = async (bytesMax: number) => (await store.log.read([{ partition: 1, fromOffset: 0, bytesMax }]))[0]!.chunks.length
        expect(await counts(0)).toBe(1)
        expect(await counts(199)).toBe(1)
        expect(await counts(200)).toBe(2)
        expect(await counts(399)).toBe(3)
        expect(await counts(10_000)).toBe(4)
      })

      test('a read outside the bounds is empty and says the bounds', async () => {
        await appendEach(1, [1, 2, 3])
        await store.log.trim(1, 1)
        for (const fromOffset of [0, 3, 99]) {
          expect(await store.log.read([{ partition: 1, fromOffset, bytesMax: 999 }])).toEqual([{ chunks: [], startOffset: 1, endOffset: 3 }])
        }
      })

      test('one read answers many partitions in order', async () => {
        await append(1, 'one')
        await append(2, 'two')
        const results = await store.log.read([2, 3, 1].map((partition) => ({ partition, fromOffset: 0, bytesMax: 999 })))
        expect(results.map((result) => result.chunks.flatMap((chunk) => texts(chunk)))).toEqual([['0 two'], [], ['0 one']])
      })

      test('large partition numbers and offsets stay exact', async () => {
        const partition = 2 ** 40 + 1
        await append(partition, 'a', { offsetCount: 2 ** 31 - 1 })
        await append(partition, 'b')
        expect((await store.log.bounds(partition)).endOffset).toBe(2 ** 31)
        expect(await readAll(store, partition, 2 ** 31 - 1)).toEqual([`${2 ** 31 - 1} b`])
        expect(await store.log.bounds(partition + 1)).toEqual(empty)
      })
    })

    describe('commits', () => {
      test('listeners hear of each commit once per partition, before the answers, and can read what it wrote', async () => {
        const heard: CommitNotice[] = []
        const order: string[] = []
        store.log.onCommit((notices) => {
          heard.push(...notices.map((notice) => ({ ...notice })))
          order.push('notice')
        })
        await Promise.all(
          [append(1, 'a', { size: 50 }), append(1, 'b', { size: 50 }), append(2, 'c', { size: 70 })].map((done) =>
            done.then(() => order.push('answer')),
          ),
        )
        expect(order[0]).toBe('notice')
        expect(order.filter((entry) => entry === 'answer')).toHaveLength(3)
        const last = (partition: number) => heard.filter((notice) => notice.partition === partition).at(-1)!
        expect(last(1).endOffset).toBe(2)
        expect(last(2)).toEqual({ partition: 2, endOffset: 1, bytes: 70 })
        expect(heard.filter((notice) => notice.partition === 1).reduce((sum, notice) => sum + notice.bytes, 0)).toBe(100)
      })

      test('a commit that wrote no entries is not announced', async () => {
        await append(1, 'a')
        let announced = 0
        store.log.onCommit(() => announced++)
        await store.log.trim(1, 1)
        await store.log.drop(9)
        expect(announced).toBe(0)
      })

      test('figures count commits, appends and bytes', async () => {
        const measured: number[][] = []
        store.onCommitMeasured((seconds, appends, bytes) => measured.push([seconds, appends, bytes]))
        await append(1, 'a', { size: 100 })
        await append(1, 'b', { size: 200 })
        const { appends, appendedBytes, commits, commitSeconds } = store.figures()
        expect([appends, appendedBytes]).toEqual([2, 300])
        expect(commits).toBeGreaterThanOrEqual(2)
        expect(commitSeconds).toBeGreaterThanOrEqual(0)
        expect(measured.map(([, count, bytes]) => [count, bytes])).toEqual([
          [1, 100],
          [1, 200],
        ])
      })
    })

    describe('trim', () => {
      test('moves the start at once, keeps the chunk that it cuts whole, and weighs what is kept', async () => {
        for (const text of ['a', 'b', 'c']) await append(1, text, { offsetCount: 10, size: 100 })
        const bounds = await store.log.trim(1, 15)
        expect(bounds).toEqual({ startOffset: 15, endOffset: 30, bytes: 200, segmentCount: 1, maxTimestampMs: -1 })
        expect(await store.log.bounds(1)).toEqual(bounds)
        expect(await readAll(store, 1, 15)).toEqual(['10 b', '20 c'])
        expect(await readAll(store, 1, 14)).toEqual([])
      })

      test('to before the start changes nothing; past the end is refused', async () => {
        await appendEach(1, [1, 2])
        await store.log.trim(1, 1)
        expect((await store.log.trim(1, 0)).startOffset).toBe(1)
        await expect(store.log.trim(1, 3)).rejects.toThrow(RangeError)
        expect((await store.log.bounds(1)).startOffset).toBe(1)
      })

      test('to the end empties the partition and the end offset stays', async () => {
        await appendEach(1, [1, 2, 3])
        const bounds = await store.log.trim(1, 3)
        expect(bounds).toMatchObject({ startOffset: 3, endOffset: 3, bytes: 0, maxTimestampMs: -1 })
        expect(await append(1, 'next')).toEqual({ baseOffset: 3, startOffset: 3 })
        expect(await readAll(store, 1, 3)).toEqual(['3 next'])
      })

      test('drops whole segments and cuts the one that holds the offset', async () => {
        store.log.setSegmentPolicy(1, small(200))
        await appendEach(1, [1, 2, 3, 4, 5, 6])
        expect(await store.log.trim(1, 3)).toEqual({ startOffset: 3, endOffset: 6, bytes: 300, segmentCount: 2, maxTimestampMs: 6 })
        expect(await readAll(store, 1, 3)).toEqual(['3 t4', '4 t5', '5 t6'])
        expect(await store.log.trim(1, 4)).toEqual({ startOffset: 4, endOffset: 6, bytes: 200, segmentCount: 1, maxTimestampMs: 6 })
      })

      test('again and again within one segment', async () => {
        await appendEach(1, [1, 2, 3, 4, 5])
        for (const offset of [1, 2, 4]) {
          const bounds = await store.log.trim(1, offset)
          expect([bounds.startOffset, bounds.bytes]).toEqual([offset, (5 - offset) * 100])
        }
        expect(await readAll(store, 1, 4)).toEqual(['4 t5'])
      })

      test('of appends that were asked for just before sees them', async () => {
        const pending = [append(1, 'a', { offsetCount: 5 }), append(1, 'b')]
        const bounds = await store.log.trim(1, 5)
        await Promise.all(pending)
        expect(bounds).toMatchObject({ startOffset: 5, endOffset: 6 })
        expect((await append(1, 'c')).startOffset).toBe(5)
      })
    })

    describe('time', () => {
      test('finds the first chunk that reaches a time', async () => {
        await appendEach(1, [10, 20, 30, 40, 50])
        const found = await Promise.all([0, 10, 11, 20, 35, 50, 51].map((time) => store.log.offsetForTime(1, time)))
        expect(found).toEqual([0, 0, 1, 1, 3, 4, null])
        expect(await store.log.offsetOfMaxTimestamp(1)).toBe(4)
      })

      test('works with timestamps out of order', async () => {
        await appendEach(1, [50, 10, 20, 60, 55, 60])
        const found = await Promise.all([5, 50, 51, 55, 60, 61].map((time) => store.log.offsetForTime(1, time)))
        expect(found).toEqual([0, 0, 3, 3, 3, null])
        expect(await store.log.offsetOfMaxTimestamp(1)).toBe(3)
      })

      test('works across segments, also where an earlier segment reaches further', async () => {
        store.log.setSegmentPolicy(1, small(200))
        await appendEach(1, [10, 90, 20, 30, 95, 40])
        expect((await store.log.bounds(1)).segmentCount).toBe(3)
        const found = await Promise.all([10, 11, 91, 95, 96].map((time) => store.log.offsetForTime(1, time)))
        expect(found).toEqual([0, 1, 4, 4, null])
      })

      test('forgets what a trim took, also when that held the largest timestamp', async () => {
        await appendEach(1, [10, 99, 20, 30, 25])
        expect((await store.log.trim(1, 2)).maxTimestampMs).toBe(30)
        const found = await Promise.all([5, 20, 21, 30, 31, 99].map((time) => store.log.offsetForTime(1, time)))
        expect(found).toEqual([2, 2, 3, 3, null, null])
        expect(await store.log.offsetOfMaxTimestamp(1)).toBe(3)
        await appendEach(1, [28, 97, 120])
        const later = await Promise.all([26, 31, 97, 98, 121].map((time) => store.log.offsetForTime(1, time)))
        expect(later).toEqual([3, 6, 6, 7, null])
        expect((await store.log.bounds(1)).maxTimestampMs).toBe(120)
      })

      test('entries without a timestamp are found by no time', async () => {
        await appendEach(1, [-1, -1])
        expect(await store.log.offsetForTime(1, 0)).toBeNull()
        await appendEach(1, [7])
        expect(await store.log.offsetForTime(1, 0)).toBe(2)
      })

      test('a long partition is searched to the chunk', async () => {
        store.log.setSegmentPolicy(1, small(7_000))
        for (let i = 0; i < 200; i++) await append(1, `${i}`, { maxTimestampMs: 1000 + 10 * i, size: 100, offsetCount: 3 })
        for (const i of [0, 1, 77, 140, 198, 199]) {
          expect(await store.log.offsetForTime(1, 1000 + 10 * i)).toBe(3 * i)
          expect(await store.log.offsetForTime(1, 1000 + 10 * i - 9)).toBe(3 * i)
        }
      })
    })

    describe('segments and retention', () => {
      test('retention by time drops whole segments whose largest timestamp is too old', async () => {
        store.log.setSegmentPolicy(1, small(200))
        await appendEach(1, [10, 20, 30, 40, 50])
        const policy = { retentionMs: 100, retentionBytes: -1 }
        expect((await store.log.retain(1, policy, 120)).bounds.startOffset).toBe(0)
        expect((await store.log.retain(1, policy, 121)).bounds).toMatchObject({ startOffset: 2, segmentCount: 2 })
        expect((await store.log.retain(1, policy, 145)).bounds).toMatchObject({ startOffset: 4, endOffset: 5, bytes: 100 })
      })

      test('an expired active segment goes too, and the end offset stays', async () => {
        await appendEach(1, [10, 20])
        const { bounds, more } = await store.log.retain(1, { retentionMs: 5, retentionBytes: -1 }, 1000)
        expect(bounds).toMatchObject({ startOffset: 2, endOffset: 2, bytes: 0, maxTimestampMs: -1 })
        expect(more).toBe(false)
        expect(await append(1, 'next')).toEqual({ baseOffset: 2, startOffset: 2 })
      })

      test('entries without timestamps age by the clock of their segment', async () => {
        await appendEach(1, [-1])
        const policy = { retentionMs: 1000, retentionBytes: -1 }
        expect((await store.log.retain(1, policy, clock.nowMs + 1000)).bounds.startOffset).toBe(0)
        expect((await store.log.retain(1, policy, clock.nowMs + 1001)).bounds.startOffset).toBe(1)
      })

      test('retention by size keeps at least the bytes asked for', async () => {
        store.log.setSegmentPolicy(1, small(200))
        await appendEach(1, [1, 2, 3, 4, 5, 6])
        const keep = (retentionBytes: number) => store.log.retain(1, { retentionMs: -1, retentionBytes }, 0)
        expect((await keep(600)).bounds.bytes).toBe(600)
        expect((await keep(401)).bounds.bytes).toBe(600)
        expect((await keep(400)).bounds.bytes).toBe(400)
        expect((await keep(-1)).bounds.bytes).toBe(400)
        expect((await keep(0)).bounds).toMatchObject({ startOffset: 6, endOffset: 6, bytes: 0 })
      })

      test('a step is bounded and says that there is more', async () => {
        store.log.setSegmentPolicy(1, small(100))
        await Promise.all(Array.from({ length: 200 }, (_, i) => append(1, `${i}`, { size: 100, maxTimestampMs: i })))
        let steps = 0
        for (let more = true; more; steps++) ({ more } = await store.log.retain(1, { retentionMs: 0, retentionBytes: -1 }, 1e6))
        expect(steps).toBeGreaterThan(1)
        expect(await store.log.bounds(1)).toMatchObject({ startOffset: 200, endOffset: 200, bytes: 0 })
      })

      test('nothing to retain in a partition never written to', async () => {
        expect(await store.log.retain(5, { retentionMs: 0, retentionBytes: 0 }, 1e15)).toEqual({ bounds: empty, more: false })
      })
    })

    describe('drop', () => {
      test('forgets a partition at once and leaves the others', async () => {
        await append(1, 'a')
        await append(2, 'b')
        await store.log.drop(1)
        expect(await store.log.bounds(1)).toEqual(empty)
        expect(await readAll(store, 1, 0)).toEqual([])
        expect(await readAll(store, 2, 0)).toEqual(['0 b'])
      })

      test('takes appends asked for just before with it, and refuses later ones', async () => {
        const before = append(1, 'a')
        const dropped = store.log.drop(1)
        const after = append(1, 'b')
        await expect(after).rejects.toThrow(PartitionGone)
        expect(await before).toEqual({ baseOffset: 0, startOffset: 0 })
        await dropped
        expect(await store.log.bounds(1)).toEqual(empty)
        await expect(append(1, 'c')).rejects.toThrow(PartitionGone)
      })

      test('of a partition never written to is no error', async () => {
        await store.log.drop(99)
        expect(await store.log.bounds(99)).toEqual(empty)
      })
    })
  })
}
