// Records as a queue delivers them, out of what was read of a partition. Pure.
import type { ReadBatch } from '../../coordinators/share/acquire.ts'
import { runAt, type SharePartitionState } from '../../coordinators/share/partition-state.ts'
import type { Received } from '../../coordinators/share/queue-partition.ts'
import type { FetchResult } from '../../engine/reading.ts'
import type { TokenSeal } from '../iterator.ts'
import type { Output } from '../operation.ts'
import { partitionKeyOf } from '../partition-key.ts'
import { walkRecords } from '../record-walk.ts'
import type { Stream } from '../streams.ts'
import { WireTime } from '../wire-time.ts'
import type { Queue } from './queues.ts'
import { type Kind, sealReceipt } from './receipt.ts'

/** A record that was read: views of what is stored. */
export interface ReadRecord {
  readonly offset: number
  readonly timestampMs: number
  readonly key: Buffer | null
  readonly data: Buffer
}

const noData = Buffer.alloc(0)

/** Is the record past its stream's retention? Retention itself takes whole segments, and only some time later. */
function isExpired(timestampMs: number, { topic }: Stream, nowMs: number): boolean {
  const { retentionMs, cleanupPolicy } = topic.config
  return cleanupPolicy.delete && retentionMs >= 0 && timestampMs < nowMs - retentionMs
}

/** Reads on until `enough` says so. What no reader sees, or none may see any more, is left out. Answers where it stopped. */
export function readRecords(
  result: FetchResult,
  fromOffset: number,
  stream: Stream,
  nowMs: number,
  enough: (record: ReadRecord) => boolean,
): { records: Map<number, ReadRecord>; endOffset: number } {
  const records = new Map<number, ReadRecord>()
  let isFull = false
  const endOffset = walkRecords(result, fromOffset, (cursor) => {
    if (isFull) return false
    const { offset, timestampMs } = cursor
    if (isExpired(timestampMs, stream, nowMs)) return true
    // A null value, which deletes a key from a compacted topic, is delivered as an empty one: AWS knows no other.
    const record = { offset, timestampMs, key: cursor.key(), data: cursor.value() ?? noData }
    records.set(offset, record)
    isFull = enough(record)
    return true
  })
  return { records, endOffset }
}

/** The offsets that were read as the share core takes them: stretches of records, and what lies between and behind them as nothing to deliver. */
export function stretches(records: ReadonlyMap<number, ReadRecord>, fromOffset: number, endOffset: number): ReadBatch[] {
  const batches: ReadBatch[] = []
  let next = fromOffset
  for (const offset of records.keys()) {
    const before = batches.at(-1)
    if (before && offset === next) batches[batches.length - 1] = { ...before, last: offset }
    else batches.push({ first: offset, last: offset, deliverable: true })
    next = offset + 1
  }
  if (next < endOffset) batches.push({ first: next, last: endOffset - 1, deliverable: false })
  return batches
}

/** Would a record at the offset be handed out? */
export const isFree = ({ endOffset, startOffset, runs }: SharePartitionState, offset: number): boolean =>
  offset >= endOffset || (offset >= startOffset && runs[runAt(runs, offset)]?.state === 'available')

/** A QueueRecord. Its id is its sequence number: the same in every queue, and the one that GetRecords tells. */
export function deliveredRecord(kind: Kind, queue: Queue, partition: number, received: Received, record: ReadRecord, seal: TokenSeal): Output {
  const { offset, deliveryCount, firstMs } = received
  const { timestampMs, key, data } = record
  const { numbers } = queue.stream.shards.holding(partition, offset)
  return {
    ReceiptHandle: sealReceipt(kind, { ...received, queueId: queue.id, partition }, seal),
    RecordId: numbers.at(offset, timestampMs),
    PartitionKey: key === null ? undefined : partitionKeyOf(key),
    Data: data,
    ApproximateArrivalTimestamp: new WireTime(timestampMs),
    FirstReceiveTimestamp: new WireTime(firstMs),
    ReceiveCount: deliveryCount,
  }
}
