// Heartbeat and SyncGroup of a classic member in a consumer group. Joining is what moves such a member on, so neither changes the member.
import { arm, cancel, change, reply } from '../../../effect.ts'
import { consumerProtocolType } from '../../classic/protocols.ts'
import { type GroupEffect, type GroupMoment, sessionTimer } from '../../effects.ts'
import { writeAssignment } from '../../embedded.ts'
import { failedSync, type GroupError, type HeartbeatEvent, type SyncEvent } from '../../events.ts'
import { Draft } from '../draft.ts'
import type { ConsumerGroup } from '../state.ts'
import { nothingNew, retarget } from '../target.ts'
import { type ConsumerWorld, fetchTimer } from '../world.ts'
import { askToRejoin, type ClassicMember, findClassic, waitsForOthers } from './member.ts'

export function decideClassicHeartbeat(
  group: ConsumerGroup,
  groupId: string,
  event: HeartbeatEvent,
  moment: GroupMoment,
  world: ConsumerWorld,
): GroupEffect[] {
  const member = findClassic(group, event)
  if (typeof member === 'string') return [reply(moment.to, { error: member })]
  // Members that left or topics that grew call for new targets; where all members are classic, nobody else notices.
  const draft = new Draft(group)
  const looksAtTopics = group.topicsVersion !== world.topics.version
  retarget(draft, group, groupId, nothingNew, moment, world)
  const effects = draft.effects(moment.nowMs)
  if (looksAtTopics) effects.push(change({ type: 'consumer-topics-seen', topicsVersion: world.topics.version }))
  effects.push(arm(sessionTimer(member.id), moment.nowMs + member.classic.sessionTimeoutMs))
  if (!mustRejoin(group, member, draft.row.assignmentEpoch)) return [...effects, reply(moment.to, { error: 'NONE' })]
  return [...effects, ...askToRejoin(group, member, moment), reply(moment.to, { error: 'REBALANCE_IN_PROGRESS' })]
}

/** For a newer assignment, to say that it has let go of partitions, or to be given what others have let go of. */
const mustRejoin = (group: ConsumerGroup, member: ClassicMember, assignmentEpoch: number): boolean =>
  member.epoch < assignmentEpoch || member.phase === 'unrevoked' || (member.phase === 'unreleased' && !waitsForOthers(group, member))

export function decideClassicSync(group: ConsumerGroup, event: SyncEvent, moment: GroupMoment, world: ConsumerWorld): GroupEffect[] {
  const member = findClassic(group, event)
  if (typeof member === 'string') return [reply(moment.to, failedSync(member))]
  const error = checkProtocol(member, event)
  if (error !== 'NONE') return [reply(moment.to, failedSync(error))]
  // One that must let go of partitions first learns here of which: it is in the middle of its rebalance.
  if (member.epoch < group.row.assignmentEpoch && member.phase !== 'unrevoked') {
    return [...askToRejoin(group, member, moment), reply(moment.to, failedSync('REBALANCE_IN_PROGRESS'))]
  }
  const { protocolType, protocolName } = event
  const assignment = writeAssignment(member.assigned, member.classic.protocols[0]!.metadata, world.topics)
  return [
    cancel(fetchTimer(member.id)),
    arm(sessionTimer(member.id), moment.nowMs + member.classic.sessionTimeoutMs),
    reply(moment.to, { error: 'NONE', protocolType, protocolName, assignment }),
  ]
}

function checkProtocol(member: ClassicMember, { protocolType, protocolName }: SyncEvent): GroupError {
  if (protocolType !== null && protocolType !== consumerProtocolType) return 'INCONSISTENT_GROUP_PROTOCOL'
  return protocolName !== null && protocolName !== member.classic.protocols[0]!.name ? 'INCONSISTENT_GROUP_PROTOCOL' : 'NONE'
}
