// AddPartitionsToTxn, AddOffsetsToTxn, and what Produce 12 and TxnOffsetCommit 5 add by themselves (KIP-890): what a transaction will write to.
import { arm, cancel, record, reply } from '../effect.ts'
import { type AddEvent, failed, type Part, type TransactionEffect, type TransactionError, type TransactionMoment } from './events.ts'
import { expiryTimer, rowOf, type Transaction, timeoutTimer } from './state.ts'

export function decideAdd(body: Transaction | null, event: AddEvent, { to, nowMs }: TransactionMoment): TransactionEffect[] {
  const standing = standingOf(body, event)
  if (!body || (standing !== 'NONE' && (event.verifyOnly || standing !== 'TRANSACTION_ABORTABLE'))) return [reply(to, failed(standing))]
  if (standing === 'NONE') return [reply(to, done(body))]
  const open = body.status === 'ongoing'
  const partitions = event.partitions.filter((key) => !body.partitions.has(key))
  const groups = event.groups.filter((group) => !body.groups.has(group))
  const row = {
    ...rowOf(body),
    status: 'ongoing' as const,
    partitions: [...(open ? body.partitions : []), ...partitions],
    groups: [...(open ? body.groups : []), ...groups],
    startedMs: open ? body.startedMs : nowMs,
    updatedMs: nowMs,
  }
  const effects: TransactionEffect[] = [record({ type: 'transaction-changed', row })]
  if (!open) effects.push(cancel(expiryTimer), arm(timeoutTimer, nowMs + body.timeoutMs))
  return [...effects, reply(to, done(body))]
}

/** NONE where everything named is in the producer's open transaction, TRANSACTION_ABORTABLE where it could be added, else what is wrong with the producer. */
export function standingOf(body: Transaction | null, part: Part): TransactionError {
  const fault = faultOf(body, part)
  if (fault !== 'NONE' || !body) return fault
  const open = body.status === 'ongoing'
  return open && part.partitions.every((key) => body.partitions.has(key)) && part.groups.every((group) => body.groups.has(group))
    ? 'NONE'
    : 'TRANSACTION_ABORTABLE'
}

const done = ({ producerId, producerEpoch }: Transaction) => ({ error: 'NONE' as const, producerId, producerEpoch })

/** Is it this producer's transactional id, in its epoch? */
export function faultOf(body: Transaction | null, { producerId, producerEpoch }: { producerId: number; producerEpoch: number }): TransactionError {
  if (!body || body.producerId !== producerId) return 'INVALID_PRODUCER_ID_MAPPING'
  return body.producerEpoch === producerEpoch ? 'NONE' : 'PRODUCER_FENCED'
}
