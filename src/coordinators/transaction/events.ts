// What is asked of a transactional id, and what is answered.
import type { ErrorName } from '../../../protocol/error-code.ts'
import type { Effect } from '../effect.ts'
import type { Moment } from '../runtime.ts'
import type { TransactionRecord } from './records.ts'

export type TransactionError = Extract<
  ErrorName,
  | 'NONE'
  | 'INVALID_PRODUCER_ID_MAPPING'
  | 'PRODUCER_FENCED'
  | 'INVALID_TXN_STATE'
  | 'INVALID_TRANSACTION_TIMEOUT'
  | 'INVALID_REQUEST'
  | 'TRANSACTION_ABORTABLE'
  | 'CONCURRENT_TRANSACTIONS'
  | 'COORDINATOR_LOAD_IN_PROGRESS'
  | 'COORDINATOR_NOT_AVAILABLE'
>

export interface InitEvent {
  readonly verb: 'init'
  readonly timeoutMs: number
  /** What the producer says that it had (KIP-360); -1 for nothing. */
  readonly producerId: number
  readonly producerEpoch: number
  /** A producer id that nobody had before; null where none seemed to be needed. */
  readonly freshProducerId: number | null
}

/** What a producer wants to write to. */
export interface Part {
  readonly producerId: number
  readonly producerEpoch: number
  /** partitionKey of each. */
  readonly partitions: readonly string[]
  readonly groups: readonly string[]
}

export interface AddEvent extends Part {
  readonly verb: 'add'
  /** Only ask whether they are in the transaction. */
  readonly verifyOnly: boolean
}

export interface EndEvent {
  readonly verb: 'end'
  readonly producerId: number
  readonly producerEpoch: number
  readonly committed: boolean
  /** KIP-890: the end raises the epoch, and a retry is told by it. */
  readonly raisesEpoch: boolean
  readonly freshProducerId: number | null
}

/** Only asks to be answered: everything that was handed in before is done by then. */
export interface LookEvent {
  readonly verb: 'look'
}

/** The only event that comes from a timer. */
export interface TimerEvent {
  readonly verb: 'timer'
  readonly timer: string
}

/** A group or the broker's own clean-up asks. */
export interface ForgetEvent {
  readonly verb: 'forget-topic'
  readonly topicId: string
}

export type TransactionEvent = InitEvent | AddEvent | EndEvent | LookEvent | TimerEvent | ForgetEvent

export interface TransactionAnswer {
  readonly error: TransactionError
  /** -1 unless the verb tells them. */
  readonly producerId: number
  readonly producerEpoch: number
}

export interface TransactionLimits {
  readonly timeoutMsMax: number
  /** How long an id without a transaction is remembered. */
  readonly expirationMs: number
}

export interface TransactionMoment extends Moment {
  readonly limits: TransactionLimits
}

export type TransactionEffect = Effect<TransactionRecord, never, TransactionAnswer>

export const failed = (error: TransactionError): TransactionAnswer => ({ error, producerId: -1, producerEpoch: -1 })
