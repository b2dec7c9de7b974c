// What a partition consists of, as plain facts, and what an append, a trim or a drop makes of them. Pure: no clock, no disk, no bytes.
// Which chunks lie where is asked through a ChunkIndex; both logs bring their own. Retention's choice is retention.ts.
import type { Bounds, SegmentPolicy } from './log.ts'

/** Facts of one run of chunks. Immutable: every change makes a new one. */
export interface SegmentFacts {
  /** The first offset it was opened at. Names it, and never changes. */
  readonly baseOffset: number
  /** The first offset that still exists in it; above `baseOffset` after a trim. */
  readonly startOffset: number
  /** Exclusive. */
  readonly endOffset: number
  /** Bytes that are kept. */
  readonly bytes: number
  /** Bytes that a trim took from its front. */
  readonly trimmedBytes: number
  /** Clock at its first append and at its last. */
  readonly createdMs: number
  readonly modifiedMs: number
  readonly firstTimestampMs: number
  /** Largest timestamp among what is kept, -1 for none. */
  readonly maxTimestampMs: number
  /** Largest timestamp among what a trim took; up to it the running maxima of its chunks mislead. -1 for none. */
  readonly trimmedMaxTimestampMs: number
}

/** Facts of one partition. Apart from each other, so that an append costs the same however many segments there are. */
export interface PartitionFacts {
  /** Segments before the active one, oldest first. An append that rolls none leaves the very same list. */
  readonly closed: readonly SegmentFacts[]
  /** The last segment. It stays, empty, when everything else went, because it knows the end offset; null only where nothing was ever written. */
  readonly active: SegmentFacts | null
  readonly startOffset: number
  readonly endOffset: number
  readonly bytes: number
  readonly maxTimestampMs: number
}

/** Where one chunk lies; everything about it but its bytes. */
export interface ChunkFacts {
  readonly baseOffset: number
  /** Exclusive. */
  readonly endOffset: number
  /** Bytes of its segment before it, counted from the segment's first append. */
  readonly position: number
  readonly maxTimestampMs: number
  /** The largest timestamp of its segment up to and including this chunk. Never falls within a segment, so it can be searched. */
  readonly runningMaxTimestampMs: number
}

/** The chunk of a partition that holds `offset`; undefined where there is none. */
export type ChunkIndex = (offset: number) => ChunkFacts | undefined

export const nothing: PartitionFacts = { closed: [], active: null, startOffset: 0, endOffset: 0, bytes: 0, maxTimestampMs: -1 }

/** All segments, oldest first. A new list. */
export const segmentsOf = ({ closed, active }: PartitionFacts): SegmentFacts[] => (active ? [...closed, active] : [])

/** Facts from the segments alone, oldest first. */
export function factsOf(segments: readonly SegmentFacts[]): PartitionFacts {
  const first = segments[0]
  const last = segments.at(-1)
  if (!first || !last) return nothing
  let bytes = 0
  let maxTimestampMs = -1
  for (const segment of segments) {
    bytes += segment.bytes
    if (segment.maxTimestampMs > maxTimestampMs) maxTimestampMs = segment.maxTimestampMs
  }
  return { closed: segments.slice(0, -1), active: last, startOffset: first.startOffset, endOffset: last.endOffset, bytes, maxTimestampMs }
}

export function boundsOf(facts: PartitionFacts): Bounds {
  const { startOffset, endOffset, bytes, maxTimestampMs } = facts
  return { startOffset, endOffset, bytes, segmentCount: facts.closed.length + (facts.active ? 1 : 0), maxTimestampMs }
}

export const isEmpty = (segment: SegmentFacts): boolean => segment.endOffset === segment.startOffset

function emptySegment(offset: number): SegmentFacts {
  return {
    baseOffset: offset,
    startOffset: offset,
    endOffset: offset,
    bytes: 0,
    trimmedBytes: 0,
    createdMs: 0,
    modifiedMs: 0,
    firstTimestampMs: -1,
    maxTimestampMs: -1,
    trimmedMaxTimestampMs: -1,
  }
}

/** Entries that become one chunk. */
export interface Run {
  offsetCount: number
  bytes: number
  maxTimestampMs: number
}

/**
 * Whether an append opens a new segment, by Kafka's rule: before the segment would outgrow the size, or when it is too old. Its age is how much later the
 * append's records are than its first ones; the clock counts only where those have no time.
 */
export function mustRoll(active: SegmentFacts | null, append: Pick<Run, 'bytes' | 'maxTimestampMs'>, policy: SegmentPolicy, nowMs: number): boolean {
  if (!active) return true
  if (active.endOffset === active.baseOffset) return false
  const { firstTimestampMs } = active
  const ageMs = firstTimestampMs >= 0 ? append.maxTimestampMs - firstTimestampMs : nowMs - active.createdMs
  return active.bytes + active.trimmedBytes + append.bytes > policy.segmentBytes || ageMs > policy.segmentMs
}

