// Who is in a share group and reads from where (KIP-932): joins, heartbeats, leaving, silence. Every member is given its partitions with its next heartbeat; unlike
// in consumer groups nobody has to let go first, since partitions may be shared. Which records a member holds is partition-coordinator.ts's.
import { type Batch, type Tables, table } from '../../../storage/tables.ts'
import { arm, cancel, change, type Effect, record, reply } from '../effect.ts'
import type { Coordinator, Moment } from '../runtime.ts'
import { type Assignment, assignSimple } from './simple-assignor.ts'

export type ShareGroupError =
  | 'NONE'
  | 'UNKNOWN_MEMBER_ID'
  | 'FENCED_MEMBER_EPOCH'
  | 'GROUP_ID_NOT_FOUND'
  | 'GROUP_MAX_SIZE_REACHED'
  | 'NON_EMPTY_GROUP'
  | 'INVALID_REQUEST'
  | 'COORDINATOR_LOAD_IN_PROGRESS'
  | 'COORDINATOR_NOT_AVAILABLE'

export interface ShareMember {
  readonly id: string
  readonly rackId: string | null
  readonly clientId: string
  readonly clientHost: string
  readonly epoch: number
  /** Before the last change: a heartbeat whose answer was lost comes with it again. */
  readonly previousEpoch: number
  readonly topicNames: readonly string[]
  readonly assigned: Assignment
}

export interface ShareGroup {
  readonly id: string
  exists: boolean
  /** Goes up with every change of members, subscriptions or topics. */
  epoch: number
  readonly members: Map<string, ShareMember>
  /** What everybody is to have; null until it is worked out after a restart. */
  target: ReadonlyMap<string, Assignment> | null
  /** The epoch for which it was worked out: behind the group's while the assignment interval has it wait. */
  assignmentEpoch: number
  /** When it was; nobody waits for what an empty group had. */
  assignedAtMs: number
  /** The topics behind the target, as text, and the version of all topics at which they were looked at. */
  topicsText: string
  topicsVersion: number
}

/** Key: group id. */
export const shareGroupTable = table<{ readonly epoch: number; readonly memberCount: number }>('share-groups')
interface MemberRow extends Omit<ShareMember, 'id' | 'assigned'> {
  readonly assigned: readonly (readonly [string, readonly number[]])[]
}
/** Key: group id, member id. */
const shareMemberTable = table<MemberRow>('share-members')

export interface HeartbeatEvent {
  readonly verb: 'heartbeat'
  readonly memberId: string
  /** 0 joins, -1 leaves. */
  readonly epoch: number
  readonly rackId: string | null
  readonly clientId: string
  readonly clientHost: string
  /** Null where they have not changed. */
  readonly topicNames: readonly string[] | null
}

export type ShareGroupEvent =
  | HeartbeatEvent
  | { readonly verb: 'create' }
  | { readonly verb: 'describe' }
  | { readonly verb: 'delete' }
  | { readonly verb: 'timer'; readonly timer: string }

export interface ShareGroupAnswer {
  readonly error: ShareGroupError
  readonly message: string | null
  readonly memberEpoch: number
  /** Null where nothing has changed. */
  readonly assigned: Assignment | null
  /** For describe. */
  readonly group: ShareGroup | null
}

interface Put {
  readonly type: 'member-put'
  readonly epoch: number
  readonly member: ShareMember
  readonly memberCount: number
}
export type ShareGroupRecord =
  | Put
  | { readonly type: 'member-removed'; readonly epoch: number; readonly memberId: string; readonly memberCount: number }
  | { readonly type: 'group-created' }
  | { readonly type: 'group-removed' }
export type ShareGroupChange = { readonly type: 'target' } & Pick<ShareGroup, 'assignmentEpoch' | 'assignedAtMs' | 'topicsText' | 'topicsVersion'> & {
    readonly target: ReadonlyMap<string, Assignment>
  }

type GroupEffect = Effect<ShareGroupRecord, ShareGroupChange, ShareGroupAnswer>

export interface ShareGroupRules {
  readonly sessionMs: number
  readonly sizeMax: number
  /** The least time between two assignments. */
  readonly assignmentIntervalMs: number
}

