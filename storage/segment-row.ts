// The row of facts of a segment as bytes: nine numbers; the tenth, the base offset, is in the key. Beside the keys it is the only layout of the log on disk.
import { segmentBaseOffset } from './keys.ts'
import type { SegmentFacts } from './segments.ts'

export function packSegment(segment: SegmentFacts): Buffer {
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
