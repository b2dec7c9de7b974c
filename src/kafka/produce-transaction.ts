// A transactional produce: which partitions join the transaction by it (KIP-890), and whether a batch may be appended now. Both are looked at in the very turn in
// which the append is handed over, so that no end of the transaction can come between.

import { errorCode } from '../../protocol/error-code.ts'
import { baseSequenceOf, producerEpochOf, producerIdOf } from '../../protocol/records/batch.ts'
import type { Settings } from '../config.ts'
import type { Part } from '../coordinators/transaction/events.ts'
import { partitionKey } from '../coordinators/transaction/state.ts'
import type { Transactions } from '../coordinators/transaction/transactions.ts'
import type { Partition } from '../engine/partition.ts'
import { Refusal } from './context.ts'
import { claimsTransaction } from './produce-records.ts'
import { produceError } from './transactions.ts'

/** The first version that adds partitions by itself. */
const implicitSince = 12

/**
 * Must a transactional batch belong to a transaction that the coordinator knows? transaction.partition.verification.enable lets clients that add partitions by a request of
 * their own do without, as in Kafka: what such a client forgot to add is left open by the end of its transaction, until an administrator aborts it there.
 */
export function mustVerify(version: number, settings: Settings): boolean {
  return version >= implicitSince || settings.get('transaction.partition.verification.enable')
}

export interface ProducedPart {
  readonly records: Buffer | null
  /** Or the code that says why there is none. */
  readonly partition: Partition | number
  /** Why its batch may not be written to the transaction; not set where it may. */
  transactionError?: number
}

/**
 * Lets the request's transactional batches into their transaction, or notes why not; the appends must follow in the same turn. Partitions must be open. Where something of
 * the transactional id is on its way to the disk nothing is done: the answer settles when to try again.
 */
export function enterTransaction(
  transactions: Transactions,
  transactionalId: string,
  parts: readonly ProducedPart[],
  version: number,
): Promise<void> | null {
  const joining: Part[] = []
  for (const part of parts) {
    const wanted = wantedBy(part)
    if (!wanted) continue
    const standing = transactions.standing(transactionalId, wanted)
    if (standing === null) return settled(transactions, transactionalId, parts, version)
    if (standing === 'TRANSACTION_ABORTABLE' && version >= implicitSince) joining.push(wanted)
    else if (standing !== 'NONE') part.transactionError = produceError(standing, version)
  }
  // Only one producer can stand so well, so all of them are its. Stored with the appends or before them; where that fails they fail too, and their answers say so.
  if (joining[0]) transactions.join(transactionalId, { ...joining[0], partitions: joining.flatMap(({ partitions }) => partitions) })
  return null
}

async function settled(transactions: Transactions, transactionalId: string, parts: readonly ProducedPart[], version: number): Promise<void> {
  const error = await transactions.settled(transactionalId)
  if (error !== 'NONE') for (const part of parts) part.transactionError = produceError(error, version)
}

/** Null for batches without a transaction, and for those that are refused anyway. */
function wantedBy({ partition, records, transactionError }: ProducedPart): Part | null {
  if (transactionError !== undefined || typeof partition === 'number' || !records || !claimsTransaction(records)) return null
  const partitions = [partitionKey(partition.topic.id, partition.index)]
  return { producerId: producerIdOf(records), producerEpoch: producerEpochOf(records), partitions, groups: [] }
}

/** Throws unless the transactional batch may be appended, now. */
export function checkTransaction(
  transactionalId: string | null,
  { partition, transactionError }: ProducedPart,
  batch: Buffer,
  version: number,
): void {
  if (transactionalId === null) {
    throw new Refusal(errorCode.TRANSACTIONAL_ID_AUTHORIZATION_FAILED, 'A transactional batch needs a transactional id in its request.')
  }
  if (transactionError !== undefined) throw new Refusal(transactionError, 'The batch is not part of an open transaction of its producer.')
  if (typeof partition === 'number' || version < implicitSince) return
  // Every transaction begins with sequence 0 there (KIP-890): another first one means that a batch before it was lost.
  if (partition.writers.producers.epochOf(producerIdOf(batch)) === null && baseSequenceOf(batch) !== 0) {
    throw new Refusal(errorCode.OUT_OF_ORDER_SEQUENCE_NUMBER, `The producer's first batch has sequence ${baseSequenceOf(batch)}, but 0 was expected.`)
  }
}
