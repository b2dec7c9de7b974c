// How members of a consumer group go: by a heartbeat that says so, by silence, or by not letting go of partitions in time. Their partitions are free at once; who
// gets them is settled by the next heartbeat of somebody who stays.
import { cancel, change, reply } from '../../effect.ts'
import type { GroupEffect, GroupMoment } from '../effects.ts'
import { downgrade, mayTurnClassic } from '../migration/downgrade.ts'
import { nothing } from '../spread.ts'
import { Draft } from './draft.ts'
import { type ConsumerHeartbeatEvent, failedConsumerHeartbeat } from './events.ts'
import { fencedInstance } from './membership.ts'
import { awayEpoch, type ConsumerGroup, type ConsumerMember } from './state.ts'
import { type ConsumerWorld, type Fault, fault, revokeTimer, timersOf } from './world.ts'

export function decideConsumerLeave(
  group: ConsumerGroup,
  groupId: string,
  event: ConsumerHeartbeatEvent,
  moment: GroupMoment,
  world: ConsumerWorld,
): GroupEffect[] {
  const member = leaver(group, groupId, event)
  if ('error' in member) return [reply(moment.to, failedConsumerHeartbeat(member.error, member.message))]
  const { epoch } = event
  const gone = epoch === awayEpoch ? sendAway(group, member, moment) : removeMembers(group, new Set([member.id]), moment, world)
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
  draft.put({ ...member, epoch: awayEpoch, phase: 'stable', revoking: nothing, given: [[0, member.assigned]] })
  return [...draft.effects(nowMs), cancel(revokeTimer(member.id))]
}

/** Of any protocol. Where only classic members stay, the group turns classic. */
export function removeMembers(group: ConsumerGroup, memberIds: ReadonlySet<string>, moment: GroupMoment, world: ConsumerWorld): GroupEffect[] {
  const draft = new Draft(group)
  for (const memberId of memberIds) draft.remove(memberId)
  const turned = mayTurnClassic(group, memberIds, 0, moment, world) ? downgrade(group, draft, true, moment, world) : null
  if (turned) return turned
  const epoch = draft.row.epoch + 1
  // Nobody is left to assign anything to.
  draft.change(memberIds.size === group.members.size ? { epoch, assignmentEpoch: epoch, assignedAtMs: 0 } : { epoch })
  return [...draft.effects(moment.nowMs), ...Array.from(memberIds).flatMap((memberId) => timersOf(memberId).map(cancel))]
}

/** A member has been silent for its session timeout. */
export function decideConsumerSessionEnd(group: ConsumerGroup, memberId: string): GroupEffect[] {
  return group.members.has(memberId) ? [change({ type: 'consumer-expired', memberId, isExpired: true })] : []
}

/** A classic member has not joined again, or not asked for its assignment, within its rebalance timeout. */
export function decideClassicTimeout(group: ConsumerGroup, memberId: string): GroupEffect[] {
  return group.members.get(memberId)?.classic ? [change({ type: 'consumer-expired', memberId, isExpired: true })] : []
}

/** A member has not let go of what it was told to within its rebalance timeout: others wait for it, so it is fenced. */
export function decideRevokeTimeout(group: ConsumerGroup, memberId: string): GroupEffect[] {
  return group.members.get(memberId)?.phase === 'unrevoked' ? [change({ type: 'consumer-expired', memberId, isExpired: true })] : []
}

/** A timer fires once; a removal that could not be stored must be tried again until it is, so it is the state that calls for it. */
export function settleConsumer(group: ConsumerGroup, moment: GroupMoment, world: ConsumerWorld): GroupEffect[] {
  return group.expired.size === 0 ? [] : removeMembers(group, new Set(group.expired), moment, world)
}
