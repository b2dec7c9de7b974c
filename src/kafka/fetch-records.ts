// Stored record batches -> what a client of an old Fetch version can read. New versions get what is stored, as it is.

import { errorCode } from '../../protocol/error-code.ts'
import { codecOf, codecZstd, endOffsetOf } from '../../protocol/records/batch.ts'
import { downConvert } from '../../protocol/records/legacy-fetch.ts'
import { nextBatch } from '../../protocol/records/run.ts'
import { intactRuns } from '../engine/intact.ts'
import type { Logger } from '../logging.ts'
import { refusedBy } from './error-map.ts'
import type { Fetched } from './fetching.ts'

/** KIP-110: clients of these versions know zstd. */
const zstdSince = 10
/** Message format 2; before it, format 1; before that, format 0. */
const batchesSince = 4
const format1Since = 2

/** Reads on from an offset behind the result. */
type ReadOn = (fromOffset: number) => Promise<readonly Buffer[]>

/** Does this version need `forOldVersion`? */
export const isOldVersion = (version: number): boolean => version < zstdSince

/** The result in the terms of a version that cannot read everything that is stored. */
export async function forOldVersion(version: number, fetched: Fetched, readOn: ReadOn, logger: Logger): Promise<Fetched> {
  if (fetched.bytes === 0) return fetched
  if (version >= batchesSince) return fetched.records.some(holdsZstd) ? failed(fetched, errorCode.UNSUPPORTED_COMPRESSION_TYPE) : fetched
  try {
    const records = await messageSets(version >= format1Since ? 1 : 0, fetched, readOn)
    return { ...fetched, records, bytes: records.reduce((sum, { length }) => sum + length, 0) }
  } catch (error) {
    const refused = refusedBy(error)
    if (!refused) logger.error('down-conversion failed', { error })
    return failed(fetched, refused?.errorCode ?? errorCode.UNKNOWN_SERVER_ERROR)
  }
}

/** Where there is nothing but control batches, which these clients do not know, it goes on behind them: else they would ask for them for ever. */
async function messageSets(magic: 0 | 1, fetched: Fetched, readOn: ReadOn): Promise<Buffer[]> {
  const fromOffset = fetched.wanted.fetchOffset
  let runs = fetched.records
  for (;;) {
    // Messages get checksums of their own: damaged batches must not become messages that look sound.
    const sets = intactRuns(runs)
      .map((run) => downConvert(run, { magic, fromOffset }))
      .filter(({ length }) => length > 0)
    const last = runs.at(-1)
    if (sets.length > 0 || !last) return sets
    runs = await readOn(endOffsetOfRun(last))
  }
}

function endOffsetOfRun(run: Buffer): number {
  let end = 0
  for (let at = 0, next: number; (next = nextBatch(run, at)) !== -1; at = next) end = endOffsetOf(run, at)
  return end
}

function holdsZstd(run: Buffer): boolean {
  for (let at = 0, next: number; (next = nextBatch(run, at)) !== -1; at = next) if (codecOf(run, at) === codecZstd) return true
  return false
}

function failed(fetched: Fetched, code: number): Fetched {
  return { ...fetched, errorCode: code, bytes: 0, records: [] }
}
