// The records field of a Produce request -> record batches for the engine, and how it is to look at them. What is in the batches is judged there; here is only what
// the request's version decides.

import { batchHeaderBytes, isTransactional, magicOf } from '../../protocol/records/batch.ts'
import { convertMessageSet } from '../../protocol/records/legacy.ts'
import { RecordsRefused } from '../../protocol/records/refusal.ts'
import type { Topic } from '../engine/topics.ts'

/** The first version whose clients know of record batches (message format 2), and send one for each partition. */
const batchesSince = 3
/** KIP-110. */
const zstdSince = 7
const magicOffset = 16

/** What the engine is told of batches that came with a version. */
export interface AppendTerms {
  readonly zstdAllowed: boolean
  readonly batchCountMax: number
}

const termsBefore3: AppendTerms = { zstdAllowed: false, batchCountMax: Number.POSITIVE_INFINITY }
const termsBefore7: AppendTerms = { zstdAllowed: false, batchCountMax: 1 }
const terms: AppendTerms = { zstdAllowed: true, batchCountMax: 1 }

export function appendTerms(version: number): AppendTerms {
  return version >= zstdSince ? terms : version >= batchesSince ? termsBefore7 : termsBefore3
}

/** Record batches: a view of the frame, or what an old client's message set was converted to. Throws RecordsRefused. */
export function batchesOf(records: Buffer | null, version: number, topic: Topic): Buffer {
  if (records === null) throw new RecordsRefused('invalid-record', `Produce requests with version ${version} must have records for each partition`)
  if (version >= batchesSince || records.length <= magicOffset || magicOf(records) >= 2) return records
  return convertMessageSet(records, {
    messageBytesMax: topic.config.maxMessageBytes,
    decompressedBytesMax: topic.config.maxDecompressedMessageBytes,
  })
}

/** Does the first batch say that it belongs to a transaction? Of bytes that nobody has checked. */
export const claimsTransaction = (batches: Buffer): boolean =>
  batches.length >= batchHeaderBytes && magicOf(batches) === 2 && isTransactional(batches)
