// A run of batches: whole batches one after the other in one buffer, as a produce request, a stored chunk or a fetch answer holds them. Walks, stamps and cuts
// runs without looking into records. Expects whole batches (validate.ts has checked them); a cut-off tail is never returned, a senseless length is refused.

import { baseOffsetOf, batchHeaderBytes, batchLengthOf, batchLengthOffset, endOffsetOf, lastOffsetOf, restampBatch, writeInt64 } from './batch.ts'
import { corrupt } from './refusal.ts'

/**
 * The position after the batch at `at`: of the next batch, or the end of the run. -1 if the batch is not wholly there.
 * The loop of choice, with nothing allocated: `for (let at = 0, next: number; (next = nextBatch(bytes, at)) !== -1; at = next) …`
 */
export function nextBatch(bytes: Buffer, at: number): number {
  if (at + batchHeaderBytes > bytes.length) return -1
  const lengthBytes = batchLengthOf(bytes, at)
  if (lengthBytes < batchHeaderBytes - batchLengthOffset) {
    throw corrupt(`A record batch says that it is ${lengthBytes} bytes long, less than its own header (${batchHeaderBytes - batchLengthOffset})`)
  }
  const next = at + batchLengthOffset + lengthBytes
  return next > bytes.length ? -1 : next
}

/** Calls `visit(at, end)` for each whole batch. Return false to stop. */
export function forEachBatch(bytes: Buffer, visit: (at: number, end: number) => unknown): void {
  for (let at = 0, next: number; (next = nextBatch(bytes, at)) !== -1; at = next) if (visit(at, next) === false) return
}

/** Gives a run its place in the log: consecutive offsets from `baseOffset` and the leader epoch, in place (the CRC covers neither). Returns the run's end offset. */
export function stampBatches(bytes: Buffer, baseOffset: number, leaderEpoch: number): number {
  let offset = baseOffset
  for (let at = 0, next: number; (next = nextBatch(bytes, at)) !== -1; at = next) {
    writeInt64(bytes, offset, at)
    bytes.writeInt32BE(leaderEpoch, at + 12)
    offset = endOffsetOf(bytes, at)
  }
  return offset
}

/** LogAppendTime: every batch of the run gets `nowMs` as its largest timestamp, the attribute bit, and a new checksum. */
export function restampTimestamps(bytes: Buffer, nowMs: number): void {
  for (let at = 0, next: number; (next = nextBatch(bytes, at)) !== -1; at = next) restampBatch(bytes, at, true, nowMs)
}

/** The position of the batch that holds `offset`, or of the first one after it where compaction left a gap; -1 if the run ends before it. */
export function firstBatchFrom(bytes: Buffer, offset: number): number {
  for (let at = 0, next: number; (next = nextBatch(bytes, at)) !== -1; at = next) if (lastOffsetOf(bytes, at) >= offset) return at
  return -1
}

/**
 * Whole batches from the one that holds `fromOffset`, while they fit in `bytesMax` and begin before `endOffset`; at least one, however big (KIP-74).
 * A view of `bytes`, empty if there is no such batch.
 */
export function sliceBatches(bytes: Buffer, fromOffset: number, bytesMax: number, endOffset = Number.MAX_SAFE_INTEGER): Buffer {
  const start = firstBatchFrom(bytes, fromOffset)
  if (start === -1) return bytes.subarray(0, 0)
  let end = start
  for (let next: number; (next = nextBatch(bytes, end)) !== -1; end = next) {
    if (baseOffsetOf(bytes, end) >= endOffset || (end > start && next - start > bytesMax)) break
  }
  return start === 0 && end === bytes.length ? bytes : bytes.subarray(start, end)
}
