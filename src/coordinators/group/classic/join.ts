// JoinGroup for classic groups: who may come in, under which id, and whether the group has to rebalance for it. Completing the rebalance is rebalance.ts's.
// Rules of KIP-62, KIP-345 (static members), KIP-394 (ids first), KIP-559, KIP-814 (a static leader skips its assignment).
import { arm, cancel, change, record, reply } from '../../effect.ts'
import { memberIdPrefixCharsMax, pendingMembersMax } from '../../limits.ts'
import { type GroupEffect, type GroupMoment, type GroupSettings, sessionTimer } from '../effects.ts'
import { failedJoin, failedSync, type GroupError, type JoinAnswer, type JoinEvent } from '../events.ts'
import type { MemberRow } from '../records.ts'
import { accepts, checkMember, copyProtocols, sameProtocols, selectProtocol } from './protocols.ts'
import { beginRebalance, joined, listMembers } from './rebalance.ts'
import type { ClassicGroup, Member } from './state.ts'

/** A member that has not been answered once does not know its id and cannot heartbeat: it is given this long, then asked to try again. */
const newMemberPatienceMs = 5 * 60_000

export function decideJoin(group: ClassicGroup, exists: boolean, event: JoinEvent, moment: GroupMoment): GroupEffect[] {
  const { settings, to } = moment
  const { memberId } = event
  const fail = (error: GroupError, id = memberId): GroupEffect[] => [reply(to, failedJoin(error, id))]
  if (!isSessionAllowed(event, settings)) return fail('INVALID_SESSION_TIMEOUT')
  if (!exists && memberId !== '') return fail('UNKNOWN_MEMBER_ID')
  if (!hasRoom(group, memberId, settings.get('group.max.size'))) return [...removal(group, memberId), ...fail('GROUP_MAX_SIZE_REACHED', '')]
  if (!accepts(group, event.protocolType, event.protocols)) return fail('INCONSISTENT_GROUP_PROTOCOL')
  if (memberId === '') return joinAnew(group, event, moment)
  if (group.pending.has(memberId) && event.instanceId === null) return addMember(group, event, memberId, moment)
  const error = checkMember(group, memberId, event.instanceId)
  const member = group.members.get(memberId)
  if (error !== 'NONE' || !member) return fail(error === 'NONE' ? 'UNKNOWN_MEMBER_ID' : error)
  return joinAgain(group, member, event, moment)
}

export const isSessionAllowed = ({ sessionTimeoutMs }: JoinEvent, settings: GroupSettings): boolean =>
  sessionTimeoutMs >= settings.get('group.min.session.timeout.ms') && sessionTimeoutMs <= settings.get('group.max.session.timeout.ms')

/** While a rebalance is on, those that have joined are counted, so that the last to rejoin are turned away if the limit was lowered. */
function hasRoom(group: ClassicGroup, memberId: string, sizeMax: number): boolean {
  const member = group.members.get(memberId)
  if (memberId === '' && group.pending.size >= pendingMembersMax) return false
  if (group.phase === 'empty') return true
  if (group.phase === 'preparing-rebalance') return (member?.joining ?? null) !== null || group.joiningCount < sizeMax
  return member !== undefined || group.members.size < sizeMax
}

function removal(group: ClassicGroup, memberId: string): GroupEffect[] {
  if (group.pending.has(memberId)) return [change({ type: 'pending-removed', memberId }), cancel(sessionTimer(memberId))]
  if (group.members.has(memberId)) return [change({ type: 'member-removed', memberId }), cancel(sessionTimer(memberId))]
  return []
}

function joinAnew(group: ClassicGroup, event: JoinEvent, moment: GroupMoment): GroupEffect[] {
  const newId = `${prefixOf(event.instanceId ?? event.clientId)}-${event.freshId}`
  if (event.instanceId !== null) {
    const present = group.members.get(group.statics.get(event.instanceId) ?? '')
    return present ? replaceStatic(group, present, event, newId, moment) : addMember(group, event, newId, moment)
  }
  if (!event.needsMemberId) return addMember(group, event, newId, moment)
  return [
    change({ type: 'pending-added', memberId: newId }),
    arm(sessionTimer(newId), moment.nowMs + event.sessionTimeoutMs),
    reply(moment.to, failedJoin('MEMBER_ID_REQUIRED', newId)),
  ]
}

/** Half a character at the cut would come back from the client as another one. */
const prefixOf = (name: string): string => name.slice(0, memberIdPrefixCharsMax).replace(/[\ud800-\udbff]$/, '')

