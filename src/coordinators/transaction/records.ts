// What changes a transactional id, as data. A transaction's end carries all that must be stored with it: markers and offsets go into the same batch.
import { table } from '../../../storage/tables.ts'
import type { TransactionStatus } from './state.ts'

/** Key: transactional id. */
export interface TransactionRow {
  readonly producerId: number
  readonly producerEpoch: number
  readonly lastProducerId: number
  readonly lastProducerEpoch: number
  readonly timeoutMs: number
  readonly status: TransactionStatus
  readonly partitions: readonly string[]
  readonly groups: readonly string[]
  readonly startedMs: number
  readonly updatedMs: number
}

export const transactionTable = table<TransactionRow>('transactions')

export interface EndedRecord {
  readonly type: 'transaction-ended'
  readonly committed: boolean
  /** Whose transaction ended, and the epoch that its markers carry: batches of older epochs are refused after them. */
  readonly producerId: number
  readonly markerEpoch: number
  readonly partitions: readonly string[]
  readonly groups: readonly string[]
  readonly row: TransactionRow
}

export type TransactionRecord =
  | { readonly type: 'transaction-changed'; readonly row: TransactionRow }
  | EndedRecord
  | { readonly type: 'transaction-removed' }
