// How members of a consumer group go: by a heartbeat that says so, by silence, or by not letting go of partitions in time. Their partitions are free at once; who
// gets them is settled by the next heartbeat of somebody who stays.
import { cancel, change, reply } from '../../effect.ts'
import { type GroupEffect, type GroupMoment, sessionTimer } from '../effects.ts'
import { nothing } from '../spread.ts'
import { Draft } from './draft.ts'
import { type ConsumerHeartbeatEvent, failedConsumerHeartbeat } from './events.ts'
import { fencedInstance } from './membership.ts'
import { awayEpoch, type ConsumerGroup, type ConsumerMember } from './state.ts'
import { type Fault, fault, revokeTimer } from './world.ts'

export function decideConsumerLeave(group: ConsumerGroup, groupId: string, event: ConsumerHeartbeatEvent, moment: GroupMoment): GroupEffect[] {
  const member = leaver(group, groupId, event)
  if ('error' in member) return [reply(moment.to, failedConsumerHeartbeat(member.error, member.message))]
  const { epoch } = event
  const gone = epoch === awayEpoch ? sendAway(group, member, moment) : removeMember(group, member.id, moment)
  const answer = { ...failedConsumerHeartbeat('NONE'), memberId: event.memberId, epoch }
  return [...gone, reply(moment.to, answer)]
}

function leaver(group: ConsumerGroup, groupId: string, { memberId, instanceId }: ConsumerHeartbeatEvent): ConsumerMember | Fault {
  if (instanceId === null) {
    return group.members.get(memberId) ?? fault('UNKNOWN_MEMBER_ID', `Member ${memberId} is not a member of group ${groupId}.`)
  }
  const present = group.members.get(group.statics.get(instanceId) ?? '')
  if (!present) return fault('UNKNOWN_MEMBER_ID', `Instance id ${instanceId} is unknown.`)
  return present.id === memberId ? present : fencedInstance(memberId, instanceId, present.id)
}

/** A static member that will be back: it keeps its partitions, and its session goes on. */
function sendAway(group: ConsumerGroup, member: ConsumerMember, { nowMs }: GroupMoment): GroupEffect[] {
  const draft = new Draft(group)
  // It is gone from its partitions, so there is nothing left to wait for.
  draft.put({ ...member, epoch: awayEpoch, phase: 'stable', revoking: nothing })
  return [...draft.effects(nowMs), cancel(revokeTimer(member.id))]
}

function removeMember(group: ConsumerGroup, memberId: string, { nowMs }: GroupMoment): GroupEffect[] {
  return removeMembers(group, [memberId], nowMs)
}

function removeMembers(group: ConsumerGroup, memberIds: Iterable<string>, nowMs: number): GroupEffect[] {
  const draft = new Draft(group)
  const timers: GroupEffect[] = []
  for (const memberId of memberIds) {
    draft.remove(memberId)
    timers.push(cancel(sessionTimer(memberId)), cancel(revokeTimer(memberId)))
  }
  draft.change({ epoch: draft.row.epoch + 1 })
  return [...draft.effects(nowMs), ...timers]
}

/** A member has been silent for its session timeout. */
export function decideConsumerSessionEnd(group: ConsumerGroup, memberId: string): GroupEffect[] {
  return group.members.has(memberId) ? [change({ type: 'consumer-expired', memberId, isExpired: true })] : []
}

/** A member has not let go of what it was told to within its rebalance timeout: others wait for it, so it is fenced. */
export function decideRevokeTimeout(group: ConsumerGroup, memberId: string): GroupEffect[] {
  return group.members.get(memberId)?.phase === 'unrevoked' ? [change({ type: 'consumer-expired', memberId, isExpired: true })] : []
}

/** A timer fires once; a removal that could not be stored must be tried again until it is, so it is the state that calls for it. */
export function settleConsumer(group: ConsumerGroup, nowMs: number): GroupEffect[] {
  return group.expired.size === 0 ? [] : removeMembers(group, group.expired, nowMs)
}
