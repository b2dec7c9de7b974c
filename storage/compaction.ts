// Which part of a partition is due for compaction. Pure: offsets, bytes and times in, a range out. What compaction keeps is the engine's
// business (it knows records), and so is when to look.
import type { SegmentView } from './log.ts'

export interface CompactionPolicy {
  /** The share of bytes not yet compacted above which it is worth while. */
  minDirtyRatio: number
  /** Records younger than this stay as they are. */
  minLagMs: number
  /** Records older than this are compacted whatever the share. */
  maxLagMs: number
}

export interface CompactionPlan {
  /** Everything before it was compacted together before. */
  dirtyFrom: number
  /** Exclusive: the end of a closed segment. */
  cleanTo: number
  /** Share of what may be compacted that is new. */
  dirtyRatio: number
  /** Whether the policy asks for it now. */
  due: boolean
}

/**
 * Null where there is nothing new that may be compacted. `cleanedTo` is where the last compaction ended; nothing at or above `limitOffset` is touched,
 * nor the active segment. Whole segments only, as in Kafka, so that the segment's largest timestamp answers for its age.
 */
export function planCompaction(
  segments: readonly SegmentView[],
  cleanedTo: number,
  limitOffset: number,
  policy: CompactionPolicy,
  nowMs: number,
): CompactionPlan | null {
  let cleanBytes = 0
  let dirtyBytes = 0
  let firstDirty: SegmentView | undefined
  let cleanTo = 0
  for (const segment of segments.slice(0, -1)) {
    if (segment.endOffset > limitOffset) break
    if (policy.minLagMs > 0 && segment.maxTimestampMs > nowMs - policy.minLagMs) break
    if (segment.endOffset <= cleanedTo) cleanBytes += segment.bytes
    else {
      firstDirty ??= segment
      dirtyBytes += segment.bytes
    }
    cleanTo = segment.endOffset
  }
  if (!firstDirty) return null
  const dirtyRatio = dirtyBytes / Math.max(1, cleanBytes + dirtyBytes)
  const oldestMs = firstDirty.firstTimestampMs >= 0 ? firstDirty.firstTimestampMs : firstDirty.createdMs
  const due = dirtyRatio > policy.minDirtyRatio || nowMs - oldestMs > policy.maxLagMs
  return { dirtyFrom: Math.max(cleanedTo, segments[0]!.startOffset), cleanTo, dirtyRatio, due }
}
