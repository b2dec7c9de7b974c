// SyncGroup for classic groups: the leader brings the assignment, which is stored; each member is given its part. And what happens to members that never ask.
import { arm, cancel, change, record, reply } from '../../effect.ts'
import { type GroupEffect, type GroupMoment, sessionTimer, syncTimer } from '../effects.ts'
import { failedSync, type GroupError, noBytes, type SyncEvent } from '../events.ts'
import type { MemberRow } from '../records.ts'
import { checkMember, sameBytes, sameProtocols } from './protocols.ts'
import { beginRebalance } from './rebalance.ts'
import type { ClassicGroup, Member } from './state.ts'

export function decideSync(group: ClassicGroup, event: SyncEvent, moment: GroupMoment): GroupEffect[] {
  const error = check(group, event)
  const member = group.members.get(event.memberId)
  if (error !== 'NONE' || !member) return [reply(moment.to, failedSync(error))]
  const { protocolType, protocolName } = group
  const last = group.unsynced.size === 1 && group.unsynced.has(member.id)
  if (group.phase === 'stable') {
    const effects: GroupEffect[] = [reply(moment.to, { error: 'NONE', protocolType, protocolName, assignment: member.assignment })]
    if (group.unsynced.has(member.id)) effects.push(change({ type: 'sync-received', memberId: member.id, waiting: null }))
    if (last) effects.push(cancel(syncTimer))
    return effects
  }
  const effects: GroupEffect[] = []
  if (last) effects.push(cancel(syncTimer))
  // The client has given up on its first request; it shall not stay open for ever.
  if (member.syncing !== null) effects.push(reply(member.syncing, failedSync('REBALANCE_IN_PROGRESS')))
  if (group.leader !== member.id) return [...effects, change({ type: 'sync-received', memberId: member.id, waiting: moment.to })]
  return [...effects, change({ type: 'sync-received', memberId: member.id, waiting: null }), ...assign(group, member, event, moment)]
}

function check(group: ClassicGroup, event: SyncEvent): GroupError {
  const error = checkMember(group, event.memberId, event.instanceId)
  if (error !== 'NONE') return error
  if (event.generation !== group.generation) return 'ILLEGAL_GENERATION'
  if (event.protocolType !== null && event.protocolType !== group.protocolType) return 'INCONSISTENT_GROUP_PROTOCOL'
  if (event.protocolName !== null && event.protocolName !== group.protocolName) return 'INCONSISTENT_GROUP_PROTOCOL'
  return group.phase === 'preparing-rebalance' ? 'REBALANCE_IN_PROGRESS' : 'NONE'
}

/** Stores the generation: the rows of members that differ from what is stored, and none of the others. Members that the leader forgot are assigned nothing. */
function assign(group: ClassicGroup, leader: Member, event: SyncEvent, { nowMs, to }: GroupMoment): GroupEffect[] {
  const assignments = new Map<string, Buffer>()
  for (const { memberId, assignment } of event.assignments) assignments.set(memberId, assignment)
  const { generation, protocolType, protocolName } = group
  const members: [string, MemberRow][] = []
  const replies: GroupEffect[] = []
  for (const member of group.members.values()) {
    const assignment = assignments.get(member.id) ?? noBytes
    const row = rowFor(member, assignment)
    if (row !== member.row) members.push([member.id, row])
    const token = member === leader ? to : member.syncing
    if (token === null) continue
    replies.push(
      arm(sessionTimer(member.id), nowMs + member.sessionTimeoutMs),
      reply(token, { error: 'NONE', protocolType, protocolName, assignment: row.assignment }),
    )
  }
  const gone = [...group.storedMembers].filter((memberId) => !group.members.has(memberId))
  const row = { kind: 'classic', generation, protocolType, protocolName, leader: leader.id, memberCount: group.members.size, sinceMs: nowMs } as const
  return [record({ type: 'generation-stable', row, members, gone }), ...replies]
}

/** The member's row; the very one that is stored where nothing of it changed. */
function rowFor(member: Member, assignment: Buffer): MemberRow {
  const { row, instanceId, clientId, clientHost, sessionTimeoutMs, rebalanceTimeoutMs, protocols } = member
  const asStored =
    row !== null &&
    sameProtocols(row.protocols, protocols) &&
    row.sessionTimeoutMs === sessionTimeoutMs &&
    row.rebalanceTimeoutMs === rebalanceTimeoutMs &&
    sameBytes(row.assignment, assignment)
  if (asStored) return row
  // Requests borrow their bytes from a frame.
  return { instanceId, clientId, clientHost, sessionTimeoutMs, rebalanceTimeoutMs, protocols, assignment: Buffer.from(assignment) }
}

/** Members that joined the generation and did not ask for their assignment in time are given up. */
export function decideSyncTimeout(group: ClassicGroup, moment: GroupMoment): GroupEffect[] {
  if ((group.phase !== 'completing-rebalance' && group.phase !== 'stable') || group.unsynced.size === 0) return []
  const gone = new Set(group.unsynced)
  const effects: GroupEffect[] = []
  for (const memberId of gone) effects.push(change({ type: 'member-removed', memberId }), cancel(sessionTimer(memberId)))
  effects.push(...beginRebalance(group, moment, { gone }))
  return effects
}
