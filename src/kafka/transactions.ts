// What the transaction handlers share: the coordinator's errors in Kafka's numbers, version by version.

import { errorCode } from '../../protocol/error-code.ts'
import type { TransactionError } from '../coordinators/transaction/events.ts'

/** Clients from before KIP-588 know a fenced producer as one with an old epoch. */
export function producerError(error: TransactionError, knowsFenced: boolean): number {
  return error === 'PRODUCER_FENCED' && !knowsFenced ? errorCode.INVALID_PRODUCER_EPOCH : errorCode[error]
}

/**
 * The same on a produce: there an old epoch always has its own code, a coordinator that is busy is a reason to try again, and clients from before v11 do not know that
 * they may abort and go on.
 */
export function produceError(error: TransactionError, version: number): number {
  if (error === 'TRANSACTION_ABORTABLE' && version < 11) return errorCode.INVALID_TXN_STATE
  if (error === 'PRODUCER_FENCED') return errorCode.INVALID_PRODUCER_EPOCH
  if (error === 'COORDINATOR_NOT_AVAILABLE' || error === 'COORDINATOR_LOAD_IN_PROGRESS') return errorCode.NOT_ENOUGH_REPLICAS
  return errorCode[error]
}
