// Which whole segments retention may drop. Pure; the logs do the dropping, in bounded steps.
import type { RetentionPolicy } from './log.ts'
import { isEmpty, type SegmentFacts } from './segments.ts'

/**
 * How many of the oldest segments may go now, at most `batchMax`. Kafka's rules: by age of the largest timestamp (of the last append where
 * records carry none), then by size while the rest still weighs as much as is to be kept. The active segment goes too, unless it is empty.
 */
export function planRetention(segments: readonly SegmentFacts[], policy: RetentionPolicy, nowMs: number, batchMax: number): number {
  let excess = -policy.retentionBytes
  for (const segment of segments) excess += segment.bytes
  let count = 0
  for (const segment of segments) {
    if (count === batchMax || isEmpty(segment)) break
    const aged = policy.retentionMs >= 0 && nowMs - ageMark(segment) > policy.retentionMs
    const surplus = policy.retentionBytes >= 0 && excess >= segment.bytes
    if (!aged && !surplus) break
    excess -= segment.bytes
    count++
  }
  return count
}

const ageMark = (segment: SegmentFacts): number => (segment.maxTimestampMs >= 0 ? segment.maxTimestampMs : segment.modifiedMs)
