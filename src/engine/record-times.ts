// A record by its time inside one batch.
import { baseOffsetOf, maxTimestampOf } from '../../protocol/records/batch.ts'

/** The first record of the batch at `at` that is not before `timestampMs` nor `fromOffset`; null for none. */
export function firstRecordAtOrAfter(
  bytes: Buffer,
  at: number,
  _end: number,
  timestampMs: number,
  fromOffset: number,
): { offset: number; timestampMs: number } | null {
  return maxTimestampOf(bytes, at) < timestampMs
    ? null
    : { offset: Math.max(baseOffsetOf(bytes, at), fromOffset), timestampMs: maxTimestampOf(bytes, at) }
}
