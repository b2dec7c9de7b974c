// A classic group's state, and apply: the only code that changes it, live and on recovery. What should change is decided by the verbs beside this file.
import type { Token } from '../../effect.ts'
import { noBytes, type Protocol } from '../events.ts'
import type { GroupRecord, GroupRow, InitialDelay, MemberRow } from '../records.ts'

export type Phase = 'empty' | 'preparing-rebalance' | 'completing-rebalance' | 'stable'

export interface Member {
  readonly id: string
  readonly instanceId: string | null
  readonly clientId: string
  readonly clientHost: string
  sessionTimeoutMs: number
  rebalanceTimeoutMs: number
  protocols: readonly Protocol[]
  assignment: Buffer
  /** Has not been through a whole rebalance yet: it may not know its id, so nobody expects heartbeats of it. */
  isNew: boolean
  /** The parked JoinGroup and SyncGroup. */
  joining: Token | null
  syncing: Token | null
  /** As stored; null while no row holds this member. */
  row: MemberRow | null
}

export interface ClassicGroup {
  readonly kind: 'classic'
  phase: Phase
  generation: number
  protocolType: string | null
  protocolName: string | null
  leader: string | null
  /** In order of joining. */
  readonly members: Map<string, Member>
  /** Instance id to member id. */
  readonly statics: Map<string, string>
  /** Ids given out to members that have yet to join with them. */
  readonly pending: Set<string>
  /** Members of this generation that have yet to ask for their assignment. */
  readonly unsynced: Set<string>
  /** Protocol name to how many members offer it. */
  readonly offered: Map<string, number>
  /** Members with a parked JoinGroup. */
  joiningCount: number
  /** Not null while the group's first rebalance waits for more members. */
  initial: InitialDelay | null
  /** A member joined since the initial delay was last extended. */
  joinedDuringDelay: boolean
  sinceMs: number
  /** A row of the group exists. */
  stored: boolean
  /** Members that have a row, be they still members or not. */
  readonly storedMembers: Set<string>
}

export function newClassicGroup(): ClassicGroup {
  return {
    kind: 'classic',
    phase: 'empty',
    generation: 0,
    protocolType: null,
    protocolName: null,
    leader: null,
    members: new Map(),
    statics: new Map(),
    pending: new Set(),
    unsynced: new Set(),
    offered: new Map(),
    joiningCount: 0,
    initial: null,
    joinedDuringDelay: false,
    sinceMs: 0,
    stored: false,
    storedMembers: new Set(),
  }
}

/** Changes the group as a record says. Records of other kinds do not come here. */
export function applyClassic(
  group: ClassicGroup,
  record: Exclude<GroupRecord, { type: 'group-removed' | 'group-forgotten' | 'offset-committed' | 'offset-removed' }>,
): void {
  switch (record.type) {
    case 'pending-added':
      group.pending.add(record.memberId)
      break
    case 'pending-removed':
      group.pending.delete(record.memberId)
      break
    case 'member-added':
      group.pending.delete(record.memberId)
      if (group.members.size === 0) group.protocolType = record.protocolType
      add(group, { id: record.memberId, ...record.member, assignment: noBytes, isNew: true, joining: null, syncing: null, row: null })
      park(group, group.members.get(record.memberId), record.waiting)
      if (group.initial) group.joinedDuringDelay = true
      break
    case 'member-updated': {
      const member = group.members.get(record.memberId)
      if (!member) throw new Error(`no member ${record.memberId} to update`)
      withdraw(group, member.protocols)
      member.protocols = record.protocols
      offer(group, member.protocols)
      member.sessionTimeoutMs = record.sessionTimeoutMs
      member.rebalanceTimeoutMs = record.rebalanceTimeoutMs
      park(group, member, record.waiting)
      break
    }
    case 'member-removed':
      remove(group, record.memberId)
      break
    case 'static-replaced':
      rename(group, record.oldId, record.newId)
      break
    case 'rebalance-begun':
      if (group.phase === 'completing-rebalance') {
        for (const member of group.members.values()) {
          member.assignment = noBytes
          member.syncing = null
        }
      }
      group.unsynced.clear()
      group.phase = 'preparing-rebalance'
      group.initial = record.initial
      group.joinedDuringDelay = false
      group.sinceMs = record.sinceMs
      break
    case 'delay-extended':
      group.initial = record.initial
      group.joinedDuringDelay = false
      break
    case 'generation-begun':
      group.phase = 'completing-rebalance'
      group.generation = record.generation
      group.protocolName = record.protocolName
      group.leader = record.leader
      group.sinceMs = record.sinceMs
      group.initial = null
      group.joiningCount = 0
      group.unsynced.clear()
      for (const member of group.members.values()) {
        member.joining = null
        member.isNew = false
        group.unsynced.add(member.id)
      }
      break
    case 'sync-received': {
      group.unsynced.delete(record.memberId)
      const member = group.members.get(record.memberId)
      if (member && record.waiting !== null) member.syncing = record.waiting
      break
    }
    case 'generation-stable':
      applyRow(group, record.row, 'stable')
      for (const memberId of record.gone) group.storedMembers.delete(memberId)
      for (const [memberId, row] of record.members) store(group, memberId, row)
      for (const member of group.members.values()) {
        member.syncing = null
        // The rows of unchanged members are not in the record, and a rebalance in between may have cleared what they hold.
        if (member.row) member.assignment = member.row.assignment
      }
      break
    case 'static-returned':
      rename(group, record.oldId, record.newId)
      applyRow(group, record.row, 'stable')
      group.storedMembers.delete(record.oldId)
      store(group, record.newId, record.member)
      break
    case 'group-created':
      group.stored = true
      if (group.phase === 'empty') group.sinceMs = record.row.sinceMs
      break
    case 'group-empty':
      for (const memberId of [...group.members.keys()]) remove(group, memberId)
      applyRow(group, record.row, 'empty')
      group.leader = null
      group.initial = null
      group.unsynced.clear()
      for (const memberId of record.gone) group.storedMembers.delete(memberId)
  }
}

