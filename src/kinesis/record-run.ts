// Kinesis records -> a run of Kafka record batches: key = PartitionKey, value = Data, timestamp = arrival, an ExplicitHashKey as a
// header. Bytes are protocol/records/builder.ts's.
import { BatchBuilder } from '../../protocol/records/builder.ts'
import type { RecordHeader } from '../../protocol/records/record.ts'

/** A record as PutRecord and PutRecords give it. */
export interface PutEntry {
  /** Absent where the stream spreads records by itself (AUTO) and the producer gave none. */
  readonly partitionKey?: string | undefined
  readonly data: Buffer
  readonly explicitHashKey?: string | undefined
}

/** The Kafka header that carries an ExplicitHashKey, in decimal. */
export const explicitHashKeyHeader = 'aws-kinesis-explicit-hash-key'

/** A batch holds no more than this, but one record at least, so that a Kafka consumer with small fetches is not handed all of a PutRecords at once. */
const batchBytesTarget = 512 * 1024
/** The most that a record takes beside its data and key: lengths, deltas, the header. */
const recordOverheadBytes = 100
const batchOverheadBytes = 64
const noHeaders: readonly RecordHeader[] = []

/**
 * One run of batches with the records in order, all stamped with `arrivalMs`, each batch within the topic's `max.message.bytes` where
 * its records allow it. Offsets and leader epoch are the engine's to write.
 */
export function buildRun(entries: readonly PutEntry[], arrivalMs: number, batchBytesMax: number): Buffer {
  const batchBytes = Math.min(batchBytesTarget, batchBytesMax)
  const batches: Buffer[] = []
  for (let from = 0; from < entries.length; ) {
    let bytes = batchOverheadBytes
    let to = from
    do bytes += sizeOf(entries[to++]!)
    while (to < entries.length && bytes + sizeOf(entries[to]!) <= batchBytes)
    const builder = new BatchBuilder({ bytesHint: bytes })
    for (let i = from; i < to; i++) {
      const { partitionKey, data, explicitHashKey } = entries[i]!
      builder.append(arrivalMs, partitionKey ?? null, data, explicitHashKey === undefined ? noHeaders : headersOf(explicitHashKey))
    }
    batches.push(builder.build())
    from = to
  }
  return batches.length === 1 ? batches[0]! : Buffer.concat(batches)
}

/** An upper bound: a character is three bytes of UTF-8 at most. */
const sizeOf = ({ partitionKey, data, explicitHashKey }: PutEntry): number =>
  data.length + (partitionKey?.length ?? 0) * 3 + (explicitHashKey === undefined ? 24 : recordOverheadBytes)

/** What a batch with this record alone takes at most. */
export const batchBytesOf = (entry: PutEntry): number => batchOverheadBytes + sizeOf(entry)

const headersOf = (explicitHashKey: string): RecordHeader[] => [{ key: explicitHashKeyHeader, value: Buffer.from(explicitHashKey) }]
