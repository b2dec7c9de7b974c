// One group of any kind with its offsets, as the coordinator that runtime.ts runs: sends each event to the verb that decides it and each record to the
// code that applies it. A kind of group adds its state to `body` and its verbs to `decide`; none of the rules are here.
import type { Tables } from '../../../storage/tables.ts'
import { arm, change, record, reply } from '../effect.ts'
import type { Coordinator } from '../runtime.ts'
import { decideCommit, decideOffsetDelete, expireOfClassic } from './classic/commit.ts'
import { describeClassic } from './classic/describe.ts'
import { decideHeartbeat } from './classic/heartbeat.ts'
import { decideJoin } from './classic/join.ts'
import { decideLeave, decideSessionEnd } from './classic/leave.ts'
import { beginRebalance, decideDelayOver, decideJoinTimeout, settleRebalance } from './classic/rebalance.ts'
import { applyClassic, type ClassicGroup, newClassicGroup } from './classic/state.ts'
import { decideSync, decideSyncTimeout } from './classic/sync.ts'
import { type ConsumerVerbEvent, decideOfConsumer, decideWithoutConsumer, timersOfPending, wakeConsumer } from './consumer/decide.ts'
import { failedConsumerHeartbeat } from './consumer/events.ts'
import { settleConsumer } from './consumer/leave.ts'
import { expireOfConsumer } from './consumer/offsets.ts'
import { loadRegexes } from './consumer/regex.ts'
import { type ConsumerGroupRow, type ConsumerMemberRow, consumerMemberTable } from './consumer/rows.ts'
import { applyConsumer, type ConsumerGroup, copyConsumer, newConsumerGroup } from './consumer/state.ts'
import { faultOf } from './consumer/validate.ts'
import type { ConsumerWorld } from './consumer/world.ts'
import { delayTimer, type GroupEffect, type GroupMoment, type GroupSettings, joinTimer, sessionTimer, syncTimer } from './effects.ts'
import { type Answer, failures, type GroupEvent, type Request } from './events.ts'
import { decideUpgrade } from './migration/upgrade.ts'
import { applyOffset, fetchOffsets, type Offsets, type PendingOffsets, removeOffsets, settledOffsets } from './offsets.ts'
import {
  type GroupRecord,
  groupTable,
  memberTable,
  offsetTable,
  pendingOffsetTable,
  type StoredRecord,
  type VolatileRecord,
  writeRecord,
} from './records.ts'
import { together } from './spread.ts'

export interface Group {
  readonly id: string
  /** Null while there is no such group. */
  body: ClassicGroup | ConsumerGroup | null
  readonly offsets: Offsets
  /** Offsets of open transactions (KIP-98). */
  readonly pending: PendingOffsets
}

export type GroupCoordinator = Coordinator<Group, GroupEvent, StoredRecord, VolatileRecord, Answer>

const newGroup = (id: string): Group => ({ id, body: null, offsets: new Map(), pending: new Map() })

export interface GroupOptions {
  settings: GroupSettings
  /** The name of a topic; undefined once it is gone. */
  nameOf(topicId: string): string | undefined
  /** False where nothing is stored of a group, which spares asking the store. */
  isStored(groupId: string): boolean
  /** What consumer groups need to know beside that. */
  consumers: ConsumerWorld
}

export function createGroupCoordinator(options: GroupOptions): GroupCoordinator {
  return {
    decide: (group, event, moment) => decide(group, event, { ...moment, settings: options.settings }, options),
    settle: (group, nowMs) => settle(group, { nowMs, to: 0, settings: options.settings }, options),
    apply,
    due: (timer) => ({ verb: 'timer', timer }),
    write(batch, groupId, stored) {
      writeRecord(batch, groupId, stored)
      return undefined
    },
    load: (tables, groupId) => (options.isStored(groupId) ? load(tables, groupId) : newGroup(groupId)),
    wake: (group, nowMs) => wake(group, { nowMs, to: 0, settings: options.settings }, options),
    // Nothing but the reads and removals of offsets depends on them; those wait (needsQuiet).
    commutes: ({ type }) => type === 'offset-committed' || type === 'offset-pending' || type === 'group-created',
    needsQuiet: ({ verb }) => verb === 'delete' || verb === 'offset-delete' || verb === 'clean-up' || verb === 'topic-gone',
    isBatched: (group, { verb }) => group.body?.kind === 'consumer' && memberVerbs.has(verb),
    ahead: (group) => ({ ...group, body: group.body?.kind === 'consumer' ? copyConsumer(group.body) : group.body }),
    isGone: (group) => group.body === null && group.offsets.size === 0 && group.pending.size === 0,
  }
}

