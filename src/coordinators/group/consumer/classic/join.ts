// JoinGroup of a classic member into a consumer group that has members. Nobody waits for others: the coordinator assigns, so the answer comes at once, names no
// leader, and the member is given its partitions by SyncGroup. A static member that takes the last consumer-protocol member's place turns the group classic.
import { arm, cancel, change, reply } from '../../../effect.ts'
import { isSessionAllowed } from '../../classic/join.ts'
import { consumerProtocolType, copyProtocols, sameProtocols } from '../../classic/protocols.ts'
import { type GroupEffect, type GroupMoment, sessionTimer } from '../../effects.ts'
import { readSubscription, type Subscription } from '../../embedded.ts'
import { failedJoin, type GroupError, type JoinAnswer, type JoinEvent } from '../../events.ts'
import { downgrade, mayTurnClassic } from '../../migration/downgrade.ts'
import { Draft, isSameSubscription } from '../draft.ts'
import { newMember } from '../heartbeat.ts'
import { reconcile } from '../reconcile.ts'
import type { ClassicPart } from '../rows.ts'
import type { ConsumerGroup, ConsumerMember } from '../state.ts'
import { retarget } from '../target.ts'
import { type ConsumerWorld, fetchTimer, rejoinTimer, revokeTimer, timersOf } from '../world.ts'

export function decideClassicJoin(group: ConsumerGroup, groupId: string, event: JoinEvent, moment: GroupMoment, world: ConsumerWorld): GroupEffect[] {
  const { to } = moment
  const error = checkJoin(group, event, moment, world)
  if (error !== 'NONE') return [reply(to, failedJoin(error, error === 'INVALID_SESSION_TIMEOUT' ? event.memberId : ''))]
  // Whoever comes back with it is taken for a new member: there is nobody to wait for it.
  if (event.memberId === '' && event.needsMemberId && event.instanceId === null) return [reply(to, failedJoin('MEMBER_ID_REQUIRED', event.freshId))]
  const subscription = readSubscription(event.protocols[0]!.metadata, world.topics)
  if (!subscription) return [reply(to, failedJoin('INCONSISTENT_GROUP_PROTOCOL', ''))]
  const found = findJoiner(group, event)
  if (typeof found === 'string') return [reply(to, failedJoin(found, ''))]
  return admit(group, groupId, found, subscription, event, moment, world)
}

function checkJoin(group: ConsumerGroup, event: JoinEvent, { settings }: GroupMoment, world: ConsumerWorld): GroupError {
  if (!isSessionAllowed(event, settings)) return 'INVALID_SESSION_TIMEOUT'
  if (world.migrationPolicy() === 'disabled') return 'INCONSISTENT_GROUP_PROTOCOL'
  const isKnown = group.members.has(event.memberId) || (event.instanceId !== null && group.statics.has(event.instanceId))
  if (!isKnown && group.members.size >= settings.get('group.consumer.max.size')) return 'GROUP_MAX_SIZE_REACHED'
  // One that all classic members offer: if the group turns classic, they have to agree.
  const suits = event.protocols.some(({ name }) => (group.offered.get(name) ?? 0) === group.classicCount)
  return event.protocolType === consumerProtocolType && suits ? 'NONE' : 'INCONSISTENT_GROUP_PROTOCOL'
}

interface Joiner {
  readonly id: string
  /** As the group knows it, under its new id where it has one; null for a new one. */
  readonly known: ConsumerMember | null
  /** The former self of a static member that is back under a new id. */
  readonly replaces: ConsumerMember | null
}

function findJoiner(group: ConsumerGroup, { memberId, instanceId, freshId }: JoinEvent): Joiner | GroupError {
  const id = memberId === '' ? freshId : memberId
  if (instanceId === null) return { id, known: group.members.get(id) ?? null, replaces: null }
  const present = group.members.get(group.statics.get(instanceId) ?? '')
  if (memberId === '') return { id, known: present ? { ...present, id, epoch: 0, previousEpoch: 0 } : null, replaces: present ?? null }
  if (!present) return 'UNKNOWN_MEMBER_ID'
  return present.id === memberId ? { id, known: present, replaces: null } : 'FENCED_INSTANCE_ID'
}

