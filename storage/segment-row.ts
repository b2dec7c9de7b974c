// The row of facts of a segment as bytes: nine numbers; the tenth, the base offset, is in the key. Beside the keys it is the only layout of the log on disk.
import { segmentBaseOffset, segmentKey } from './keys.ts'
import { type PartitionFacts, type SegmentFacts, segmentsOf } from './segments.ts'

function packSegment(segment: SegmentFacts): Buffer {
  const row = Buffer.allocUnsafe(9 * 8)
  row.writeDoubleBE(segment.startOffset, 0)
  row.writeDoubleBE(segment.endOffset, 8)
  row.writeDoubleBE(segment.bytes, 16)
  row.writeDoubleBE(segment.trimmedBytes, 24)
  row.writeDoubleBE(segment.createdMs, 32)
  row.writeDoubleBE(segment.modifiedMs, 40)
  row.writeDoubleBE(segment.firstTimestampMs, 48)
  row.writeDoubleBE(segment.maxTimestampMs, 56)
  row.writeDoubleBE(segment.trimmedMaxTimestampMs, 64)
  return row
}

export function unpackSegment(key: Uint8Array, bytes: Uint8Array): SegmentFacts {
  const row = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  return {
    baseOffset: segmentBaseOffset(key),
    startOffset: row.readDoubleBE(0),
    endOffset: row.readDoubleBE(8),
    bytes: row.readDoubleBE(16),
    trimmedBytes: row.readDoubleBE(24),
    createdMs: row.readDoubleBE(32),
    modifiedMs: row.readDoubleBE(40),
    firstTimestampMs: row.readDoubleBE(48),
    maxTimestampMs: row.readDoubleBE(56),
    trimmedMaxTimestampMs: row.readDoubleBE(64),
  }
}

/** The rows that change between two states of a partition. Both lists are in order of base offset, and a segment that did not change is the same object. */
export function changeSegments(
  partition: number,
  before: PartitionFacts,
  facts: PartitionFacts,
  change: (key: Buffer, value: Buffer | null) => void,
): void {
  // Most commits touch nothing but the active segment.
  const alike = before.closed === facts.closed && before.active !== null
  const were = alike ? [before.active] : segmentsOf(before)
  const are = alike ? [facts.active!] : segmentsOf(facts)
  let i = 0
  for (const segment of are) {
    for (; i < were.length && were[i]!.baseOffset < segment.baseOffset; i++) change(segmentKey(partition, were[i]!.baseOffset), null)
    const old = were[i]
    if (old === segment) i++
    else {
      if (old?.baseOffset === segment.baseOffset) i++
      change(segmentKey(partition, segment.baseOffset), packSegment(segment))
    }
  }
}