/** What members of a consumer group send, of which many may come at once. None of them looks at offsets. */
const memberVerbs: ReadonlySet<GroupEvent['verb']> = new Set(['consumer-heartbeat', 'heartbeat', 'join', 'sync', 'leave'])

function decide(group: Group, event: GroupEvent, moment: GroupMoment, options: GroupOptions): GroupEffect[] {
  switch (event.verb) {
    case 'delete':
      return decideDelete(group, event, moment)
    case 'drop-pending':
      return [...endTransaction(group, event.producerId, false).map(record), reply(moment.to, { error: 'NONE' })]
    case 'clean-up':
      return [...decideCleanUp(group, moment, options), reply(moment.to, { error: 'NONE' })]
    case 'topic-gone':
      return [...removeOffsets(group.offsets, event.topicId), reply(moment.to, { error: 'NONE' })]
    case 'consumer-heartbeat': {
      const fault = faultOf(event, options.consumers)
      if (fault) return [reply(moment.to, failedConsumerHeartbeat(fault.error, fault.message))]
    }
  }
  const { body } = group
  if (body?.kind !== 'consumer') return decideOfClassic(group, body, event, moment, options)
  if (event.verb === 'join' && body.members.size === 0) return turnClassic(group, event, moment, options)
  return decideOfConsumer(group, body, event, moment, options.consumers)
}

/** A group without members becomes what its next member needs. Its row stays that of the consumer group until the classic one has a generation to store. */
function turnClassic(group: Group, event: ConsumerVerbEvent & { verb: 'join' }, moment: GroupMoment, options: GroupOptions): GroupEffect[] {
  const effects = decideOfClassic(group, null, event, moment, options)
  return effects.every((effect) => effect.do === 'reply') ? effects : [change({ type: 'group-forgotten' }), ...effects]
}

function decideOfClassic(
  group: Group,
  body: ClassicGroup | null,
  event: ConsumerVerbEvent,
  moment: GroupMoment,
  options: GroupOptions,
): GroupEffect[] {
  const exists = body !== null
  const classic = body ?? newClassicGroup()
  switch (event.verb) {
    case 'consumer-heartbeat':
    case 'consumer-describe': {
      const isFree = classic.phase === 'empty'
      if (event.verb === 'consumer-heartbeat' && event.epoch === 0 && !isFree)
        return decideUpgrade(group.id, classic, event, moment, options.consumers)
      const effects = decideWithoutConsumer(group.id, isFree, exists, event, moment, options.consumers)
      return effects.some((effect) => effect.do === 'record') ? [...timersOfPending(classic.pending), ...effects] : effects
    }
    case 'timer':
      return decideTimer(classic, event.timer, moment)
    case 'join':
      return decideJoin(classic, exists, event, moment)
    case 'sync':
      return decideSync(classic, event, moment)
    case 'heartbeat':
      return decideHeartbeat(classic, event, moment)
    case 'leave':
      return decideLeave(classic, event, moment)
    case 'commit':
      return decideCommit(classic, exists, event, moment)
    case 'fetch':
      return [reply(moment.to, fetchOffsets(group.offsets, group.pending, event))]
    case 'describe':
      return [reply(moment.to, exists ? describeClassic(classic) : { ...failures.describe(event, 'GROUP_ID_NOT_FOUND'), state: 'Dead' })]
    case 'offset-delete':
      if (!exists) return [reply(moment.to, failures[event.verb](event, 'GROUP_ID_NOT_FOUND'))]
      return decideOffsetDelete(classic, group.offsets, event, moment)
  }
}

