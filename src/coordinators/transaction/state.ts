// One transactional id: whose it is, in which epoch, and what its transaction holds. `applyTransaction` is the only writer.
// A transaction's end is stored together with its markers and offsets, so the "prepare" states that Kafka needs between them do not exist here.
import type { EndedRecord, TransactionRecord, TransactionRow } from './records.ts'

export type TransactionStatus = 'empty' | 'ongoing' | 'complete-commit' | 'complete-abort'

/** Kafka's names of them. */
export const statusNames: Record<TransactionStatus, string> = {
  empty: 'Empty',
  ongoing: 'Ongoing',
  'complete-commit': 'CompleteCommit',
  'complete-abort': 'CompleteAbort',
}

export interface Transaction {
  producerId: number
  producerEpoch: number
  /** The id and epoch before the last change of them, for a retry whose answer was lost; -1 for none. */
  lastProducerId: number
  lastProducerEpoch: number
  timeoutMs: number
  status: TransactionStatus
  /** `topicId/partition` of what the transaction writes to. */
  partitions: Set<string>
  groups: Set<string>
  /** When the transaction began, the last one where none is open; -1 where there was none in this epoch. */
  startedMs: number
  updatedMs: number
}

/** Null while nothing is known of the id. */
export interface TransactionSlot {
  readonly id: string
  body: Transaction | null
}

/** The last epoch but one: the coordinator keeps the last to fence with (Kafka's Short.MAX_VALUE - 1). */
const epochMax = 0x7fff - 1

/** The epoch after this one; null where a new producer id is needed. */
export const nextEpoch = (epoch: number): number | null => (epoch >= epochMax ? null : epoch + 1)

/** The epoch that fences the producer which has this one. */
export const fencingEpoch = (epoch: number): number => epoch + 1

/** Is a new producer id about to be needed? Asked before events that wait are decided, so with room for some. */
export const nearlyOutOfEpochs = ({ producerEpoch }: Transaction): boolean => producerEpoch >= epochMax - 16

export const timeoutTimer = 'timeout'
export const expiryTimer = 'expiry'

export const partitionKey = (topicId: string, partition: number): string => `${topicId}/${partition}`

export function splitPartitionKey(key: string): { topicId: string; partition: number } {
  const slash = key.lastIndexOf('/')
  return { topicId: key.slice(0, slash), partition: Number(key.slice(slash + 1)) }
}

export function rowOf(body: Transaction): TransactionRow {
  return { ...body, partitions: [...body.partitions], groups: [...body.groups] }
}

export function applyTransaction(slot: TransactionSlot, record: TransactionRecord): void {
  switch (record.type) {
    case 'transaction-removed':
      slot.body = null
      return
    case 'transaction-changed':
    case 'transaction-ended':
      slot.body = { ...record.row, partitions: new Set(record.row.partitions), groups: new Set(record.row.groups) }
  }
}

/** The record that ends `body`'s transaction and leaves `after` as the state. */
export function ended(body: Transaction, committed: boolean, markerEpoch: number, after: Partial<TransactionRow>, nowMs: number): EndedRecord {
  const row: TransactionRow = {
    ...rowOf(body),
    status: committed ? 'complete-commit' : 'complete-abort',
    partitions: [],
    groups: [],
    updatedMs: nowMs,
    ...after,
  }
  return {
    type: 'transaction-ended',
    committed,
    producerId: body.producerId,
    markerEpoch,
    partitions: [...body.partitions],
    groups: [...body.groups],
    row,
  }
}
