// When every log begins a new segment. Run on each implementation.
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { Store } from '../../storage/store.ts'
import { type OpenStore, run, type TestClock } from './harness.ts'

export function rollingContract(name: string, open: OpenStore): void {
  describe(`rolling segments, ${name}`, () => {
    let store: Store
    let clock: TestClock
    beforeEach(async () => {
      ;({ store, clock } = await open())
    })
    afterEach(() => store.close())

    const append = (partition: number, text: string, options = {}) => store.log.append(run(partition, text, options))
    const small = (segmentBytes: number, segmentMs = 3_600_000) => ({ segmentBytes, segmentMs })

    test('a segment is rolled before it would outgrow its size', async () => {
      store.log.setSegmentPolicy(1, small(250))
      for (const maxTimestampMs of [1, 2, 3, 4, 5]) await append(1, 'x', { maxTimestampMs, size: 100 })
      expect((await store.log.bounds(1)).segmentCount).toBe(3)
    })

    test('a segment is rolled when it is older than segmentMs at an append', async () => {
      store.log.setSegmentPolicy(1, small(1e9, 1000))
      await append(1, 'a')
      clock.nowMs += 1000
      await append(1, 'b')
      expect((await store.log.bounds(1)).segmentCount).toBe(1)
      clock.nowMs += 1
      await append(1, 'c')
      expect((await store.log.bounds(1)).segmentCount).toBe(2)
    })

    test('where records have times, these are the age, also of appends that share a commit', async () => {
      store.log.setSegmentPolicy(1, small(1e9, 1000))
      clock.nowMs += 5000
      await Promise.all([10, 1010, 500, 1011, 2000, 3000].map((maxTimestampMs) => append(1, 'x', { maxTimestampMs, size: 100 })))
      clock.nowMs += 5000
      await append(1, 'x', { maxTimestampMs: 2011, size: 100 })
      const segments = await store.log.segments(1)
      expect(segments.map(({ startOffset, endOffset }) => [startOffset, endOffset])).toEqual([
        [0, 3],
        [3, 5],
        [5, 7],
      ])
    })

    test('an append larger than a segment gets one of its own', async () => {
      store.log.setSegmentPolicy(1, small(100))
      await append(1, 'a', { size: 500 })
      await append(1, 'b', { size: 500 })
      expect((await store.log.bounds(1)).segmentCount).toBe(2)
    })
  })
}
