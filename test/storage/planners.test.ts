// The pure planners, by numbers.
import { expect, test } from 'vitest'
import { planRetention } from '../../storage/retention.ts'
import { factsOf, mustRoll, nothing, type SegmentFacts, segmentsOf, withChunk, withoutSegments } from '../../storage/segments.ts'

const segment = (baseOffset: number, more: Partial<SegmentFacts> = {}): SegmentFacts => ({
  baseOffset,
  startOffset: baseOffset,
  endOffset: baseOffset + 10,
  bytes: 100,
  trimmedBytes: 0,
  createdMs: 0,
  modifiedMs: 0,
  firstTimestampMs: -1,
  maxTimestampMs: -1,
  trimmedMaxTimestampMs: -1,
  ...more,
})

test('retention goes by the largest timestamp, and by the last append where there is none', () => {
  const policy = { retentionMs: 50, retentionBytes: -1 }
  expect(planRetention([segment(0, { maxTimestampMs: 49 }), segment(10, { maxTimestampMs: 50 })], policy, 100, 9)).toBe(1)
  expect(planRetention([segment(0, { modifiedMs: 49 }), segment(10, { modifiedMs: 50 })], policy, 100, 9)).toBe(1)
})

test('retention by time stops at the first segment that is young enough', () => {
  const segments = [segment(0, { maxTimestampMs: 1 }), segment(10, { maxTimestampMs: 99 }), segment(20, { maxTimestampMs: 1 })]
  expect(planRetention(segments, { retentionMs: 50, retentionBytes: -1 }, 100, 9)).toBe(1)
})

test('retention by size drops what the rest does not need', () => {
  const segments = [segment(0), segment(10), segment(20, { bytes: 30 })]
  const count = (retentionBytes: number) => planRetention(segments, { retentionMs: -1, retentionBytes }, 0, 9)
  expect([231, 230, 131, 130, 31, 30, 29, 0].map(count)).toEqual([0, 0, 0, 1, 1, 2, 2, 3])
})

test('retention drops at most what a step may, and never an empty active segment', () => {
  const all = { retentionMs: 0, retentionBytes: 0 }
  expect(planRetention([segment(0), segment(10), segment(20)], all, 1e9, 2)).toBe(2)
  expect(planRetention([segment(0), segment(10, { endOffset: 10, bytes: 0 })], all, 1e9, 9)).toBe(1)
  expect(planRetention([], all, 1e9, 9)).toBe(0)
})

test('a segment rolls by size, by age, and never while it is empty', () => {
  const policy = { segmentBytes: 150, segmentMs: 10 }
  const append = (bytes: number, maxTimestampMs = -1) => ({ bytes, maxTimestampMs })
  expect(mustRoll(null, append(1), policy, 0)).toBe(true)
  expect(mustRoll(segment(0), append(50), policy, 10)).toBe(false)
  expect(mustRoll(segment(0), append(51), policy, 0)).toBe(true)
  expect(mustRoll(segment(0), append(1), policy, 11)).toBe(true)
  expect(mustRoll(segment(0, { bytes: 20, trimmedBytes: 80, startOffset: 8 }), append(51), policy, 0)).toBe(true)
  expect(mustRoll(segment(0, { endOffset: 0, bytes: 0 }), append(1000), policy, 1e9)).toBe(false)
})

test('the age of a segment is that of its records, as long as they have times', () => {
  const policy = { segmentBytes: 150, segmentMs: 10 }
  const first = segment(0, { firstTimestampMs: 100 })
  expect(mustRoll(first, { bytes: 1, maxTimestampMs: 110 }, policy, 1e9)).toBe(false)
  expect(mustRoll(first, { bytes: 1, maxTimestampMs: 111 }, policy, 0)).toBe(true)
  expect(mustRoll(first, { bytes: 1, maxTimestampMs: 5 }, policy, 1e9)).toBe(false)
})

test('without its segments a partition still knows where it ends', () => {
  const facts = factsOf([segment(0), segment(10)])
  expect(withoutSegments(facts, 2)).toMatchObject({ startOffset: 20, endOffset: 20, bytes: 0 })
  expect(withoutSegments(facts, 1)).toMatchObject({ startOffset: 10, endOffset: 20, bytes: 100 })
  const { chunk } = withChunk(withoutSegments(facts, 2), { offsetCount: 3, bytes: 5, maxTimestampMs: 7 }, false, 0)
  expect(chunk).toMatchObject({ baseOffset: 20, endOffset: 23, position: 0, runningMaxTimestampMs: 7 })
})

test('a chunk knows its place in its segment and the maximum so far', () => {
  let facts = nothing
  const places: number[][] = []
  for (const [maxTimestampMs, roll] of [
    [5, true],
    [3, false],
    [9, false],
    [4, true],
  ] as const) {
    const added = withChunk(facts, { offsetCount: 2, bytes: 10, maxTimestampMs }, roll, 0)
    facts = added.facts
    places.push([added.chunk.baseOffset, added.chunk.position, added.chunk.runningMaxTimestampMs])
  }
  expect(places).toEqual([
    [0, 0, 5],
    [2, 10, 5],
    [4, 20, 9],
    [6, 0, 4],
  ])
  expect(facts).toMatchObject({ startOffset: 0, endOffset: 8, bytes: 40, maxTimestampMs: 9 })
})

test('an append leaves the list of closed segments as it is, however long that is, and a roll adds the active one to a new list', () => {
  const run = { offsetCount: 1, bytes: 10, maxTimestampMs: 1 }
  const facts = factsOf(Array.from({ length: 1000 }, (_, i) => segment(10 * i)))
  const added = withChunk(facts, run, false, 0).facts
  expect(added.closed).toBe(facts.closed)
  const rolled = withChunk(added, run, true, 0).facts
  expect(rolled.closed).toHaveLength(1000)
  expect(rolled.closed.at(-1)).toBe(added.active)
  expect(facts.closed).toHaveLength(999)
  expect(factsOf(segmentsOf(rolled))).toEqual(rolled)
})
