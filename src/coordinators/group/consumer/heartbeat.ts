// ConsumerGroupHeartbeat (KIP-848): joins, goes on, changes its subscription, lets go of partitions and is given others, all by this one request.
// A heartbeat that changes nothing stores nothing and does not look at other members.
import { arm, cancel, change, reply } from '../../effect.ts'
import { type GroupEffect, type GroupMoment, sessionTimer } from '../effects.ts'
import { isWithin, nothing, sameSpread } from '../spread.ts'
import { Draft, isSameSubscription } from './draft.ts'
import { type ConsumerHeartbeatAnswer, type ConsumerHeartbeatEvent, failedConsumerHeartbeat } from './events.ts'
import { type Found, findMember } from './membership.ts'
import { reconcile } from './reconcile.ts'
import type { ConsumerGroup, ConsumerMember } from './state.ts'
import { retarget } from './target.ts'
import { faultOfRegex } from './validate.ts'
import {
  type ConsumerWorld,
  type Fault,
  fault,
  fetchTimer,
  heartbeatIntervalMs,
  rejoinTimer,
  revokeTimer,
  sessionTimeoutMs,
  timersOf,
} from './world.ts'

/** A member that joins or goes on; leaving is leave.ts's. `event` has passed validate.ts. */
export function decideConsumerHeartbeat(
  group: ConsumerGroup,
  groupId: string,
  asked: ConsumerHeartbeatEvent,
  moment: GroupMoment,
  world: ConsumerWorld,
): GroupEffect[] {
  const event = asked.memberId === '' ? { ...asked, memberId: asked.freshId } : asked
  const found = admit(group, groupId, event, moment)
  if ('error' in found) return [reply(moment.to, failedConsumerHeartbeat(found.error, found.message))]
  const told = updated(found.known, event)
  const regexChanged = told.topicRegex !== null && told.topicRegex !== found.known?.topicRegex
  const wrongRegex = regexChanged ? faultOfRegex(told.topicRegex) : null
  if (wrongRegex) return [reply(moment.to, failedConsumerHeartbeat(wrongRegex.error, wrongRegex.message))]

  const draft = new Draft(group)
  if (found.replaces) draft.remove(found.replaces.id)
  if (told !== found.known || found.replaces) draft.put(told)
  const isChanged = found.known === null || !isSameSubscription(found.known, told)
  const looksAtTopics = group.topicsVersion !== world.topics.version
  const brings = { changed: isChanged ? told : null, isUrgent: isChanged && found.known !== null }
  retarget(draft, group, groupId, brings, moment, world)
  const before = draft.member(told.id)!
  const after = reconcile(before, draft.row.assignmentEpoch, event.owned, draft.holderOf)
  if (after !== before) draft.put(after)

  const effects = draft.effects(moment.nowMs)
  if (looksAtTopics) effects.push(change({ type: 'consumer-topics-seen', topicsVersion: world.topics.version }))
  if (group.expired.has(told.id)) effects.push(change({ type: 'consumer-expired', memberId: told.id, isExpired: false }))
  if (found.replaces) effects.push(...timersOf(found.replaces.id).map(cancel))
  // It was a classic member until now: nobody waits for it to join or to sync any more.
  else if (found.known?.classic) effects.push(cancel(rejoinTimer(told.id)), cancel(fetchTimer(told.id)))
  effects.push(...timers(found.known, before, after, groupId, moment, world))
  effects.push(reply(moment.to, answerTo(event, found.known, after, heartbeatIntervalMs(world, groupId, moment))))
  return effects
}

function admit(group: ConsumerGroup, groupId: string, event: ConsumerHeartbeatEvent, { settings }: GroupMoment): Found | Fault {
  const sizeMax = settings.get('group.consumer.max.size')
  if (group.members.size >= sizeMax && !group.members.has(event.memberId) && !isBack(group, event)) {
    return fault('GROUP_MAX_SIZE_REACHED', `The consumer group has reached its maximum capacity of ${sizeMax} members.`)
  }
  return findMember(group, groupId, event)
}

