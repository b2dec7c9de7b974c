// Everything that can be asked of a consumer group, and of a group that is about to become one, sent to the verb that decides it. Those of classic members are in
// classic/: a group may have both kinds while its clients are being changed.
import { arm, cancel, reply } from '../../effect.ts'
import { type GroupEffect, type GroupMoment, sessionTimer } from '../effects.ts'
import { failures, type GroupEvent, type Request } from '../events.ts'
import { fetchOffsets, type Offsets, type PendingOffsets } from '../offsets.ts'
import { decideClassicHeartbeat, decideClassicSync } from './classic/heartbeat.ts'
import { decideClassicJoin } from './classic/join.ts'
import { decideClassicLeave } from './classic/leave.ts'
import { describeConsumer } from './describe.ts'
import { type ConsumerHeartbeatEvent, failedConsumerDescribe, failedConsumerHeartbeat } from './events.ts'
import { decideConsumerHeartbeat } from './heartbeat.ts'
import { decideClassicTimeout, decideConsumerLeave, decideConsumerSessionEnd, decideRevokeTimeout } from './leave.ts'
import { checkFetch, decideConsumerCommit, decideConsumerOffsetDelete } from './offsets.ts'
import { awayEpoch, type ConsumerGroup, leavingEpoch, newConsumerGroup } from './state.ts'
import { type ConsumerWorld, fetchTimerPrefix, rejoinTimerPrefix, revokeTimer, revokeTimerPrefix, sessionMsOf } from './world.ts'

interface Holder {
  readonly id: string
  readonly offsets: Offsets
  readonly pending: PendingOffsets
}

/** Verbs that every kind of group decides alike stay with group.ts. */
export type ConsumerVerbEvent = Exclude<GroupEvent, { verb: 'delete' | 'drop-pending' | 'clean-up' | 'topic-gone' }>

export function decideOfConsumer(
  group: Holder,
  body: ConsumerGroup,
  event: ConsumerVerbEvent,
  moment: GroupMoment,
  world: ConsumerWorld,
): GroupEffect[] {
  const { to } = moment
  switch (event.verb) {
    case 'timer':
      return decideTimer(body, event.timer)
    case 'consumer-heartbeat':
      return decideAnyHeartbeat(group.id, body, event, moment, world)
    case 'consumer-describe':
      return [reply(to, describeConsumer(body, world.assignorNames()[0] ?? ''))]
    case 'commit':
      return decideConsumerCommit(body, group.id, event, moment, world)
    case 'fetch': {
      const error = checkFetch(body, event)
      return [reply(to, error === 'NONE' ? fetchOffsets(group.offsets, group.pending, event) : { error, topics: [] })]
    }
    case 'offset-delete':
      return decideConsumerOffsetDelete(body, group.offsets, event, moment)
    case 'describe':
      return [reply(to, { ...failures.describe(event, 'GROUP_ID_NOT_FOUND'), state: 'Dead', message: `Group ${group.id} is not a classic group.` })]
    case 'join':
      return decideClassicJoin(body, group.id, event, moment, world)
    case 'sync':
      return decideClassicSync(body, event, moment, world)
    case 'heartbeat':
      return decideClassicHeartbeat(body, group.id, event, moment, world)
    case 'leave':
      return decideClassicLeave(body, event, moment, world)
  }
}

/** `body` is null where there is no consumer group of this id; `mayBecome` where a join may make one. */
export function decideWithoutConsumer(
  groupId: string,
  mayBecome: boolean,
  exists: boolean,
  event: Request & { verb: 'consumer-heartbeat' | 'consumer-describe' },
  moment: GroupMoment,
  world: ConsumerWorld,
): GroupEffect[] {
  const message = exists ? `Group ${groupId} is not a consumer group.` : `Group ${groupId} not found.`
  if (event.verb === 'consumer-describe') return [reply(moment.to, failedConsumerDescribe('GROUP_ID_NOT_FOUND', message))]
  if (event.epoch === 0 && mayBecome) return decideAnyHeartbeat(groupId, newConsumerGroup(moment.nowMs), event, moment, world)
  return [reply(moment.to, failedConsumerHeartbeat('GROUP_ID_NOT_FOUND', exists || event.epoch < 0 ? message : `Consumer g${message.slice(1)}`))]
}

function decideAnyHeartbeat(
  groupId: string,
  body: ConsumerGroup,
  event: ConsumerHeartbeatEvent,
  moment: GroupMoment,
  world: ConsumerWorld,
): GroupEffect[] {
  if (event.epoch === leavingEpoch || event.epoch === awayEpoch) return decideConsumerLeave(body, groupId, event, moment, world)
  return decideConsumerHeartbeat(body, groupId, event, moment, world)
}

function decideTimer(body: ConsumerGroup, timer: string): GroupEffect[] {
  const session = sessionTimer('')
  if (timer.startsWith(session)) return decideConsumerSessionEnd(body, timer.slice(session.length))
  if (timer.startsWith(revokeTimerPrefix)) return decideRevokeTimeout(body, timer.slice(revokeTimerPrefix.length))
  if (timer.startsWith(rejoinTimerPrefix)) return decideClassicTimeout(body, timer.slice(rejoinTimerPrefix.length))
  if (timer.startsWith(fetchTimerPrefix)) return decideClassicTimeout(body, timer.slice(fetchTimerPrefix.length))
  return []
}

/** Members of a group that was just loaded have a whole session to be heard of, and their whole time to let go: the broker was away, not they. */
export function wakeConsumer(groupId: string, body: ConsumerGroup, moment: GroupMoment, world: ConsumerWorld): GroupEffect[] {
  const effects: GroupEffect[] = []
  for (const member of body.members.values()) {
    effects.push(arm(sessionTimer(member.id), moment.nowMs + sessionMsOf(member, world, groupId, moment)))
    // A classic member has a time to join again instead, from when it is told to.
    if (member.phase === 'unrevoked' && member.classic === null) effects.push(arm(revokeTimer(member.id), moment.nowMs + member.rebalanceTimeoutMs))
  }
  return effects
}

/** The timers that a group leaves behind when it becomes one of another kind. */
export const timersOfPending = (pending: Iterable<string>): GroupEffect[] => Array.from(pending, (memberId) => cancel(sessionTimer(memberId)))
