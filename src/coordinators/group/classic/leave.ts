// How members go: by LeaveGroup (their own, or an administrator's for static members by instance id), and by silence.
import { cancel, change, reply } from '../../effect.ts'
import { type GroupEffect, type GroupMoment, sessionTimer } from '../effects.ts'
import { failedJoin, failedSync, type GroupError, type LeaveEvent } from '../events.ts'
import { checkMember } from './protocols.ts'
import { beginRebalance } from './rebalance.ts'
import type { ClassicGroup, Member } from './state.ts'

export function decideLeave(group: ClassicGroup, event: LeaveEvent, moment: GroupMoment): GroupEffect[] {
  const effects: GroupEffect[] = []
  const gone = new Set<string>()
  const errors: GroupError[] = []
  for (const leaver of event.members) {
    // An administrator names the instance only.
    const memberId = leaver.memberId === '' && leaver.instanceId !== null ? (group.statics.get(leaver.instanceId) ?? '') : leaver.memberId
    if (group.pending.has(memberId) && !gone.has(memberId)) {
      gone.add(memberId)
      effects.push(change({ type: 'pending-removed', memberId }), cancel(sessionTimer(memberId)))
      errors.push('NONE')
      continue
    }
    const error = gone.has(memberId) ? 'UNKNOWN_MEMBER_ID' : checkMember(group, memberId, leaver.instanceId)
    errors.push(error)
    const member = group.members.get(memberId)
    if (error !== 'NONE' || !member) continue
    gone.add(memberId)
    effects.push(...removeMember(member))
  }
  if (hasMember(group, gone)) effects.push(...rebalanceWithout(group, gone, moment))
  effects.push(reply(moment.to, { error: 'NONE', members: errors }))
  return effects
}

/** A member, or an id that was given out, has been silent for its session timeout. */
export function decideSessionEnd(group: ClassicGroup, memberId: string, moment: GroupMoment): GroupEffect[] {
  if (group.pending.has(memberId)) return [change({ type: 'pending-removed', memberId })]
  const member = group.members.get(memberId)
  if (!member) return []
  // Its request is parked here, so it cannot heartbeat; it gets a whole session when it is answered. A new member's patience is limited all the same.
  if (!member.isNew && (member.joining !== null || member.syncing !== null)) return []
  const gone = new Set([memberId])
  return [...removeMember(member), ...rebalanceWithout(group, gone, moment)]
}

/** A parked request of the removed is answered, so that a client that is still there joins anew. */
function removeMember(member: Member): GroupEffect[] {
  const effects: GroupEffect[] = []
  if (member.joining !== null) effects.push(reply(member.joining, failedJoin('UNKNOWN_MEMBER_ID', '')))
  if (member.syncing !== null) effects.push(reply(member.syncing, failedSync('UNKNOWN_MEMBER_ID')))
  effects.push(change({ type: 'member-removed', memberId: member.id }), cancel(sessionTimer(member.id)))
  return effects
}

/** While a rebalance is on already, settling it looks whether the rest has joined. */
function rebalanceWithout(group: ClassicGroup, gone: ReadonlySet<string>, moment: GroupMoment): GroupEffect[] {
  return group.phase === 'stable' || group.phase === 'completing-rebalance' ? beginRebalance(group, moment, { gone }) : []
}

const hasMember = (group: ClassicGroup, ids: ReadonlySet<string>): boolean => {
  for (const id of ids) if (group.members.has(id)) return true
  return false
}