function decideTimer(group: ClassicGroup, timer: string, moment: GroupMoment): GroupEffect[] {
  const session = sessionTimer('')
  if (timer.startsWith(session)) return decideSessionEnd(group, timer.slice(session.length), moment)
  if (timer === joinTimer) return decideJoinTimeout(group, moment)
  if (timer === delayTimer) return decideDelayOver(group, moment)
  if (timer === syncTimer) return decideSyncTimeout(group, moment)
  // The runtime's own (storing again what there was no room for): asking the state what it calls for comes after each event anyway.
  return []
}

function decideDelete(group: Group, event: Request & { verb: 'delete' }, { to }: GroupMoment): GroupEffect[] {
  if (!group.body) return [reply(to, failures.delete(event, 'GROUP_ID_NOT_FOUND'))]
  if (!isEmpty(group.body)) return [reply(to, failures.delete(event, 'NON_EMPTY_GROUP'))]
  const timers = group.body.kind === 'classic' ? timersOfPending(group.body.pending) : []
  const pending = [...group.pending.keys()].flatMap((producerId) => endTransaction(group, producerId, false).map(record))
  return [...removeOffsets(group.offsets), ...pending, remove(group.body), ...timers, reply(to, { error: 'NONE' })]
}

/** The record that ends a producer's transaction in this group; none where it has no offsets here. */
export function endTransaction(group: Group, producerId: number, committed: boolean): (StoredRecord & { type: 'transaction-ended' })[] {
  const offsets = settledOffsets(group.offsets, group.pending, producerId, committed)
  return offsets.length === 0 ? [] : [{ type: 'transaction-ended', producerId, offsets }]
}

function decideCleanUp(group: Group, moment: GroupMoment, { nameOf }: GroupOptions): GroupEffect[] {
  if (!group.body) return []
  // Topics that went while the group was not in memory.
  const orphans = [...group.offsets.keys()].filter((topicId) => nameOf(topicId) === undefined)
  if (orphans.length > 0) return orphans.flatMap((topicId) => removeOffsets(group.offsets, topicId))
  const expire = group.body.kind === 'consumer' ? expireOfConsumer(group.body, group.offsets, moment, nameOf) : null
  const { effects, all } = expire ?? expireOfClassic(group.body as ClassicGroup, group.offsets, moment, nameOf)
  const isAwaited = group.body.kind === 'classic' && group.body.pending.size > 0
  if (all && group.pending.size === 0 && isEmpty(group.body) && !isAwaited) effects.push(remove(group.body))
  return effects
}

const isEmpty = (body: ClassicGroup | ConsumerGroup): boolean => (body.kind === 'classic' ? body.phase === 'empty' : body.members.size === 0)

const remove = (body: ClassicGroup | ConsumerGroup): GroupEffect =>
  record({ type: 'group-removed', gone: body.kind === 'classic' ? [...body.storedMembers] : [] })

function settle(group: Group, moment: GroupMoment, options: GroupOptions): GroupEffect[] {
  const { body, offsets } = group
  if (body?.kind === 'consumer') return settleConsumer(body, moment, options.consumers)
  if (!body) return []
  // Came into being for a member that never joined.
  const forgettable = body.phase === 'empty' && !body.stored && body.pending.size === 0 && offsets.size === 0 && group.pending.size === 0
  return forgettable ? [change({ type: 'group-forgotten' })] : settleRebalance(body, moment.nowMs)
}

