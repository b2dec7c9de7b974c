// One partition of one queue as the machine that runtime.ts runs: the records' states are a share group's (partition-state.ts, acquire.ts), and so is handing
// them out. What a queue has beside a share group: everything is stored, holds and delivery counts too, since a visibility timeout may last for hours and a
// receipt must outlive a restart; a receipt speaks of one record; and what was delivered too often is kept as a dead letter (queue-state.ts).
import { type Batch, table } from '../../../storage/tables.ts'
import { arm, cancel, change, type Effect, record, reply } from '../effect.ts'
import { queueDeadLettersMax, queueInFlightMax } from '../limits.ts'
import type { Coordinator, Moment, Refusal } from '../runtime.ts'
import { acquire, mayAcquire, type ReadBatch } from './acquire.ts'
import { emptyState, nextLapseMs, type SharePartitionState, trimTo } from './partition-state.ts'
import {
  acknowledgeOne,
  type DeadLetter,
  holdOne,
  isSettled,
  type QueuePartitionRow,
  queueRowOf,
  type Receipt,
  type ReceiptFault,
  revive,
  stateOfQueueRow,
  sweep,
} from './queue-state.ts'

export interface QueueRules {
  /** Received so often, a record becomes a dead letter; infinity where none does. */
  readonly receiveCountMax: number
}

/** What is to become of a received record. */
export type Settlement = 'acknowledge' | 'restore' | { readonly holdMs: number }

export type QueueEvent =
  /** Hands out records of what was read. */
  | {
      readonly verb: 'receive'
      readonly logStartOffset: number
      readonly recordsMax: number
      readonly holdMs: number
      readonly readFrom: number
      readonly batches: readonly ReadBatch[]
    }
  /** Settles or holds on to what was received, one by one. */
  | { readonly verb: 'settle'; readonly receipts: readonly (Receipt & { readonly to: Settlement })[] }
  /** Hands out dead letters. */
  | { readonly verb: 'receive-dead'; readonly logStartOffset: number; readonly recordsMax: number; readonly holdMs: number }
  | { readonly verb: 'settle-dead'; readonly receipts: readonly (Receipt & { readonly to: Settlement })[] }
  /** Dead letters whose records are no longer in the log. */
  | { readonly verb: 'drop-dead'; readonly offsets: readonly number[] }
  /** Brings the partition into memory. */
  | { readonly verb: 'look' }
  | { readonly verb: 'remove' }
  | { readonly verb: 'timer' }

/** A record as it was handed out. */
export interface Received extends Receipt {
  readonly firstMs: number
}

export interface QueueAnswer {
  readonly error: 'NONE' | 'removed' | Refusal
  readonly received: readonly Received[]
  /** Of each receipt, in order; null where it was done. */
  readonly faults: readonly (ReceiptFault | null)[]
}

/** Key: queue id, partition. */
export const queuePartitionTable = table<QueuePartitionRow>('queue-partitions')
interface DeadLetterRow extends Omit<DeadLetter, 'offset'> {}
/** Key: queue id, partition, offset. */
const deadLetterTable = table<DeadLetterRow>('queue-dead-letters')

export interface QueueSlot {
  readonly key: string
  live: SharePartitionState
  /** By offset. */
  readonly dead: Map<number, DeadLetter>
  receives: number
  isRemoved: boolean
}

/** The partition after an event; of the dead letters only what changes. */
interface Step {
  readonly live: SharePartitionState
  readonly receives: number
  /** New, or changed. */
  readonly dead?: readonly DeadLetter[]
  readonly noLongerDead?: readonly number[]
}
export type QueueRecord =
  /** `frees`: something may have become visible. */
  { readonly type: 'step'; readonly step: Step; readonly frees: boolean } | { readonly type: 'removed'; readonly dead: readonly number[] }
type QueueEffect = Effect<QueueRecord, QueueRecord, QueueAnswer>

export interface QueuePartitionOptions {
  /** Null for a queue that is gone. */
  rulesOf(queueId: string): QueueRules | null
  /** Where the queue begins on a partition. */
  startOf(queueId: string, partition: number): number
  /** Told when something may have become visible. */
  moved(queueId: string, partition: number): void
}

export const queueKeyOf = (queueId: string, partition: number): string => `${queueId}/${partition}`
export function queuePartsOf(key: string): [queueId: string, partition: number] {
  const slash = key.lastIndexOf('/')
  return [key.slice(0, slash), Number(key.slice(slash + 1))]
}

const lapseTimer = 'lapse'

export type QueueCoordinator = Coordinator<QueueSlot, QueueEvent, QueueRecord, QueueRecord, QueueAnswer>

