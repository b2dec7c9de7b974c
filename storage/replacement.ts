// What a partition becomes when chunks take the place of others: facts in, facts out. Pure. Why chunks are rewritten is the caller's business.
// A step may end in the middle of a segment. What is before it and what it rewrote then is one segment, and what is left of the old one is
// another, which counts positions as if a trim had cut it: each step is whole in itself, and nothing has to be finished after a crash.
import type { Replacement, RewrittenChunk } from './log.ts'
import { type ChunkFacts, type ChunkIndex, factsOf, type PartitionFacts, type SegmentFacts, segmentsOf } from './segments.ts'

export interface Replaced {
  facts: PartitionFacts
  removed: ChunkFacts[]
  /** One for each chunk of the replacement. */
  added: ChunkFacts[]
}

/** Null where the chunks to be replaced are not what the caller takes them for. Throws on chunks that leave a gap. */
export function replaced(facts: PartitionFacts, replacement: Replacement, index: ChunkIndex): Replaced | null {
  const { fromOffset, toOffset, chunks, joinBytesMax } = replacement
  checkCover(replacement)
  const segments = segmentsOf(facts)
  const at = segments.findIndex((segment) => segment.endOffset > fromOffset)
  const first = segments[at]
  const active = segments.at(-1)
  if (!first || !active || toOffset > active.startOffset || toOffset <= facts.startOffset) return null
  // A trim may have left a part of the segment's first chunk: that chunk may be replaced, not one behind it.
  if (fromOffset > first.startOffset || index(first.startOffset)?.baseOffset !== fromOffset) return null
  const removed = chunksBetween(fromOffset, toOffset, index)
  if (!removed) return null

  let until = at
  while (segments[until]!.endOffset <= toOffset) until++
  const gone = segments.slice(at, until)
  const cut = segments[until]!
  const rest = cut.startOffset < toOffset ? restOf(cut, toOffset, removed, index) : cut

  const newBytes = chunks.reduce((sum, chunk) => sum + chunk.bytes.length, 0)
  const before = segments[at - 1]
  const joins = before !== undefined && positionOfEnd(before) + newBytes <= joinBytesMax
  let target = joins ? before : emptied(first)
  const added: ChunkFacts[] = []
  for (const chunk of chunks) {
    const facts = chunkAfter(target, chunk)
    added.push(facts)
    target = {
      ...target,
      endOffset: chunk.endOffset,
      bytes: target.bytes + chunk.bytes.length,
      maxTimestampMs: Math.max(target.maxTimestampMs, chunk.maxTimestampMs),
    }
  }
  target = { ...target, modifiedMs: Math.max(target.modifiedMs, first.modifiedMs, ...gone.map((segment) => segment.modifiedMs)) }
  const kept = segments.slice(0, joins ? at - 1 : at)
  return { facts: factsOf([...kept, target, rest, ...segments.slice(until + 1)]), removed, added }
}

function checkCover({ fromOffset, toOffset, chunks }: Replacement): void {
  let next = fromOffset
  for (const { baseOffset, endOffset } of chunks) {
    if (baseOffset !== next || endOffset <= baseOffset)
      throw new RangeError(`a chunk from ${baseOffset} to ${endOffset} cannot follow offset ${next}`)
    next = endOffset
  }
  if (next !== toOffset || toOffset <= fromOffset) throw new RangeError(`the chunks end at ${next}, not at ${toOffset}`)
}

/** The chunks that lie from one offset to another; null unless they end there exactly. */
function chunksBetween(fromOffset: number, toOffset: number, index: ChunkIndex): ChunkFacts[] | null {
  const found: ChunkFacts[] = []
  for (let offset = fromOffset; offset < toOffset; ) {
    const chunk = index(offset)
    if (!chunk || chunk.baseOffset !== offset || chunk.endOffset > toOffset) return null
    found.push(chunk)
    offset = chunk.endOffset
  }
  return found
}

const positionOfEnd = (segment: SegmentFacts): number => segment.bytes + segment.trimmedBytes

/** The segment with nothing in it, to be filled again. */
function emptied(segment: SegmentFacts): SegmentFacts {
  return { ...segment, endOffset: segment.startOffset, bytes: 0, trimmedBytes: 0, maxTimestampMs: -1, trimmedMaxTimestampMs: -1 }
}

function chunkAfter(segment: SegmentFacts, { baseOffset, endOffset, maxTimestampMs }: RewrittenChunk): ChunkFacts {
  const runningMaxTimestampMs = Math.max(segment.maxTimestampMs, segment.trimmedMaxTimestampMs, maxTimestampMs)
  return { baseOffset, endOffset, position: positionOfEnd(segment), maxTimestampMs, runningMaxTimestampMs }
}

/** What is left of a segment behind the step: a segment of its own, whose chunks keep their places. */
function restOf(segment: SegmentFacts, fromOffset: number, removed: readonly ChunkFacts[], index: ChunkIndex): SegmentFacts {
  const first = index(fromOffset)
  if (!first) throw new Error(`no chunk holds offset ${fromOffset} of segment ${segment.baseOffset}`)
  let removedMax = -1
  for (const chunk of removed) if (chunk.baseOffset >= segment.baseOffset && chunk.maxTimestampMs > removedMax) removedMax = chunk.maxTimestampMs
  return {
    ...segment,
    baseOffset: fromOffset,
    startOffset: fromOffset,
    bytes: positionOfEnd(segment) - first.position,
    trimmedBytes: first.position,
    trimmedMaxTimestampMs: removed.at(-1)!.runningMaxTimestampMs,
    maxTimestampMs: removedMax < segment.maxTimestampMs ? segment.maxTimestampMs : maxFrom(segment, fromOffset, index),
  }
}

/** What went may have held the segment's largest timestamp: only then the rest is looked through, until one is found that reaches it too. */
function maxFrom(segment: SegmentFacts, fromOffset: number, index: ChunkIndex): number {
  let max = -1
  for (
    let chunk = index(fromOffset);
    chunk && max < segment.maxTimestampMs;
    chunk = chunk.endOffset < segment.endOffset ? index(chunk.endOffset) : undefined
  ) {
    if (chunk.maxTimestampMs > max) max = chunk.maxTimestampMs
  }
  return max
}
