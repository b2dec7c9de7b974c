// One partition of one share group as the machine that runtime.ts runs: what is asked of it, what it answers, how it is stored. What is handed out is volatile;
// what is settled or given back is stored before it is answered. After a restart nobody holds anything, and what was out is available with its delivery count.
import { type Batch, table } from '../../../storage/tables.ts'
import { arm, cancel, change, type Effect, record, reply } from '../effect.ts'
import type { Coordinator, Moment, Refusal } from '../runtime.ts'
import { type AcquiredRange, type AcquireRequest, acquire } from './acquire.ts'
import {
  type AcknowledgedRange,
  type AcknowledgeFault,
  acknowledge,
  bury,
  emptyState,
  free,
  lapse,
  nextLapseMs,
  type ReleaseRules,
  releaseOwner,
  type SharePartitionState,
  stateOf,
  trimTo,
  unheld,
} from './partition-state.ts'

/** What of a group's configs acts on its partitions. */
export interface SharePartitionRules extends ReleaseRules {
  readonly lockMs: number
  readonly inFlightMax: number
  readonly mayRenew: boolean
}

export type SharePartitionEvent =
  /** The group's first look at the partition: it stands at `offset` unless it stands somewhere already. */
  | { readonly verb: 'begin'; readonly offset: number }
  /** An administrator moves the group; what was in flight is forgotten. */
  | { readonly verb: 'place'; readonly offset: number }
  | ({ readonly verb: 'acquire'; readonly logStartOffset: number } & Omit<AcquireRequest, 'lockedUntilMs' | 'inFlightMax' | 'deliveryCountLimit'>)
  | { readonly verb: 'acknowledge'; readonly owner: string; readonly ranges: readonly AcknowledgedRange[] }
  | { readonly verb: 'release'; readonly owner: string }
  /** What was given up of these offsets is in the dead letter queue, or cannot be. */
  | { readonly verb: 'bury'; readonly first: number; readonly last: number }
  | { readonly verb: 'remove' }
  /** Has the group begun here? Brings it into memory. */
  | { readonly verb: 'look' }
  | { readonly verb: 'timer' }

export type SharePartitionError = 'NONE' | AcknowledgeFault | 'renew-disabled' | 'not-begun' | Refusal

export interface SharePartitionAnswer {
  readonly error: SharePartitionError
  readonly acquired: readonly AcquiredRange[]
}

/** Runs as numbers, four each: offset from the start, length, state, delivery count. */
export interface SharePartitionRow {
  readonly startOffset: number
  readonly endOffset: number
  readonly runs: readonly number[]
  /** The group has looked here and settled nothing. Not in rows of earlier versions. */
  readonly untouched?: true
}

/** Key: group id, topic id, partition. */
export const sharePartitionTable = table<SharePartitionRow>('share-partitions')

/** Null while the group has not begun on the partition. */
export interface SharePartitionSlot {
  body: SharePartitionState | null
  /** Nothing was settled or given back here yet: as in Kafka, where the group stands is nobody's business until then. */
  untouched: boolean
}

export type SharePartitionRecord =
  | { readonly type: 'begun'; readonly state: SharePartitionState }
  | { readonly type: 'moved'; readonly state: SharePartitionState }
  | { readonly type: 'acquired'; readonly state: SharePartitionState }
  | { readonly type: 'removed' }

type PartitionEffect = Effect<SharePartitionRecord, SharePartitionRecord, SharePartitionAnswer>

const stateCodes = ['available', 'acknowledged', 'archived', 'rejected', 'spent'] as const
const lapseTimer = 'lapse'

export const keyOf = (groupId: string, topicId: string, partition: number): string => `${topicId}/${partition}/${groupId}`

export function partsOf(key: string): [groupId: string, topicId: string, partition: number] {
  const first = key.indexOf('/')
  const second = key.indexOf('/', first + 1)
  return [key.slice(second + 1), key.slice(0, first), Number(key.slice(first + 1, second))]
}

export function rowOf(state: SharePartitionState): SharePartitionRow {
  const { startOffset, endOffset, runs } = unheld(state)
  const numbers = runs.flatMap(({ first, last, state: name, deliveryCount }) => [
    first - startOffset,
    last - first + 1,
    stateCodes.indexOf(name as (typeof stateCodes)[number]),
    deliveryCount,
  ])
  return { startOffset, endOffset, runs: numbers }
}

export function stateOfRow({ startOffset, endOffset, runs }: SharePartitionRow): SharePartitionState {
  if (runs.length === 0) return emptyState(endOffset)
  const read = []
  for (let at = 0; at < runs.length; at += 4) {
    const first = startOffset + runs[at]!
    read.push(free(first, first + runs[at + 1]! - 1, stateCodes[runs[at + 2]!]!, runs[at + 3]!))
  }
  return stateOf(read, endOffset)
}

export interface SharePartitionOptions {
  rulesOf(groupId: string): SharePartitionRules
  /** Told when something may have become available, or was given up. */
  moved(key: string, state: SharePartitionState | null): void
}

/** The slot carries its key, so that a decision finds its group's rules. */
export interface KeyedSlot extends SharePartitionSlot {
  readonly key: string
}