export function createQueueCoordinator(options: QueuePartitionOptions): QueueCoordinator {
  const rulesOf = ({ key }: QueueSlot): QueueRules | null => options.rulesOf(queuePartsOf(key)[0])
  return {
    decide: (slot, event, moment) => decideQueue(slot, event, moment, rulesOf(slot)),
    settle: () => [],
    apply(slot, done) {
      applyQueue(slot, done)
      if (done.type === 'removed' || done.frees) options.moved(...queuePartsOf(slot.key))
    },
    due: () => ({ verb: 'timer' }),
    write: (batch, key, done) => writeQueue(batch, key, done),
    async load(tables, key) {
      const parts = queuePartsOf(key)
      const row = await tables.get(queuePartitionTable, parts)
      const dead = await tables.list(deadLetterTable, parts)
      return {
        key,
        live: row ? stateOfQueueRow(row) : emptyState(options.startOf(...parts)),
        dead: new Map(dead.map(({ key: [, , offset], row: letter }) => [Number(offset), { offset: Number(offset), ...letter }])),
        receives: row?.receives ?? 0,
        isRemoved: false,
      }
    },
    wake: ({ live }) => watch(live),
    commutes: () => false,
    needsQuiet: () => false,
    isGone: (slot) => slot.isRemoved || rulesOf(slot) === null,
  }
}

/** May anything be received, if the log has records before `logEndOffset`? */
export const mayReceive = ({ live, dead }: QueueSlot, logEndOffset: number): boolean => mayAcquire(live, logEndOffset, room(dead))

/** Beyond its bound of dead letters a queue hands out nothing that is new to it. */
const room = (dead: ReadonlyMap<number, DeadLetter>): number => (dead.size >= queueDeadLettersMax ? 0 : queueInFlightMax)

/** When the first dead letter can be received: in the past where one can be now, null without any. */
export function deadVisibleAtMs(slot: QueueSlot | undefined): number | null {
  let soonest: number | null = null
  for (const { lockedUntilMs } of slot?.dead.values() ?? []) {
    if (lockedUntilMs === 0) return 0
    if (soonest === null || lockedUntilMs < soonest) soonest = lockedUntilMs
  }
  return soonest
}

function applyQueue(slot: QueueSlot, done: QueueRecord): void {
  if (done.type === 'removed') {
    slot.isRemoved = true
    return
  }
  const { live, receives, dead = [], noLongerDead = [] } = done.step
  slot.live = live
  slot.receives = receives
  for (const offset of noLongerDead) slot.dead.delete(offset)
  for (const letter of dead) slot.dead.set(letter.offset, letter)
}

function writeQueue(batch: Batch, key: string, done: QueueRecord): undefined {
  const parts = queuePartsOf(key)
  if (done.type === 'removed') {
    batch.delete(queuePartitionTable, parts)
    for (const offset of done.dead) batch.delete(deadLetterTable, [...parts, offset])
    return
  }
  const { live, receives, dead = [], noLongerDead = [] } = done.step
  batch.put(queuePartitionTable, parts, queueRowOf(live, receives))
  for (const offset of noLongerDead) batch.delete(deadLetterTable, [...parts, offset])
  for (const { offset, ...letter } of dead) batch.put(deadLetterTable, [...parts, offset], letter)
}

const answer = ({ to }: Moment, error: QueueAnswer['error'], rest: Partial<QueueAnswer> = {}): QueueEffect[] =>
  to === 0 ? [] : [reply(to, { error, received: [], faults: [], ...rest })]

function watch(live: SharePartitionState): QueueEffect[] {
  const atMs = nextLapseMs(live)
  return [atMs === null ? cancel(lapseTimer) : arm(lapseTimer, atMs)]
}

const store = (step: Step, frees: boolean): QueueEffect[] => [record({ type: 'step', step, frees }), ...watch(step.live)]

/** The slot as it is at this moment: no hold outlasts its time, and who was received too often is dead. */
interface Swept {
  readonly slot: QueueSlot
  readonly live: SharePartitionState
  readonly died: readonly DeadLetter[]
  /** Is that another state than the stored one? */
  readonly isNews: boolean
  readonly rules: QueueRules
  readonly moment: Moment
}

function decideQueue(slot: QueueSlot, event: QueueEvent, moment: Moment, rules: QueueRules | null): QueueEffect[] {
  if (event.verb === 'remove')
    return [record<QueueRecord>({ type: 'removed', dead: [...slot.dead.keys()] }), cancel(lapseTimer), ...answer(moment, 'NONE')]
  if (slot.isRemoved || !rules) return [cancel(lapseTimer), ...answer(moment, 'removed')]
  const found = sweep(slot.live, moment.nowMs, rules.receiveCountMax)
  const swept = { slot, live: found?.state ?? slot.live, died: found?.dead ?? [], isNews: found !== null, rules, moment }
  switch (event.verb) {
    case 'receive':
      return decideReceive(swept, event)
    case 'settle':
      return decideSettle(swept, event.receipts)
    case 'receive-dead':
      return decideReceiveDead(swept, event)
    case 'settle-dead':
      return decideSettleDead(swept, event.receipts)
    case 'drop-dead':
      return [...store({ live: swept.live, receives: slot.receives, dead: swept.died, noLongerDead: event.offsets }, true), ...answer(moment, 'NONE')]
    case 'look':
    case 'timer':
      return [...nothingMore(swept), ...answer(moment, 'NONE')]
  }
}