function addMember(group: ClassicGroup, event: JoinEvent, memberId: string, moment: GroupMoment): GroupEffect[] {
  const { instanceId, clientId, clientHost, sessionTimeoutMs, rebalanceTimeoutMs, protocolType } = event
  const member = { instanceId, clientId, clientHost, sessionTimeoutMs, rebalanceTimeoutMs, protocols: copyProtocols(event.protocols) }
  return [
    change({ type: 'member-added', memberId, protocolType, member, waiting: moment.to }),
    arm(sessionTimer(memberId), moment.nowMs + newMemberPatienceMs),
    ...beginRebalance(group, moment, { rebalanceTimeoutMs }),
  ]
}

function joinAgain(group: ClassicGroup, member: Member, event: JoinEvent, moment: GroupMoment): GroupEffect[] {
  const changed = !sameProtocols(member.protocols, event.protocols)
  const isLeader = group.leader === member.id
  // The answer may have got lost: the same again. A leader of a stable group joins in order to have the group rebalanced (its topics changed).
  const asBefore = !changed && (group.phase === 'completing-rebalance' || (group.phase === 'stable' && !isLeader))
  if (asBefore) {
    const members = isLeader ? listMembers(group.members.values(), group.protocolName) : []
    return [reply(moment.to, joined(group.protocolType, group.protocolName, group.generation, group.leader ?? '', member.id, members))]
  }
  return [...update(member, event, moment), ...beginRebalance(group, moment, { rebalanceTimeoutMs: event.rebalanceTimeoutMs })]
}

function update(member: Pick<Member, 'id' | 'joining'>, event: JoinEvent, moment: GroupMoment): GroupEffect[] {
  const { sessionTimeoutMs, rebalanceTimeoutMs } = event
  const effects: GroupEffect[] = []
  // The client has given up on its first request; it shall not stay open for ever.
  if (member.joining !== null) effects.push(reply(member.joining, failedJoin('REBALANCE_IN_PROGRESS', member.id)))
  const protocols = copyProtocols(event.protocols)
  effects.push(change({ type: 'member-updated', memberId: member.id, sessionTimeoutMs, rebalanceTimeoutMs, protocols, waiting: moment.to }))
  return effects
}

/** A static member is back under a new id, without having left. Whoever still uses the old id is fenced. */
function replaceStatic(group: ClassicGroup, old: Member, event: JoinEvent, newId: string, moment: GroupMoment): GroupEffect[] {
  const effects: GroupEffect[] = [cancel(sessionTimer(old.id)), arm(sessionTimer(newId), moment.nowMs + event.sessionTimeoutMs)]
  if (old.joining !== null) effects.push(reply(old.joining, failedJoin('FENCED_INSTANCE_ID', old.id)))
  if (old.syncing !== null) {
    effects.push(reply(old.syncing, failedSync('FENCED_INSTANCE_ID')))
  }
  const successor = { ...old, id: newId, joining: null, syncing: null, protocols: copyProtocols(event.protocols) }
  const others = [...group.members.values()].filter((member) => member !== old)
  if (group.phase === 'stable' && selectProtocol([...others, successor]) === group.protocolName) {
    return [...effects, ...returnQuietly(group, old, event, newId, moment)]
  }
  effects.push(change({ type: 'static-replaced', oldId: old.id, newId }), ...update(successor, event, moment))
  // Completing too: the leader may already be assigning to the old id.
  effects.push(...beginRebalance(group, moment, { gone: new Set([old.id]), rebalanceTimeoutMs: event.rebalanceTimeoutMs }))
  return effects
}

/** Nothing changes for the others: the generation goes on, and the returned member takes up its assignment. */
function returnQuietly(group: ClassicGroup, old: Member, event: JoinEvent, newId: string, moment: GroupMoment): GroupEffect[] {
  const wasLeader = group.leader === old.id
  const leader = wasLeader ? newId : group.leader
  const { sessionTimeoutMs, rebalanceTimeoutMs } = event
  const { instanceId, clientId, clientHost, assignment } = old
  const protocols = copyProtocols(event.protocols)
  const member: MemberRow = { instanceId, clientId, clientHost, sessionTimeoutMs, rebalanceTimeoutMs, protocols, assignment }
  const { generation, protocolType, protocolName, sinceMs } = group
  const row = { kind: 'classic', generation, protocolType, protocolName, leader, memberCount: group.members.size, sinceMs } as const
  // Before JoinGroup 9 a leader cannot be told to keep the assignment, so it is told the old leader's id and takes itself for a follower.
  const toldLeader = (event.canSkipAssignment ? leader : group.leader) ?? ''
  const successor = { ...old, id: newId, protocols }
  const everyone = [...group.members.values()].map((other) => (other === old ? successor : other))
  const skips = event.canSkipAssignment && wasLeader
  const answer: JoinAnswer = {
    ...joined(protocolType, protocolName, generation, toldLeader, newId, skips ? listMembers(everyone, protocolName) : []),
    skipAssignment: skips,
  }
  return [record({ type: 'static-returned', row, oldId: old.id, newId, member }), reply(moment.to, answer)]
}
