// Stored record batches -> what a client of an old Fetch version can read. New versions get what is stored, as it is.

import { errorCode } from '../../protocol/error-code.ts'
import { codecOf, codecZstd } from '../../protocol/records/batch.ts'
import { nextBatch } from '../../protocol/records/run.ts'
import type { Fetched } from './fetching.ts'

/** KIP-110. */
const zstdSince = 10

/** The result in the terms of the request's version. */
export function forVersion(version: number, fetched: Fetched): Fetched {
  if (version >= zstdSince || fetched.bytes === 0) return fetched
  if (!fetched.records.some(holdsZstd)) return fetched
  return { ...fetched, errorCode: errorCode.UNSUPPORTED_COMPRESSION_TYPE, bytes: 0, records: [] }
}

function holdsZstd(run: Buffer): boolean {
  for (let at = 0, next: number; (next = nextBatch(run, at)) !== -1; at = next) if (codecOf(run, at) === codecZstd) return true
  return false
}