/** The partition with one more chunk, and that chunk's facts. The caller has decided about rolling, once for all the appends that it joins. */
export function withChunk(facts: PartitionFacts, run: Run, roll: boolean, nowMs: number): { facts: PartitionFacts; chunk: ChunkFacts } {
  const baseOffset = facts.endOffset
  const endOffset = baseOffset + run.offsetCount
  const active = roll ? emptySegment(baseOffset) : facts.active!
  const fresh = active.endOffset === active.baseOffset
  const runningMax = Math.max(active.maxTimestampMs, active.trimmedMaxTimestampMs, run.maxTimestampMs)
  const segment: SegmentFacts = {
    baseOffset: active.baseOffset,
    startOffset: active.startOffset,
    endOffset,
    bytes: active.bytes + run.bytes,
    trimmedBytes: active.trimmedBytes,
    createdMs: fresh ? nowMs : active.createdMs,
    modifiedMs: nowMs,
    firstTimestampMs: fresh ? run.maxTimestampMs : active.firstTimestampMs,
    maxTimestampMs: Math.max(active.maxTimestampMs, run.maxTimestampMs),
    trimmedMaxTimestampMs: active.trimmedMaxTimestampMs,
  }
  return {
    facts: {
      closed: roll ? segmentsOf(facts) : facts.closed,
      active: segment,
      startOffset: facts.startOffset,
      endOffset,
      bytes: facts.bytes + run.bytes,
      maxTimestampMs: Math.max(facts.maxTimestampMs, run.maxTimestampMs),
    },
    chunk: {
      baseOffset,
      endOffset,
      position: active.bytes + active.trimmedBytes,
      maxTimestampMs: run.maxTimestampMs,
      runningMaxTimestampMs: runningMax,
    },
  }
}

/** The partition without its first `count` segments. What is left has a segment that knows where it ends. */
export function withoutSegments(facts: PartitionFacts, count: number): PartitionFacts {
  if (count === 0) return facts
  const left = segmentsOf(facts).slice(count)
  return factsOf(left.length > 0 ? left : [emptySegment(facts.endOffset)])
}

/** The partition from `beforeOffset` on. The chunk that holds it stays whole. Asks the index only about the one segment that is cut. */
export function trimmed(facts: PartitionFacts, beforeOffset: number, index: ChunkIndex): PartitionFacts {
  if (beforeOffset <= facts.startOffset) return facts
  const whole = segmentsOf(facts).filter((segment) => segment.endOffset <= beforeOffset).length
  // An empty active segment ends at the partition's end too; it would be replaced by its like.
  const left = withoutSegments(facts, whole)
  const segments = segmentsOf(left)
  const cut = segments[0]!
  if (cut.startOffset >= beforeOffset) return left
  return factsOf(segments.with(0, cutSegment(cut, beforeOffset, index)))
}

function cutSegment(segment: SegmentFacts, beforeOffset: number, index: ChunkIndex): SegmentFacts {
  const first = index(beforeOffset)
  if (!first) throw new Error(`no chunk holds offset ${beforeOffset} of segment ${segment.baseOffset}`)
  const before = first.baseOffset > segment.startOffset ? index(first.baseOffset - 1) : undefined
  const trimmedMaxTimestampMs = before?.runningMaxTimestampMs ?? segment.trimmedMaxTimestampMs
  return {
    ...segment,
    startOffset: beforeOffset,
    bytes: segment.bytes + segment.trimmedBytes - first.position,
    trimmedBytes: first.position,
    trimmedMaxTimestampMs,
    maxTimestampMs: segment.maxTimestampMs > trimmedMaxTimestampMs ? segment.maxTimestampMs : maxFrom(segment, beforeOffset, index),
  }
}

/** What the trim took may have held the segment's largest timestamp: only then the rest is looked through. */
function maxFrom(segment: SegmentFacts, fromOffset: number, index: ChunkIndex): number {
  let max = -1
  for (let chunk = index(fromOffset); chunk; chunk = chunk.endOffset < segment.endOffset ? index(chunk.endOffset) : undefined) {
    if (chunk.maxTimestampMs > max) max = chunk.maxTimestampMs
  }
  return max
}

/** The first chunk that holds an entry at or after `timestampMs`. Segments by their facts, then a binary search of one segment's running maxima. */
export function chunkAtTime(facts: PartitionFacts, timestampMs: number, index: ChunkIndex): ChunkFacts | undefined {
  const segment = segmentsOf(facts).find((candidate) => candidate.maxTimestampMs >= timestampMs && !isEmpty(candidate))
  if (!segment) return undefined
  if (timestampMs <= segment.trimmedMaxTimestampMs) return firstReaching(segment, timestampMs, index)
  let found: ChunkFacts | undefined
  let low = segment.startOffset
  let high = segment.endOffset
  while (low < high) {
    const chunk = index(Math.floor((low + high) / 2))
    if (!chunk) throw new Error(`the index lost segment ${segment.baseOffset} between ${low} and ${high}`)
    if (chunk.runningMaxTimestampMs >= timestampMs) {
      found = chunk
      high = chunk.baseOffset
    } else low = chunk.endOffset
  }
  return found
}

/** For the times that only a trimmed part's maximum hides. With timestamps in order the first chunk is the answer. */
function firstReaching(segment: SegmentFacts, timestampMs: number, index: ChunkIndex): ChunkFacts | undefined {
  for (let offset = segment.startOffset; offset < segment.endOffset; ) {
    const chunk = index(offset)
    if (!chunk || chunk.maxTimestampMs >= timestampMs) return chunk
    offset = chunk.endOffset
  }
  return undefined
}
