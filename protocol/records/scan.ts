// One straight pass over the records of a batch from a stranger: is every length true, does every offset follow the one before, is every time within bounds?
// Makes no object for a good record. record.ts reads the records of a batch that passed; validate.ts decides what to scan.

import { noTimestamp } from './batch.ts'
import { type RecordFault, RecordsRefused, recordFaultsMax } from './refusal.ts'
import { readVarint, readVarlong, varintEnd } from './varint.ts'

/** What each record must keep to. */
export interface RecordRules {
  /** A compacted topic can do nothing with a record without a key. */
  readonly keyRequired: boolean
  /** The allowed times, both inclusive. A record without a time (-1) passes. */
  readonly timestampMinMs: number
  readonly timestampMaxMs: number
}

const invalid = (message: string): RecordsRefused => new RecordsRefused('invalid-record', message)

/**
 * Checks `count` records in bytes[at, end), which must fill it exactly, and returns the largest timestamp.
 * Offset deltas must be 0, 1, 2 …: Apache Kafka rewrites a compressed batch where they are not and stores an uncompressed one as it came, which then confuses its readers.
 */
export function scanRecords(bytes: Uint8Array, at: number, end: number, count: number, baseTimestampMs: number, rules: RecordRules): number {
  const { keyRequired, timestampMinMs, timestampMaxMs } = rules
  let maxTimestampMs = noTimestamp
  let faults: Faults | undefined
  for (let index = 0; index < count; index++) {
    if (at >= end) throw invalid(`The batch says that it holds ${count} records but ends after ${index}`)
    const bodyBytes = readVarint(bytes, at, end)
    const recordEnd = varintEnd + bodyBytes
    if (bodyBytes < 0 || recordEnd > end)
      throw invalid(`Record ${index} says that it is ${bodyBytes} bytes long; ${end - varintEnd} are left in its batch`)

    // One byte of attributes, unused in this format.
    const timestampMs = baseTimestampMs + readVarlong(bytes, varintEnd + 1, recordEnd)
    const offsetDelta = readVarint(bytes, varintEnd, recordEnd)
    if (offsetDelta !== index) throw invalid(`Record ${index} of the batch has the offset delta ${offsetDelta}; deltas must count 0, 1, 2 …`)

    const keyBytes = readVarint(bytes, varintEnd, recordEnd)
    at = varintEnd + Math.max(keyBytes, 0)
    const valueBytes = readVarint(bytes, at, recordEnd)
    at = varintEnd + Math.max(valueBytes, 0)
    const headerCount = readVarint(bytes, at, recordEnd)
    at = varintEnd
    if (headerCount !== 0) at = skipHeaders(bytes, at, recordEnd, headerCount, index)
    if (at !== recordEnd) throw invalid(`Record ${index} says that it ends at byte ${recordEnd} of the records, but its fields end at ${at}`)

    if (timestampMs > maxTimestampMs) maxTimestampMs = timestampMs
    if (keyRequired && keyBytes < 0) {
      faults ??= new Faults()
      faults.add('invalid-record', index, 'The topic is compacted: a record needs a key')
    } else if ((timestampMs < timestampMinMs || timestampMs > timestampMaxMs) && timestampMs !== noTimestamp) {
      faults ??= new Faults()
      faults.add('invalid-timestamp', index, `The timestamp ${timestampMs} is not within [${timestampMinMs}, ${timestampMaxMs}]`)
    }
  }
  if (at !== end) throw invalid(`${end - at} bytes follow the last of the ${count} records that the batch says it holds`)
  if (faults) throw faults.refusal()
  return maxTimestampMs
}

function skipHeaders(bytes: Uint8Array, at: number, end: number, count: number, index: number): number {
  // Each header takes two bytes at least, so a count beyond the record's bytes is refused before it is walked.
  if (count < 0 || count > end - at) throw invalid(`Record ${index} says that it has ${count} headers`)
  for (let header = 0; header < count; header++) {
    const keyBytes = readVarint(bytes, at, end)
    if (keyBytes < 0) throw invalid(`Header ${header} of record ${index} has no key`)
    const valueBytes = readVarint(bytes, varintEnd + keyBytes, end)
    at = varintEnd + Math.max(valueBytes, 0)
  }
  return at
}

/** The records at fault; a time out of bounds outweighs a missing key in the error that the whole batch gets, as in Apache Kafka. */
class Faults {
  #reason: 'invalid-record' | 'invalid-timestamp' = 'invalid-record'
  #count = 0
  readonly #faults: RecordFault[] = []

  add(reason: 'invalid-record' | 'invalid-timestamp', batchIndex: number, message: string): void {
    if (reason === 'invalid-timestamp') this.#reason = reason
    if (this.#count++ < recordFaultsMax) this.#faults.push({ batchIndex, message })
  }

  refusal(): RecordsRefused {
    const first = this.#faults[0]!
    const rest = this.#count === 1 ? '' : ` (and ${this.#count - 1} more)`
    return new RecordsRefused(this.#reason, `Record ${first.batchIndex} of the batch was rejected: ${first.message}${rest}`, this.#faults)
  }
}