export interface ShareGroupOptions {
  rulesOf(groupId: string): ShareGroupRules
  topicOf(name: string): { readonly id: string; readonly partitions: { readonly length: number } } | undefined
  /** Goes up whenever a topic comes, goes or grows. */
  topicsVersion(): number
}

export type ShareGroupCoordinator = Coordinator<ShareGroup, ShareGroupEvent, ShareGroupRecord, ShareGroupChange, ShareGroupAnswer>

const newShareGroup = (id: string): ShareGroup => ({
  id,
  exists: false,
  epoch: 0,
  members: new Map(),
  target: null,
  assignmentEpoch: 0,
  assignedAtMs: Number.NEGATIVE_INFINITY,
  topicsText: '',
  topicsVersion: -1,
})

/** As Kafka: a group's first members find it in epoch 2. */
const firstEpoch = 2

const sessionTimer = (memberId: string): string => `session/${memberId}`

export function createShareGroupCoordinator(options: ShareGroupOptions): ShareGroupCoordinator {
  return {
    decide: (group, event, moment) => decide(group, event, moment, options),
    settle: () => [],
    apply: applyShareGroup,
    due: (timer) => ({ verb: 'timer', timer }),
    write,
    load,
    // The broker was away, not they: everybody has a whole session to be heard of.
    wake: (group, nowMs) => [...group.members.keys()].map((id) => arm(sessionTimer(id), nowMs + options.rulesOf(group.id).sessionMs)),
    commutes: () => false,
    needsQuiet: () => false,
    isGone: ({ exists }) => !exists,
  }
}

export const shareAnswer = (error: ShareGroupError, message: string | null = null, rest: Partial<ShareGroupAnswer> = {}): ShareGroupAnswer => ({
  error,
  message,
  memberEpoch: 0,
  assigned: null,
  group: null,
  ...rest,
})

function decide(group: ShareGroup, event: ShareGroupEvent, moment: Moment, options: ShareGroupOptions): GroupEffect[] {
  if (event.verb === 'timer') {
    const memberId = event.timer.slice(sessionTimer('').length)
    return group.members.has(memberId) ? removeMember(group, memberId, moment.nowMs, options) : []
  }
  const answer = (...told: Parameters<typeof shareAnswer>): GroupEffect[] => [reply(moment.to, shareAnswer(...told))]
  if (event.verb === 'create')
    return [...(group.exists ? [] : [record<ShareGroupRecord>({ type: 'group-created' })]), ...answer('NONE', null, { group })]
  if (!group.exists && !(event.verb === 'heartbeat' && event.epoch === 0)) {
    return answer(
      'GROUP_ID_NOT_FOUND',
      event.verb === 'heartbeat' && event.epoch > 0 ? `Share group ${group.id} not found.` : `Group ${group.id} not found.`,
    )
  }
  switch (event.verb) {
    case 'describe':
      return answer('NONE', null, { group })
    case 'delete':
      if (group.members.size > 0) return answer('NON_EMPTY_GROUP', `Group ${group.id} is not empty.`)
      return [record({ type: 'group-removed' }), ...answer('NONE')]
    case 'heartbeat': {
      const fault = heartbeatFault(group, event, options)
      if (fault) return answer(...fault)
      if (event.epoch !== -1) return decideHeartbeat(group, event, moment, options)
      return [
        ...removeMember(group, event.memberId, moment.nowMs, options),
        cancel(sessionTimer(event.memberId)),
        ...answer('NONE', null, { memberEpoch: -1 }),
      ]
    }
  }
}

function heartbeatFault(group: ShareGroup, { memberId, epoch }: HeartbeatEvent, options: ShareGroupOptions): [ShareGroupError, string] | null {
  const member = group.members.get(memberId)
  if (!member) {
    if (epoch !== 0) return ['UNKNOWN_MEMBER_ID', `Member ${memberId} is not a member of group ${group.id}.`]
    const { sizeMax } = options.rulesOf(group.id)
    return group.members.size >= sizeMax
      ? ['GROUP_MAX_SIZE_REACHED', `The share group has reached its maximum capacity of ${sizeMax} members.`]
      : null
  }
  if (epoch <= 0 || epoch === member.epoch || epoch === member.previousEpoch) return null
  const isAhead = epoch > member.epoch
  const previous = isAhead ? '' : `, and it does not match the previous member epoch (${member.previousEpoch})`
  return [
    'FENCED_MEMBER_EPOCH',
    `The share group member has a ${isAhead ? 'greater' : 'smaller'} member epoch (${epoch}) than the one known by the group coordinator ` +
      `(${member.epoch})${previous}. The member must abandon all its partitions and rejoin.`,
  ]
}

