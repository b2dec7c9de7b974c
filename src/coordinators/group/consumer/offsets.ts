// Who may commit, read, delete and lose offsets in a consumer group. The offsets themselves are ../offsets.ts's.
import { arm, reply } from '../../effect.ts'
import { type GroupEffect, type GroupMoment, sessionTimer } from '../effects.ts'
import type { CommitEvent, FetchEvent, GroupError, OffsetDeleteEvent } from '../events.ts'
import { commitRecords, deleteOffsets, expireOffsets, type Offsets } from '../offsets.ts'
import { partitionsOf } from '../spread.ts'
import type { ConsumerGroup, ConsumerMember } from './state.ts'
import { readsTopic } from './topics.ts'
import { type ConsumerWorld, sessionMsOf } from './world.ts'

/** OffsetCommit and, with a producer id, TxnOffsetCommit. */
export function decideConsumerCommit(
  group: ConsumerGroup,
  groupId: string,
  event: CommitEvent,
  moment: GroupMoment,
  world: ConsumerWorld,
): GroupEffect[] {
  const { nowMs, settings, to } = moment
  const error = checkCommit(group, event)
  if (error !== 'NONE') return [reply(to, { error, offsets: [] })]
  const { effects, errors } = commitRecords(event, nowMs, settings.get('offset.metadata.max.bytes'))
  // A member that commits is alive.
  const member = group.members.get(event.memberId)
  if (member) effects.push(arm(sessionTimer(member.id), nowMs + sessionMsOf(member, world, groupId, moment)))
  return [...effects, reply(to, { error: 'NONE', offsets: errors })]
}

function checkCommit(group: ConsumerGroup, event: CommitEvent): GroupError {
  const names = event.memberId !== '' || event.instanceId !== null
  // An administrator, or a consumer that manages its partitions itself.
  if (event.generation < 0 && group.members.size === 0) return 'NONE'
  // Transactional producers need not say whose offsets these are; their own epoch guards them.
  if (event.producerId !== null && event.generation < 0 && !names) return 'NONE'
  const member = group.members.get(event.memberId)
  if (!member) return 'UNKNOWN_MEMBER_ID'
  // Older versions have no code for what may be wrong.
  if (event.producerId === null && member.classic === null && !event.tellsUnknownGroup) return 'UNSUPPORTED_VERSION'
  if (event.generation === member.epoch || isStillGood(member, event)) return 'NONE'
  return event.producerId === null && member.classic === null ? 'STALE_MEMBER_EPOCH' : 'ILLEGAL_GENERATION'
}

/** An older epoch is as good where the member has had every one of the partitions since then or longer (KIP-1251): nobody else has read them meanwhile. */
const isStillGood = ({ epoch, given }: ConsumerMember, { generation, offsets }: CommitEvent): boolean =>
  generation < epoch &&
  offsets.every(({ topicId, partition }) => given.some(([since, spread]) => since <= generation && partitionsOf(spread, topicId).includes(partition)))

/** OffsetFetch 9 and later may say who asks: a member that has been fenced must not go on from these offsets. */
export function checkFetch(group: ConsumerGroup, { member }: FetchEvent): GroupError {
  if (!member || (member.id === null && member.epoch < 0)) return 'NONE'
  const known = group.members.get(member.id ?? '')
  if (!known) return 'UNKNOWN_MEMBER_ID'
  // In a classic group nobody looks at it, so there are classic clients that do not tell their generation (@platformatic/kafka 1).
  if (known.epoch === member.epoch || (known.classic && member.epoch === -1)) return 'NONE'
  return known.classic ? 'ILLEGAL_GENERATION' : 'STALE_MEMBER_EPOCH'
}

export const decideConsumerOffsetDelete = (group: ConsumerGroup, offsets: Offsets, event: OffsetDeleteEvent, { to }: GroupMoment): GroupEffect[] =>
  deleteOffsets(offsets, event, (topicName) => readsTopic(group, topicName), to)

/** What the retention of offsets takes away (KIP-211): what was committed that long ago for topics that nobody in the group reads. */
export function expireOfConsumer(
  group: ConsumerGroup,
  offsets: Offsets,
  { nowMs, settings }: GroupMoment,
  nameOf: (topicId: string) => string | undefined,
): { effects: GroupEffect[]; all: boolean } {
  const retentionMs = settings.get('offsets.retention.minutes') * 60_000
  const committedMs = (row: readonly [number, number, string, number, number | null]): number => row[3]
  return expireOffsets(offsets, nowMs, retentionMs, committedMs, (topicId) => readsTopic(group, nameOf(topicId) ?? ''))
}