export type SharePartitionCoordinator = Coordinator<KeyedSlot, SharePartitionEvent, SharePartitionRecord, SharePartitionRecord, SharePartitionAnswer>

export function createSharePartitionCoordinator(options: SharePartitionOptions): SharePartitionCoordinator {
  return {
    decide: (slot, event, moment) => decideSharePartition(slot.body, event, moment, options.rulesOf(partsOf(slot.key)[0])),
    settle: () => [],
    apply(slot, change) {
      slot.body = change.type === 'removed' ? null : change.state
      if (change.type !== 'acquired') {
        slot.untouched = change.type === 'begun'
        options.moved(slot.key, slot.body)
      }
    },
    due: () => ({ verb: 'timer' }),
    write: writeRecord,
    async load(tables, key) {
      const row = await tables.get(sharePartitionTable, partsOf(key))
      return { key, body: row ? stateOfRow(row) : null, untouched: row?.untouched === true }
    },
    wake: () => [],
    commutes: () => false,
    needsQuiet: () => false,
    isGone: ({ body }) => body === null,
  }
}

function writeRecord(batch: Batch, key: string, change: SharePartitionRecord): undefined {
  if (change.type === 'removed') batch.delete(sharePartitionTable, partsOf(key))
  else batch.put(sharePartitionTable, partsOf(key), change.type === 'begun' ? { ...rowOf(change.state), untouched: true } : rowOf(change.state))
}

const answer = ({ to }: Moment, error: SharePartitionError, acquired: readonly AcquiredRange[] = []): PartitionEffect[] =>
  to === 0 ? [] : [reply(to, { error, acquired })]

function decideSharePartition(
  state: SharePartitionState | null,
  event: SharePartitionEvent,
  moment: Moment,
  rules: SharePartitionRules,
): PartitionEffect[] {
  if (event.verb === 'begin') {
    return state ? answer(moment, 'NONE') : [record({ type: 'begun', state: emptyState(event.offset) }), ...answer(moment, 'NONE')]
  }
  if (event.verb === 'place') return [record({ type: 'moved', state: emptyState(event.offset) }), cancel(lapseTimer), ...answer(moment, 'NONE')]
  if (!state) return answer(moment, 'not-begun')
  switch (event.verb) {
    case 'acquire':
      return decideAcquire(state, event, moment, rules)
    case 'acknowledge':
      return decideAcknowledge(state, event, moment, rules)
    case 'look':
      return answer(moment, 'NONE')
    case 'release':
      return settleInto(releaseOwner(state, event.owner, rules), moment)
    case 'bury':
      return settleInto(bury(state, event.first, event.last), moment)
    case 'remove':
      return [record({ type: 'removed' }), cancel(lapseTimer), ...answer(moment, 'NONE')]
    case 'timer':
      return decideLapse(state, moment, rules)
  }
}

function decideAcquire(
  state: SharePartitionState,
  event: SharePartitionEvent & { verb: 'acquire' },
  moment: Moment,
  rules: SharePartitionRules,
): PartitionEffect[] {
  // Where a hold has lapsed by the clock, its timer is about to say so and to store it; until then it is held.
  const { state: next, acquired } = acquire(trimTo(state, event.logStartOffset) ?? state, {
    ...event,
    lockedUntilMs: moment.nowMs + rules.lockMs,
    inFlightMax: rules.inFlightMax,
    deliveryCountLimit: rules.deliveryCountLimit,
  })
  return [change({ type: 'acquired', state: next }), ...watch(next), ...answer(moment, 'NONE', acquired)]
}

function decideAcknowledge(
  state: SharePartitionState,
  event: SharePartitionEvent & { verb: 'acknowledge' },
  moment: Moment,
  rules: SharePartitionRules,
): PartitionEffect[] {
  const types = new Set(event.ranges.flatMap((range) => range.types))
  if (types.has('renew') && !rules.mayRenew) return answer(moment, 'renew-disabled')
  const { owner, ranges } = event
  const next = acknowledge(state, ranges, { ...rules, owner, lockedUntilMs: moment.nowMs + rules.lockMs })
  if (typeof next === 'string') return answer(moment, next)
  // Renewing settles nothing: holds are not stored.
  if (types.size === 1 && types.has('renew')) return [change({ type: 'acquired', state: next }), ...watch(next), ...answer(moment, 'NONE')]
  return settleInto(next, moment)
}

function decideLapse(state: SharePartitionState, moment: Moment, rules: SharePartitionRules): PartitionEffect[] {
  const next = lapse(state, moment.nowMs, rules)
  return next ? settleInto(next, moment) : watch(state)
}

function settleInto(next: SharePartitionState | null, moment: Moment): PartitionEffect[] {
  if (!next) return answer(moment, 'NONE')
  return [record({ type: 'moved', state: next }), ...watch(next), ...answer(moment, 'NONE')]
}

function watch(state: SharePartitionState): PartitionEffect[] {
  const atMs = nextLapseMs(state)
  return [atMs === null ? cancel(lapseTimer) : arm(lapseTimer, atMs)]
}
