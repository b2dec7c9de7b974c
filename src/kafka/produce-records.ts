// The records field of a Produce request -> record batches for the engine. What is in the batches is judged there; here only what the request's version decides.

import { batchHeaderBytes, codecOf, codecZstd, magicOf } from '../../protocol/records/batch.ts'
import { RecordsRefused } from '../../protocol/records/refusal.ts'
import { nextBatch } from '../../protocol/records/run.ts'

/** The first version whose clients know of record batches (message format 2). */
const batchesSince = 3
/** KIP-110. */
const zstdSince = 7
const magicOffset = 16

/** Record batches, views of the frame. Throws RecordsRefused. */
export function batchesOf(records: Buffer | null, version: number): Buffer {
  if (records === null || records.length === 0) {
    throw new RecordsRefused('invalid-record', `Produce requests with version ${version} must have at least one record batch per partition`)
  }
  if (records.length <= magicOffset) throw new RecordsRefused('corrupt-message', `${records.length} bytes are too few for a record batch`)
  const magic = magicOf(records)
  if (magic !== 2) {
    throw new RecordsRefused('invalid-record', `Produce requests with version ${version} must have record batches of magic version 2, not ${magic}`)
  }
  const end = records.length < batchHeaderBytes ? -1 : nextBatch(records, 0)
  if (end === -1) throw new RecordsRefused('corrupt-message', `A record batch is longer than the ${records.length} bytes that were sent`)
  if (version >= batchesSince && nextBatch(records, end) !== -1) {
    throw new RecordsRefused('invalid-record', `Produce requests with version ${version} must have exactly one record batch per partition`)
  }
  if (version < zstdSince && codecOf(records) === codecZstd) {
    throw new RecordsRefused('unsupported-compression-type', `Produce requests with version ${version} are not allowed to use ZStandard compression`)
  }
  return records
}
