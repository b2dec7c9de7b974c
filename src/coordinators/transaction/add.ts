// AddPartitionsToTxn, AddOffsetsToTxn, and what Produce 12 and TxnOffsetCommit 5 add by themselves (KIP-890): what a transaction will write to.
import { arm, cancel, record, reply } from '../effect.ts'
import { type AddEvent, failed, type TransactionEffect, type TransactionError, type TransactionMoment } from './events.ts'
import { expiryTimer, rowOf, type Transaction, timeoutTimer } from './state.ts'

export function decideAdd(body: Transaction | null, event: AddEvent, { to, nowMs }: TransactionMoment): TransactionEffect[] {
  const fault = faultOf(body, event)
  if (fault !== 'NONE' || !body) return [reply(to, failed(fault))]
  const partitions = event.partitions.filter((key) => !body.partitions.has(key))
  const groups = event.groups.filter((group) => !body.groups.has(group))
  if (event.verifyOnly) {
    const holds = body.status === 'ongoing' && partitions.length === 0 && groups.length === 0
    return [reply(to, holds ? done(body) : failed('TRANSACTION_ABORTABLE'))]
  }
  const open = body.status === 'ongoing'
  if (open && partitions.length === 0 && groups.length === 0) return [reply(to, done(body))]
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

const done = ({ producerId, producerEpoch }: Transaction) => ({ error: 'NONE' as const, producerId, producerEpoch })

/** Is it this producer's transactional id, in its epoch? */
export function faultOf(body: Transaction | null, { producerId, producerEpoch }: { producerId: number; producerEpoch: number }): TransactionError {
  if (!body || body.producerId !== producerId) return 'INVALID_PRODUCER_ID_MAPPING'
  return body.producerEpoch === producerEpoch ? 'NONE' : 'PRODUCER_FENCED'
}