function admit(
  group: ConsumerGroup,
  groupId: string,
  { id, known, replaces }: Joiner,
  subscription: Subscription,
  event: JoinEvent,
  moment: GroupMoment,
  world: ConsumerWorld,
): GroupEffect[] {
  const { clientId, clientHost, instanceId, rebalanceTimeoutMs } = event
  const base = known ?? newMember({ memberId: id, clientId, clientHost })
  const { topicNames, rackId } = subscription
  const told: ConsumerMember = {
    ...base,
    instanceId: instanceId ?? base.instanceId,
    rackId: rackId ?? base.rackId,
    clientId,
    clientHost,
    rebalanceTimeoutMs,
    topicNames,
    topicRegex: null,
    classic: classicPart(base.classic, event),
  }
  const draft = new Draft(group)
  if (replaces) draft.remove(replaces.id)
  draft.put(told)
  const isChanged = known === null || !isSameSubscription(known, told)
  const looksAtTopics = group.topicsVersion !== world.topics.version
  // Of the static member that was last to speak the consumer protocol.
  const former = instanceId === null ? undefined : group.members.get(group.statics.get(instanceId) ?? '')
  const turnsClassic = former !== undefined && former.classic === null && mayTurnClassic(group, new Set([former.id]), 1, moment, world)
  retarget(draft, group, groupId, { changed: isChanged ? told : null, isUrgent: isChanged && known !== null }, moment, world)
  const after = reconcile(draft.member(id)!, draft.row.assignmentEpoch, subscription.owned, draft.holderOf)
  draft.put(after)
  const answer = reply(moment.to, joinAnswer(after))
  const turned = turnsClassic ? downgrade(group, draft, !isSettled(draft), moment, world) : null
  if (turned) return [...turned, answer]

  const effects = draft.effects(moment.nowMs)
  if (looksAtTopics) effects.push(change({ type: 'consumer-topics-seen', topicsVersion: world.topics.version }))
  if (group.expired.has(id)) effects.push(change({ type: 'consumer-expired', memberId: id, isExpired: false }))
  if (group.asked.has(id)) effects.push(change({ type: 'consumer-asked', memberId: id, isAsked: false }))
  if (replaces) effects.push(...timersOf(replaces.id).map(cancel))
  return [
    ...effects,
    cancel(revokeTimer(id)),
    cancel(rejoinTimer(id)),
    arm(sessionTimer(id), moment.nowMs + event.sessionTimeoutMs),
    arm(fetchTimer(id), moment.nowMs + Math.max(rebalanceTimeoutMs, 0)),
    answer,
  ]
}

/** The part that only classic members have; the very one that is stored where nothing of it changed. */
function classicPart(before: ClassicPart | null, { sessionTimeoutMs, protocols }: JoinEvent): ClassicPart {
  const asBefore = before !== null && before.sessionTimeoutMs === sessionTimeoutMs && sameProtocols(before.protocols, protocols)
  return asBefore ? before : { sessionTimeoutMs, protocols: copyProtocols(protocols) }
}

/** Has everybody exactly its target, so that a classic generation can go on from here without another rebalance? */
function isSettled(draft: Draft): boolean {
  const { epoch, assignmentEpoch } = draft.row
  if (epoch !== assignmentEpoch) return false
  for (const member of draft.members()) if (member.phase !== 'stable' || member.epoch !== epoch) return false
  return true
}

function joinAnswer({ id, epoch, classic }: ConsumerMember): JoinAnswer {
  const protocolName = classic!.protocols[0]!.name
  return {
    error: 'NONE',
    generation: epoch,
    protocolType: consumerProtocolType,
    protocolName,
    leader: '',
    skipAssignment: false,
    memberId: id,
    members: [],
  }
}