/** A static member takes the place of its former self. */
const isBack = (group: ConsumerGroup, { instanceId }: ConsumerHeartbeatEvent): boolean => instanceId !== null && group.statics.has(instanceId)

/** The member with what this heartbeat says of it; the same object where that is nothing new. */
function updated(known: ConsumerMember | null, event: ConsumerHeartbeatEvent): ConsumerMember {
  const base = known ?? newMember(event)
  const topicNames = event.topicNames === null ? base.topicNames : [...new Set(event.topicNames)].sort()
  const member: ConsumerMember = {
    ...base,
    instanceId: event.instanceId ?? base.instanceId,
    rackId: event.rackId ?? base.rackId,
    clientId: event.clientId,
    clientHost: event.clientHost,
    rebalanceTimeoutMs: event.rebalanceTimeoutMs === -1 ? base.rebalanceTimeoutMs : event.rebalanceTimeoutMs,
    topicNames,
    topicRegex: event.topicRegex === null ? base.topicRegex : event.topicRegex || null,
    assignorName: event.assignorName ?? base.assignorName,
    // Whoever sends this speaks the consumer protocol from now on.
    classic: null,
  }
  const isSame =
    member.instanceId === base.instanceId &&
    member.rackId === base.rackId &&
    member.clientId === base.clientId &&
    member.clientHost === base.clientHost &&
    member.rebalanceTimeoutMs === base.rebalanceTimeoutMs &&
    member.assignorName === base.assignorName &&
    member.classic === base.classic &&
    isSameSubscription(member, base)
  return isSame ? base : member
}

export const newMember = ({
  memberId,
  clientId,
  clientHost,
}: Pick<ConsumerMember, 'clientId' | 'clientHost'> & { memberId: string }): ConsumerMember => ({
  id: memberId,
  instanceId: null,
  rackId: null,
  clientId,
  clientHost,
  rebalanceTimeoutMs: -1,
  topicNames: [],
  topicRegex: null,
  assignorName: null,
  epoch: 0,
  previousEpoch: 0,
  phase: 'stable',
  assigned: nothing,
  revoking: nothing,
  given: [],
  target: nothing,
  classic: null,
})

function timers(
  known: ConsumerMember | null,
  before: ConsumerMember,
  after: ConsumerMember,
  groupId: string,
  moment: GroupMoment,
  world: ConsumerWorld,
): GroupEffect[] {
  const effects: GroupEffect[] = [arm(sessionTimer(after.id), moment.nowMs + sessionTimeoutMs(world, groupId, moment))]
  if (after.phase === 'unrevoked') {
    if (after !== before) effects.push(arm(revokeTimer(after.id), moment.nowMs + after.rebalanceTimeoutMs))
  } else if (known?.phase === 'unrevoked') {
    effects.push(cancel(revokeTimer(after.id)))
  }
  return effects
}

/**
 * The assignment is told when it is another than before, and to a member that tells everything about itself: it may know nothing any more. And to one that shows
 * that it missed an answer: its epoch is the one before, or it does not name a partition among its own that it was given.
 */
function answerTo(event: ConsumerHeartbeatEvent, known: ConsumerMember | null, after: ConsumerMember, intervalMs: number): ConsumerHeartbeatAnswer {
  const tellsSubscription = event.topicNames !== null || event.topicRegex !== null
  const tellsAll = event.epoch === 0 || (tellsSubscription && event.rebalanceTimeoutMs !== -1 && event.owned !== null)
  const isNew = known === null || !sameSpread(known.assigned, after.assigned)
  const missedOne = known !== null && (event.epoch < known.epoch || (event.owned !== null && !isWithin(after.assigned, event.owned)))
  return {
    error: 'NONE',
    message: null,
    memberId: after.id,
    epoch: after.epoch,
    heartbeatIntervalMs: intervalMs,
    assignment: tellsAll || isNew || missedOne ? after.assigned : null,
  }
}