function apply(group: Group, change: GroupRecord): void {
  switch (change.type) {
    case 'offset-committed':
      applyOffset(group.offsets, change.topicId, change.partition, change.row)
      break
    case 'offset-removed':
      applyOffset(group.offsets, change.topicId, change.partition, null)
      break
    case 'offset-pending': {
      let offsets = group.pending.get(change.producerId)
      if (!offsets) group.pending.set(change.producerId, (offsets = new Map()))
      applyOffset(offsets, change.topicId, change.partition, change.row)
      break
    }
    case 'transaction-ended':
      applyTransactionEnd(group, change)
      break
    case 'group-removed':
    case 'group-forgotten':
      group.body = null
      break
    case 'turned-consumer':
      group.body = newConsumerGroup(0)
      applyConsumer(group.body, { type: 'consumer-changed', row: change.row, members: change.members, gone: [] })
      break
    case 'turned-classic':
      group.body = newClassicGroup()
      applyClassic(group.body, { type: 'generation-stable', row: change.row, members: change.members, gone: [] })
      break
    case 'consumer-changed':
    case 'consumer-expired':
    case 'consumer-asked':
    case 'consumer-topics-seen':
      if (group.body?.kind !== 'consumer') group.body = newConsumerGroup(0)
      applyConsumer(group.body, change)
      break
    default:
      // A row for offsets that became durable when the group already had consumer members.
      if (group.body?.kind === 'consumer') break
      group.body ??= newClassicGroup()
      applyClassic(group.body, change)
  }
}

function applyTransactionEnd(group: Group, { producerId, offsets }: StoredRecord & { type: 'transaction-ended' }): void {
  const pending = group.pending.get(producerId)
  for (const { topicId, partition, row } of offsets) {
    if (pending) applyOffset(pending, topicId, partition, null)
    if (row) applyOffset(group.offsets, topicId, partition, row)
  }
  if (pending?.size === 0) group.pending.delete(producerId)
}

/** Recovery: what is stored, applied as if it had just been decided. */
async function load(tables: Tables, groupId: string): Promise<Group> {
  const group = newGroup(groupId)
  const row = await tables.get(groupTable, [groupId])
  if (!row) return group
  const [memberRows, offsetRows, pendingRows] = await Promise.all([
    tables.list(memberTable, [groupId]),
    tables.list(offsetTable, [groupId]),
    tables.list(pendingOffsetTable, [groupId]),
  ])
  if (row.kind === 'consumer') {
    await loadConsumer(group, tables, row)
  } else if (memberRows.length > 0) {
    const members = memberRows.map(({ key, row }) => [String(key[1]), row] as const)
    apply(group, { type: 'generation-stable', row, members, gone: [] })
  } else {
    apply(group, { type: 'group-empty', row, gone: [] })
  }
  for (const { key, row } of offsetRows) {
    apply(group, { type: 'offset-committed', topicId: String(key[1]), partition: Number(key[2]), row })
  }
  for (const { key, row } of pendingRows) {
    apply(group, { type: 'offset-pending', producerId: Number(key[1]), topicId: String(key[2]), partition: Number(key[3]), row })
  }
  return group
}

async function loadConsumer(group: Group, tables: Tables, row: ConsumerGroupRow): Promise<void> {
  const rows = await tables.list(consumerMemberTable, [group.id])
  if (rows.some((member) => member.row.topicRegex !== null)) await loadRegexes()
  apply(group, {
    type: 'consumer-changed',
    row: { ...row, assignedAtMs: row.assignedAtMs ?? 0 },
    members: rows.map(({ key, row: member }) => [String(key[1]), completed(member)] as const),
    gone: [],
  })
}

/** A row of an earlier version, with what it lacks. */
const completed = (row: ConsumerMemberRow): ConsumerMemberRow => ({
  ...row,
  classic: row.classic ?? null,
  given: row.given ?? [[row.epoch, together(row.assigned, row.revoking)]],
})

/** Members of a group that was just loaded have a whole session to be heard of: the broker was away, not they. */
function wake(group: Group, moment: GroupMoment, options: GroupOptions): GroupEffect[] {
  if (!group.body) return []
  if (group.body.kind === 'consumer') return wakeConsumer(group.id, group.body, moment, options.consumers)
  const { members } = group.body
  const effects: GroupEffect[] = Array.from(members.values(), (member) => arm(sessionTimer(member.id), moment.nowMs + member.sessionTimeoutMs))
  // The limit was lowered: rebalancing turns the surplus away.
  if (members.size > moment.settings.get('group.max.size')) effects.push(...beginRebalance(group.body, moment, {}))
  return effects
}
