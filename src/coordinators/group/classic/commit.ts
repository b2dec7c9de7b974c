// Who may commit, delete and lose offsets in a classic group. The offsets themselves are offsets.ts's.
import { arm, record, reply } from '../../effect.ts'
import { type GroupEffect, type GroupMoment, sessionTimer } from '../effects.ts'
import type { CommitEvent, GroupError, OffsetDeleteEvent } from '../events.ts'
import { commitRecords, deleteOffsets, expireOffsets, type Offsets } from '../offsets.ts'
import { checkMember, consumerProtocolType } from './protocols.ts'
import type { ClassicGroup } from './state.ts'
import { isSubscribedTo, subscribedTopics } from './subscription.ts'

/** OffsetCommit. A group that does not exist comes into being when a client that manages its partitions itself commits. */
export function decideCommit(group: ClassicGroup, exists: boolean, event: CommitEvent, moment: GroupMoment): GroupEffect[] {
  const { nowMs, settings, to } = moment
  const error = checkCommit(group, exists, event)
  if (error !== 'NONE') return [reply(to, { error, offsets: [] })]
  const { effects, errors } = commitRecords(event, nowMs, settings.get('offset.metadata.max.bytes'))
  if (effects.length > 0 && !group.stored) effects.unshift(createRecord(group, nowMs))
  const member = group.members.get(event.memberId)
  // A member that commits is alive.
  if (member && (group.phase === 'stable' || group.phase === 'preparing-rebalance')) {
    effects.push(arm(sessionTimer(member.id), nowMs + member.sessionTimeoutMs))
  }
  effects.push(reply(to, { error: 'NONE', offsets: errors }))
  return effects
}

function checkCommit(group: ClassicGroup, exists: boolean, event: CommitEvent): GroupError {
  if (!exists && event.generation >= 0) return event.tellsUnknownGroup ? 'GROUP_ID_NOT_FOUND' : 'ILLEGAL_GENERATION'
  if (event.generation < 0 && group.phase === 'empty') return 'NONE'
  // A transactional producer may not say whose offsets these are (before KIP-447); its epoch guards them.
  if (event.generation < 0 && event.memberId === '' && event.instanceId === null) return event.producerId === null ? 'UNKNOWN_MEMBER_ID' : 'NONE'
  const error = checkMember(group, event.memberId, event.instanceId)
  if (error !== 'NONE') return error
  if (event.generation !== group.generation) return 'ILLEGAL_GENERATION'
  // It knows this generation, so it has joined it; what it may still own of the one before is being assigned anew.
  return group.phase === 'completing-rebalance' && event.producerId === null ? 'REBALANCE_IN_PROGRESS' : 'NONE'
}

/** The row that makes a group of offsets only show up after a restart. */
function createRecord(group: ClassicGroup, nowMs: number): GroupEffect {
  const { generation, protocolType } = group
  const row = { kind: 'classic', generation, protocolType, protocolName: null, leader: null, memberCount: 0, sinceMs: nowMs } as const
  return record({ type: 'group-created', row })
}

export function decideOffsetDelete(group: ClassicGroup, offsets: Offsets, event: OffsetDeleteEvent, { to }: GroupMoment): GroupEffect[] {
  if (group.phase !== 'empty' && group.protocolType !== consumerProtocolType) return [reply(to, { error: 'NON_EMPTY_GROUP', partitions: [] })]
  const subscribed = subscribedTopics(group)
  return deleteOffsets(offsets, event, (topicName) => isSubscribedTo(group, subscribed, topicName), to)
}

/**
 * What the retention of offsets takes away (KIP-211): of an empty group once it has been empty for that long, of a stable group of consumers what was
 * committed that long ago for topics nobody reads any more, of a group without members what was committed that long ago. `nameOf` names a topic by id.
 */
export function expireOfClassic(
  group: ClassicGroup,
  offsets: Offsets,
  moment: GroupMoment,
  nameOf: (topicId: string) => string | undefined,
): { effects: GroupEffect[]; all: boolean } {
  const { nowMs, settings } = moment
  const retentionMs = settings.get('offsets.retention.minutes') * 60_000
  if (group.protocolType === null)
    return expireOffsets(
      offsets,
      nowMs,
      retentionMs,
      (row) => row[3],
      () => false,
    )
  if (group.phase === 'empty')
    return expireOffsets(
      offsets,
      nowMs,
      retentionMs,
      () => group.sinceMs,
      () => false,
    )
  const subscribed = group.phase === 'stable' ? subscribedTopics(group) : null
  if (!subscribed) return { effects: [], all: offsets.size === 0 }
  return expireOffsets(
    offsets,
    nowMs,
    retentionMs,
    (row) => row[3],
    (topicId) => subscribed.has(nameOf(topicId) ?? ''),
  )
}
