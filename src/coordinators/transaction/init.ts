// InitProducerId: a producer takes over its transactional id. Whoever had it before is fenced by the epoch; what it left open is aborted.
import { arm, cancel, record, reply } from '../effect.ts'
import { failed, type InitEvent, type TransactionEffect, type TransactionMoment } from './events.ts'
import { ended, expiryTimer, fencingEpoch, nextEpoch, rowOf, type Transaction, timeoutTimer } from './state.ts'

export function decideInit(body: Transaction | null, event: InitEvent, moment: TransactionMoment): TransactionEffect[] {
  const { to, nowMs, limits } = moment
  if (event.timeoutMs <= 0 || event.timeoutMs > limits.timeoutMsMax) return [reply(to, failed('INVALID_TRANSACTION_TIMEOUT'))]
  if (!body) return begin(event, moment)
  const claim = claimOf(body, event)
  if (claim === 'fenced') return [reply(to, failed('PRODUCER_FENCED'))]
  if (claim === 'retry') {
    const answer = reply(to, { error: 'NONE' as const, producerId: body.producerId, producerEpoch: body.producerEpoch })
    if (body.status === 'empty') return [answer]
    const row = { ...rowOf(body), ...begun(event, nowMs) }
    return [record({ type: 'transaction-changed', row }), arm(expiryTimer, nowMs + limits.expirationMs), answer]
  }

  const open = body.status === 'ongoing'
  // An open transaction is aborted under an epoch of its own, which fences its producer; the new one starts an epoch later, as in Kafka.
  const markerEpoch = open ? fencingEpoch(body.producerEpoch) : body.producerEpoch
  const epoch = nextEpoch(markerEpoch)
  if (epoch === null && event.freshProducerId === null) return [reply(to, failed('CONCURRENT_TRANSACTIONS'))]
  const after = {
    producerId: epoch === null ? event.freshProducerId! : body.producerId,
    producerEpoch: epoch ?? 0,
    lastProducerId: body.producerId,
    // Only one who named its epoch may come again for the answer.
    lastProducerEpoch: event.producerId === -1 ? -1 : event.producerEpoch,
    ...begun(event, nowMs),
  }
  const change = open
    ? record(ended(body, false, markerEpoch, after, nowMs))
    : record({ type: 'transaction-changed' as const, row: { ...rowOf(body), ...after } })
  return [
    change,
    cancel(timeoutTimer),
    arm(expiryTimer, nowMs + limits.expirationMs),
    reply(to, { error: 'NONE', producerId: after.producerId, producerEpoch: after.producerEpoch }),
  ]
}

const begun = ({ timeoutMs }: InitEvent, nowMs: number) => ({ timeoutMs, status: 'empty' as const, startedMs: -1, updatedMs: nowMs })

/** The first producer of a transactional id. One that names an id from before it was forgotten starts over all the same. */
function begin(event: InitEvent, { to, nowMs, limits }: TransactionMoment): TransactionEffect[] {
  const producerId = event.freshProducerId
  // It was still known when the request came, and has expired since.
  if (producerId === null) return [reply(to, failed('CONCURRENT_TRANSACTIONS'))]
  const row = {
    producerId,
    producerEpoch: 0,
    lastProducerId: -1,
    lastProducerEpoch: -1,
    partitions: [],
    groups: [],
    ...begun(event, nowMs),
  }
  return [
    record({ type: 'transaction-changed', row }),
    arm(expiryTimer, nowMs + limits.expirationMs),
    reply(to, { error: 'NONE', producerId, producerEpoch: 0 }),
  ]
}

/** Does the producer have a right to the id? Without naming what it had, always (KIP-360). */
function claimOf(body: Transaction, { producerId, producerEpoch }: InitEvent): 'granted' | 'retry' | 'fenced' {
  if (producerId === -1) return 'granted'
  if (producerId === body.producerId && producerEpoch === body.producerEpoch) return 'granted'
  const had = producerId === body.lastProducerId && producerEpoch === body.lastProducerEpoch && body.lastProducerEpoch !== -1
  if (!had) return 'fenced'
  // Where a transaction is open in the epoch that it was given, somebody has taken that up: it begins anew.
  return body.status === 'ongoing' ? 'granted' : 'retry'
}
