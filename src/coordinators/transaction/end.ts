// EndTxn: commits or aborts. A retry of an end whose answer was lost gets the same answer; an end that comes late, from an older epoch, never touches the
// next transaction. And a transaction that takes too long: aborted, with its producer fenced.
import { arm, cancel, record, reply } from '../effect.ts'
import { faultOf } from './add.ts'
import { type EndEvent, failed, type TransactionEffect, type TransactionMoment } from './events.ts'
import { ended, expiryTimer, fencingEpoch, nextEpoch, rowOf, type Transaction, timeoutTimer } from './state.ts'

export function decideEnd(body: Transaction | null, event: EndEvent, moment: TransactionMoment): TransactionEffect[] {
  const { to } = moment
  if (body && event.raisesEpoch && isRetry(body, event)) {
    const same = body.status === (event.committed ? 'complete-commit' : 'complete-abort')
    return [reply(to, same ? told(body) : failed('INVALID_TXN_STATE'))]
  }
  const fault = faultOf(body, event)
  if (fault !== 'NONE' || !body) return [reply(to, failed(fault))]
  if (body.status === 'ongoing') return endOpen(body, event, moment)
  if (event.raisesEpoch) {
    // Nothing was written yet: an abort is granted and raises the epoch all the same, so that whatever is still on its way is fenced.
    return event.committed ? [reply(to, failed('INVALID_TXN_STATE'))] : raiseOnly(body, event, moment)
  }
  const repeated = body.status === (event.committed ? 'complete-commit' : 'complete-abort')
  return [reply(to, repeated ? told(body) : failed('INVALID_TXN_STATE'))]
}

const told = ({ producerId, producerEpoch }: Transaction) => ({ error: 'NONE' as const, producerId, producerEpoch })

/** The end was done, and its answer did not arrive. */
function isRetry(body: Transaction, { producerId, producerEpoch }: EndEvent): boolean {
  return body.status !== 'ongoing' && producerId === body.lastProducerId && producerEpoch === body.lastProducerEpoch && body.lastProducerEpoch !== -1
}

/** The id and epoch after an end that raises the epoch; null where that takes a new producer id and there is none. */
function raised(body: Transaction, freshProducerId: number | null) {
  const epoch = nextEpoch(body.producerEpoch)
  if (epoch === null && freshProducerId === null) return null
  return {
    producerId: epoch === null ? freshProducerId! : body.producerId,
    producerEpoch: epoch ?? 0,
    lastProducerId: body.producerId,
    lastProducerEpoch: body.producerEpoch,
  }
}

function endOpen(body: Transaction, event: EndEvent, { to, nowMs, limits }: TransactionMoment): TransactionEffect[] {
  const after = event.raisesEpoch ? raised(body, event.freshProducerId) : {}
  if (!after) return [reply(to, failed('CONCURRENT_TRANSACTIONS'))]
  const markerEpoch = event.raisesEpoch ? fencingEpoch(body.producerEpoch) : body.producerEpoch
  const change = ended(body, event.committed, markerEpoch, after, nowMs)
  return [
    record(change),
    cancel(timeoutTimer),
    arm(expiryTimer, nowMs + limits.expirationMs),
    reply(to, { error: 'NONE', producerId: change.row.producerId, producerEpoch: change.row.producerEpoch }),
  ]
}

function raiseOnly(body: Transaction, event: EndEvent, { to, nowMs, limits }: TransactionMoment): TransactionEffect[] {
  const after = raised(body, event.freshProducerId)
  if (!after) return [reply(to, failed('CONCURRENT_TRANSACTIONS'))]
  const row = { ...rowOf(body), ...after, status: 'complete-abort' as const, startedMs: nowMs, updatedMs: nowMs }
  return [
    record({ type: 'transaction-changed', row }),
    arm(expiryTimer, nowMs + limits.expirationMs),
    reply(to, { error: 'NONE', producerId: row.producerId, producerEpoch: row.producerEpoch }),
  ]
}

/** The transaction timed out: aborted under a higher epoch, which fences its producer. It may take up that epoch where it says which one it had (KIP-588). */
export function decideTimeout(body: Transaction | null, { nowMs, limits }: TransactionMoment): TransactionEffect[] {
  if (body?.status !== 'ongoing') return []
  const epoch = fencingEpoch(body.producerEpoch)
  const recovers = nextEpoch(body.producerEpoch) !== null
  const last = recovers ? { lastProducerId: body.producerId, lastProducerEpoch: body.producerEpoch } : { lastProducerId: -1, lastProducerEpoch: -1 }
  const after = { producerEpoch: epoch, ...last }
  return [record(ended(body, false, epoch, after, nowMs)), arm(expiryTimer, nowMs + limits.expirationMs)]
}

/** The id was not used for `transactional.id.expiration.ms`. */
export function decideExpiry(body: Transaction | null): TransactionEffect[] {
  return body && body.status !== 'ongoing' ? [record({ type: 'transaction-removed' })] : []
}