function applyRow(group: ClassicGroup, row: GroupRow, phase: Phase): void {
  group.phase = phase
  group.generation = row.generation
  group.protocolType = row.protocolType
  group.protocolName = row.protocolName
  group.leader = row.leader
  group.sinceMs = row.sinceMs
  group.stored = true
}

/** A member's row is true now: takes it over, or, on recovery, makes the member of it. */
function store(group: ClassicGroup, memberId: string, row: MemberRow): void {
  group.storedMembers.add(memberId)
  const member = group.members.get(memberId)
  if (!member) {
    add(group, { id: memberId, ...row, isNew: false, joining: null, syncing: null, row })
    return
  }
  withdraw(group, member.protocols)
  member.protocols = row.protocols
  offer(group, member.protocols)
  member.sessionTimeoutMs = row.sessionTimeoutMs
  member.rebalanceTimeoutMs = row.rebalanceTimeoutMs
  member.assignment = row.assignment
  member.row = row
}

function add(group: ClassicGroup, member: Member): void {
  group.members.set(member.id, member)
  if (member.instanceId !== null) group.statics.set(member.instanceId, member.id)
  offer(group, member.protocols)
  group.leader ??= member.id
}

function remove(group: ClassicGroup, memberId: string): void {
  const member = group.members.get(memberId)
  if (!member) return
  park(group, member, null)
  withdraw(group, member.protocols)
  group.members.delete(memberId)
  group.unsynced.delete(memberId)
  if (member.instanceId !== null && group.statics.get(member.instanceId) === memberId) group.statics.delete(member.instanceId)
  if (group.leader === memberId) group.leader = group.members.keys().next().value ?? null
}

/** The same static member under another id. Its parked requests have been answered: they were the fenced one's. */
function rename(group: ClassicGroup, oldId: string, newId: string): void {
  const old = group.members.get(oldId)
  if (!old) throw new Error(`no member ${oldId} to replace`)
  park(group, old, null)
  group.members.delete(oldId)
  group.members.set(newId, { ...old, id: newId, syncing: null, row: null })
  if (old.instanceId !== null) group.statics.set(old.instanceId, newId)
  if (group.leader === oldId) group.leader = newId
  if (group.unsynced.delete(oldId)) group.unsynced.add(newId)
}

function park(group: ClassicGroup, member: Member | undefined, token: Token | null): void {
  if (!member) return
  if (member.joining === null && token !== null) group.joiningCount++
  if (member.joining !== null && token === null) group.joiningCount--
  member.joining = token
}

function offer(group: ClassicGroup, protocols: readonly Protocol[]): void {
  for (const { name } of protocols) group.offered.set(name, (group.offered.get(name) ?? 0) + 1)
}

function withdraw(group: ClassicGroup, protocols: readonly Protocol[]): void {
  for (const { name } of protocols) {
    const left = (group.offered.get(name) ?? 0) - 1
    if (left > 0) group.offered.set(name, left)
    else group.offered.delete(name)
  }
}