function decideHeartbeat(group: ShareGroup, event: HeartbeatEvent, { nowMs, to }: Moment, options: ShareGroupOptions): GroupEffect[] {
  const { memberId, epoch, topicNames } = event
  const before = group.members.get(memberId)
  const wanted = topicNames === null ? (before?.topicNames ?? []) : [...new Set(topicNames)].sort()
  const joined: ShareMember = {
    id: memberId,
    rackId: event.rackId ?? before?.rackId ?? null,
    clientId: event.clientId,
    clientHost: event.clientHost,
    epoch: before?.epoch ?? 0,
    previousEpoch: before?.previousEpoch ?? -1,
    topicNames: wanted,
    assigned: before?.assigned ?? new Map(),
  }
  const sameTopics = before !== undefined && wanted.join('\n') === before.topicNames.join('\n')
  const plan = planTarget(group, () => [...othersOf(group, memberId), joined], sameTopics, nowMs, options)
  const assigned = plan.target.get(memberId) ?? new Map()
  const isCurrent = joined.epoch === plan.assignmentEpoch && sameAssignment(assigned, joined.assigned)
  const after: ShareMember = isCurrent ? joined : { ...joined, epoch: plan.assignmentEpoch, previousEpoch: joined.epoch, assigned }
  const mustStore =
    !before || !isCurrent || !sameTopics || plan.epoch !== group.epoch || before.rackId !== after.rackId || before.clientHost !== after.clientHost
  const tells = epoch === 0 || topicNames !== null || !before || !sameAssignment(assigned, before.assigned)
  return [
    ...(mustStore ? [record<Put>({ type: 'member-put', epoch: plan.epoch, member: after, memberCount: group.members.size + (before ? 0 : 1) })] : []),
    ...plan.effects,
    arm(sessionTimer(memberId), nowMs + options.rulesOf(group.id).sessionMs),
    reply(to, shareAnswer('NONE', null, { memberEpoch: after.epoch, assigned: tells ? assigned : null })),
  ]
}

const othersOf = ({ members }: ShareGroup, memberId: string): ShareMember[] => [...members.values()].filter(({ id }) => id !== memberId)

/**
 * The target for these members, the epoch that it has, and the group's. Looks at members only where they, their subscriptions or topics changed: then it is worked out anew,
 * or by the first heartbeat after the assignment interval.
 */
function planTarget(group: ShareGroup, membersOf: () => readonly ShareMember[], sameMembers: boolean, nowMs: number, options: ShareGroupOptions) {
  const topicsVersion = options.topicsVersion()
  const { target, assignmentEpoch, assignedAtMs } = group
  const waits = target !== null && nowMs < assignedAtMs + options.rulesOf(group.id).assignmentIntervalMs
  const isBehind = assignmentEpoch < group.epoch
  if (sameMembers && target && topicsVersion === group.topicsVersion && (waits || !isBehind)) {
    return { target, epoch: group.epoch, assignmentEpoch, effects: [] }
  }
  const members = membersOf()
  const topics = new Map<string, { id: string; count: number }>()
  for (const name of new Set(members.flatMap(({ topicNames }) => topicNames))) {
    const topic = options.topicOf(name)
    if (topic) topics.set(name, { id: topic.id, count: topic.partitions.length })
  }
  const text = [...topics.values()]
    .map(({ id, count }) => `${id}:${count}`)
    .sort()
    .join(' ')
  const sameFacts = sameMembers && text === group.topicsText
  // After a restart it is worked out again, from the same facts.
  const isNews = !sameMembers || (target !== null && !sameFacts)
  const epoch = isNews ? Math.max(group.epoch + 1, firstEpoch) : group.epoch
  const planned = (next: ReadonlyMap<string, Assignment>, forEpoch: number, atMs: number) => {
    const effect = change<ShareGroupChange>({
      type: 'target',
      target: next,
      assignmentEpoch: forEpoch,
      assignedAtMs: atMs,
      topicsText: text,
      topicsVersion,
    })
    return { target: next, epoch, assignmentEpoch: forEpoch, effects: [effect] }
  }
  if (target && sameFacts && (waits || !isBehind)) return planned(target, assignmentEpoch, assignedAtMs)
  const wantedIds = (member: ShareMember): string[] => member.topicNames.flatMap((name) => topics.get(name)?.id ?? [])
  // Nobody is given more for now, and nobody keeps what they no longer want.
  if (target && waits && members.length > 0)
    return planned(new Map(members.map((member) => [member.id, kept(target, member.id, wantedIds(member))])), assignmentEpoch, assignedAtMs)
  const assignable = members.map((member) => ({ id: member.id, assigned: member.assigned, topicIds: wantedIds(member) }))
  const counts = new Map([...topics.values()].map(({ id, count }) => [id, count]))
  const next = assignSimple(
    assignable.sort((a, b) => (a.id < b.id ? -1 : 1)),
    counts,
  )
  return planned(next, epoch, members.length > 0 ? nowMs : Number.NEGATIVE_INFINITY)
}