/** What the event itself changes nothing of. */
const nothingMore = ({ slot, live, died, isNews }: Swept): QueueEffect[] =>
  isNews ? store({ live, receives: slot.receives, dead: died }, true) : watch(live)

const letterOf = ({ slot, died }: Swept, offset: number): DeadLetter | undefined =>
  slot.dead.get(offset) ?? died.find((letter) => letter.offset === offset)

function decideReceive(swept: Swept, event: QueueEvent & { verb: 'receive' }): QueueEffect[] {
  const { slot, died, isNews, rules, moment } = swept
  const owner = String(slot.receives + 1)
  const { state: live } = acquire(trimTo(swept.live, event.logStartOffset) ?? swept.live, {
    owner,
    lockedUntilMs: moment.nowMs + event.holdMs,
    firstMs: moment.nowMs,
    recordsMax: event.recordsMax,
    strict: true,
    batchSize: 1,
    inFlightMax: room(slot.dead),
    deliveryCountLimit: rules.receiveCountMax,
    readFrom: event.readFrom,
    batches: event.batches,
  })
  const received = live.runs
    .filter((run) => run.owner === owner)
    .flatMap(({ first, last, deliveryCount, firstMs }) =>
      Array.from({ length: last - first + 1 }, (_, i): Received => ({ offset: first + i, owner, deliveryCount, firstMs })),
    )
  // Passed over what nobody is to see: no matter if that is forgotten.
  if (received.length === 0 && !isNews)
    return [change({ type: 'step', step: { live, receives: slot.receives }, frees: false }), ...answer(moment, 'NONE')]
  return [...store({ live, receives: slot.receives + 1, dead: died }, isNews), ...answer(moment, 'NONE', { received })]
}

function decideSettle(swept: Swept, receipts: readonly (Receipt & { to: Settlement })[]): QueueEffect[] {
  const { slot, died, rules, moment } = swept
  let { live } = swept
  const faults = receipts.map((receipt): ReceiptFault | null => {
    if (receipt.to === 'restore' || letterOf(swept, receipt.offset)) return 'gone'
    const next = receipt.to === 'acknowledge' ? acknowledgeOne(live, receipt) : holdOne(live, receipt, moment.nowMs + receipt.to.holdMs)
    if (typeof next === 'string') return next
    live = next
    return null
  })
  if (live === swept.live) return [...nothingMore(swept), ...answer(moment, 'NONE', { faults })]
  // A hold that was moved to now has ended.
  const again = sweep(live, moment.nowMs, rules.receiveCountMax)
  const step = { live: again?.state ?? live, receives: slot.receives, dead: [...died, ...(again?.dead ?? [])] }
  return [...store(step, true), ...answer(moment, 'NONE', { faults })]
}

function decideReceiveDead(swept: Swept, event: QueueEvent & { verb: 'receive-dead' }): QueueEffect[] {
  const { slot, live, died, moment } = swept
  const receives = slot.receives + 1
  const noLongerDead: number[] = []
  const received: DeadLetter[] = []
  for (const letter of [...slot.dead.values(), ...died]) {
    if (letter.offset < event.logStartOffset) noLongerDead.push(letter.offset)
    else if (letter.lockedUntilMs <= moment.nowMs && received.length < event.recordsMax)
      received.push({ ...letter, deliveryCount: letter.deliveryCount + 1, owner: String(receives), lockedUntilMs: moment.nowMs + event.holdMs })
  }
  if (received.length === 0 && noLongerDead.length === 0) return [...nothingMore(swept), ...answer(moment, 'NONE')]
  const dead = [...died.filter(({ offset }) => offset >= event.logStartOffset), ...received]
  return [...store({ live, receives, dead, noLongerDead }, swept.isNews), ...answer(moment, 'NONE', { received })]
}

function decideSettleDead(swept: Swept, receipts: readonly (Receipt & { to: Settlement })[]): QueueEffect[] {
  const { slot, died, moment } = swept
  let { live } = swept
  const changed = new Map<number, DeadLetter | null>()
  const faults = receipts.map(({ offset, owner, to }): ReceiptFault | null => {
    const letter = changed.has(offset) ? changed.get(offset) : letterOf(swept, offset)
    // As with records: acknowledging again does no harm. A restored one, though, is in the queue.
    if (!letter) return to === 'acknowledge' && isSettled(live, offset) ? null : 'gone'
    if (letter.owner !== owner) return 'superseded'
    if (typeof to === 'object') {
      if (letter.lockedUntilMs <= moment.nowMs) return 'not-in-flight'
      changed.set(offset, { ...letter, lockedUntilMs: moment.nowMs + to.holdMs })
      return null
    }
    if (to === 'restore') live = revive(live, letter)
    changed.set(offset, null)
    return null
  })
  if (changed.size === 0) return [...nothingMore(swept), ...answer(moment, 'NONE', { faults })]
  const dead = [...died, ...[...changed.values()].filter((letter) => letter !== null)]
  const noLongerDead = [...changed].filter(([, letter]) => letter === null).map(([offset]) => offset)
  return [...store({ live, receives: slot.receives, dead, noLongerDead }, true), ...answer(moment, 'NONE', { faults })]
}
