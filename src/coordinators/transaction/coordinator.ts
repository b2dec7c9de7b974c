// One transactional id as the coordinator that runtime.ts runs: each event goes to the verb that decides it.

import type { Batch } from '../../../storage/tables.ts'
import { arm, record, reply } from '../effect.ts'
import type { Coordinator, Outcome } from '../runtime.ts'
import { decideAdd } from './add.ts'
import { decideEnd, decideExpiry, decideTimeout } from './end.ts'
import type { TransactionAnswer, TransactionEffect, TransactionEvent, TransactionLimits, TransactionMoment } from './events.ts'
import { decideInit } from './init.ts'
import { type EndedRecord, type TransactionRecord, transactionTable } from './records.ts'
import { applyTransaction, expiryTimer, partitionKey, rowOf, type Transaction, type TransactionSlot, timeoutTimer } from './state.ts'

export interface TransactionCoordinatorOptions {
  limits(): TransactionLimits
  /** Adds the markers and the groups' offsets of an end to the batch that stores it. */
  writeEnd(batch: Batch, ended: EndedRecord): Outcome
}

export function createTransactionCoordinator(
  options: TransactionCoordinatorOptions,
): Coordinator<TransactionSlot, TransactionEvent, TransactionRecord, never, TransactionAnswer> {
  const withLimits = (moment: { nowMs: number; to: number }): TransactionMoment => ({ ...moment, limits: options.limits() })
  return {
    decide: (slot, event, moment) => decide(slot.body, event, withLimits(moment)),
    settle: () => [],
    apply: applyTransaction,
    due: (timer) => ({ verb: 'timer', timer }),
    write(batch, id, change) {
      if (change.type === 'transaction-removed') batch.delete(transactionTable, [id])
      else batch.put(transactionTable, [id], change.row)
      return change.type === 'transaction-ended' ? options.writeEnd(batch, change) : undefined
    },
    async load(tables, id) {
      const slot: TransactionSlot = { id, body: null }
      const row = await tables.get(transactionTable, [id])
      if (row) applyTransaction(slot, { type: 'transaction-changed', row })
      return slot
    },
    wake: (slot, nowMs) => wake(slot.body, withLimits({ nowMs, to: 0 })),
    commutes: () => false,
    needsQuiet: () => false,
    isGone: (slot) => slot.body === null,
  }
}

function decide(body: Transaction | null, event: TransactionEvent, moment: TransactionMoment): TransactionEffect[] {
  switch (event.verb) {
    case 'init':
      return decideInit(body, event, moment)
    case 'add':
      return decideAdd(body, event, moment)
    case 'end':
      return decideEnd(body, event, moment)
    case 'look':
      return [reply(moment.to, { error: 'NONE', producerId: -1, producerEpoch: -1 })]
    case 'timer':
      if (event.timer === expiryTimer) return decideExpiry(body)
      // Whatever else fires (the runtime's own retry after a full disk) looks at the deadline again.
      return overdue(body, moment) ? decideTimeout(body, moment) : []
    case 'forget-topic':
      return decideForget(body, event.topicId, moment)
  }
}

const overdue = (body: Transaction | null, { nowMs }: TransactionMoment): boolean =>
  body?.status === 'ongoing' && nowMs >= body.startedMs + body.timeoutMs

/** A topic is gone: its partitions cannot take a marker any more. */
function decideForget(body: Transaction | null, topicId: string, { to }: TransactionMoment): TransactionEffect[] {
  const answer = reply(to, { error: 'NONE' as const, producerId: -1, producerEpoch: -1 })
  const kept = [...(body?.partitions ?? [])].filter((key) => !key.startsWith(partitionKey(topicId, 0).slice(0, -1)))
  if (!body || kept.length === body.partitions.size) return [answer]
  return [record({ type: 'transaction-changed', row: { ...rowOf(body), partitions: kept } }), answer]
}

/** The broker was away: the transaction keeps its deadline, the id its expiry. */
function wake(body: Transaction | null, { limits }: TransactionMoment): TransactionEffect[] {
  if (!body) return []
  if (body.status === 'ongoing') return [arm(timeoutTimer, body.startedMs + body.timeoutMs)]
  return [arm(expiryTimer, body.updatedMs + limits.expirationMs)]
}