function kept(target: ReadonlyMap<string, Assignment>, memberId: string, topicIds: readonly string[]): Assignment {
  return new Map([...(target.get(memberId) ?? [])].filter(([topicId]) => topicIds.includes(topicId)))
}

function removeMember(group: ShareGroup, memberId: string, nowMs: number, options: ShareGroupOptions): GroupEffect[] {
  const rest = othersOf(group, memberId)
  const { epoch, effects } = planTarget(group, () => rest, false, nowMs, options)
  return [record({ type: 'member-removed', epoch, memberId, memberCount: rest.length }), ...effects]
}

function sameAssignment(a: Assignment, b: Assignment): boolean {
  if (a.size !== b.size) return false
  for (const [topicId, partitions] of a) if (b.get(topicId)?.join() !== partitions.join()) return false
  return true
}

function applyShareGroup(group: ShareGroup, applied: ShareGroupRecord | ShareGroupChange): void {
  switch (applied.type) {
    case 'member-put':
      group.exists = true
      group.epoch = applied.epoch
      group.members.set(applied.member.id, applied.member)
      break
    case 'member-removed':
      group.epoch = applied.epoch
      group.members.delete(applied.memberId)
      break
    case 'group-created':
      group.exists = true
      break
    case 'group-removed':
      Object.assign(group, { ...newShareGroup(group.id), members: group.members })
      group.members.clear()
      break
    case 'target':
      group.target = applied.target
      group.assignmentEpoch = applied.assignmentEpoch
      group.assignedAtMs = applied.assignedAtMs
      group.topicsText = applied.topicsText
      group.topicsVersion = applied.topicsVersion
  }
}

function write(batch: Batch, groupId: string, stored: ShareGroupRecord): undefined {
  if (stored.type === 'group-removed') {
    batch.delete(shareGroupTable, [groupId])
    return
  }
  if (stored.type === 'group-created') {
    batch.put(shareGroupTable, [groupId], { epoch: 0, memberCount: 0 })
    return
  }
  batch.put(shareGroupTable, [groupId], { epoch: stored.epoch, memberCount: stored.memberCount })
  if (stored.type === 'member-removed') {
    batch.delete(shareMemberTable, [groupId, stored.memberId])
    return
  }
  const { id, assigned, ...row } = stored.member
  batch.put(shareMemberTable, [groupId, id], { ...row, assigned: [...assigned] })
}

async function load(tables: Tables, groupId: string): Promise<ShareGroup> {
  const group = newShareGroup(groupId)
  const row = await tables.get(shareGroupTable, [groupId])
  if (!row) return group
  group.exists = true
  group.epoch = row.epoch
  for (const { key, row: member } of await tables.list(shareMemberTable, [groupId])) {
    const id = String(key[1])
    group.members.set(id, { ...member, id, assigned: new Map(member.assigned) })
  }
  return group
}
