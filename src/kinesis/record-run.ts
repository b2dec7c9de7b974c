// Kinesis records -> a run of Kafka record batches: key = PartitionKey, value = Data, timestamp = arrival, an ExplicitHashKey as a
// header. Bytes are protocol/records/builder.ts's.
import { BatchBuilder } from '../../protocol/records/builder.ts'
import type { RecordHeader } from '../../protocol/records/record.ts'
import type { Loans } from '../lent-memory.ts'

/** A record as PutRecord and PutRecords give it. */
export interface PutEntry {
  /** Absent where the stream spreads records by itself (AUTO) and the producer gave none. */
  readonly partitionKey?: string | undefined
  readonly data: Buffer
  readonly explicitHashKey?: string | undefined
}

/** The Kafka header that carries an ExplicitHashKey, in decimal. */
const explicitHashKeyHeader = 'aws-kinesis-explicit-hash-key'

/** A batch holds no more than this, but one record at least, so that a Kafka consumer with small fetches is not handed all of a PutRecords at once. */
const batchBytesTarget = 512 * 1024
/** The most that a record takes beside its data and key: lengths, deltas, the header. */
const recordOverheadBytes = 100
const batchOverheadBytes = 64
const noHeaders: readonly RecordHeader[] = []

/**
 * One run of batches with the records in order, all stamped with `arrivalMs`, each batch within the topic's `max.message.bytes` where
 * its records allow it. Offsets and leader epoch are the engine's to write. The run lies in memory of `loans`.
 */
export function buildRun(entries: readonly PutEntry[], arrivalMs: number, batchBytesMax: number, loans: Loans): Buffer {
  const batchBytes = Math.min(batchBytesTarget, batchBytesMax)
  const run = loans.take(runBytesOf(entries))
  let at = 0
  for (let from = 0; from < entries.length; ) {
    let bytes = batchOverheadBytes
    let to = from
    do bytes += sizeOf(entries[to++]!)
    while (to < entries.length && bytes + sizeOf(entries[to]!) <= batchBytes)
    const builder = new BatchBuilder({ buffer: run.subarray(at) })
    for (let i = from; i < to; i++) {
      const { partitionKey, data, explicitHashKey } = entries[i]!
      builder.append(arrivalMs, partitionKey ?? null, data, explicitHashKey === undefined ? noHeaders : headersOf(explicitHashKey))
    }
    const batch = builder.build()
    if (batch.buffer !== run.buffer) throw new Error('a batch has outgrown the bound of its size')
    at += batch.length
    from = to
  }
  return run.subarray(0, at)
}

/** An upper bound: every record with a batch of its own. */
function runBytesOf(entries: readonly PutEntry[]): number {
  let bytes = 0
  for (const entry of entries) bytes += batchBytesOf(entry)
  return bytes
}

/** An upper bound: a character is three bytes of UTF-8 at most. */
const sizeOf = ({ partitionKey, data, explicitHashKey }: PutEntry): number =>
  data.length + (partitionKey?.length ?? 0) * 3 + (explicitHashKey === undefined ? 24 : recordOverheadBytes)

/** What a batch with this record alone takes at most. */
export const batchBytesOf = (entry: PutEntry): number => batchOverheadBytes + sizeOf(entry)

const headersOf = (explicitHashKey: string): RecordHeader[] => [{ key: explicitHashKeyHeader, value: Buffer.from(explicitHashKey) }]
