// A classic group of consumers turns into a consumer group when somebody who speaks the consumer protocol joins it (KIP-848). Its members stay: they keep what they
// were assigned, and are told by their next heartbeat to join again.
import { arm, cancel, record, reply } from '../../effect.ts'
import { commonProtocol, consumerProtocolType, metadataOf } from '../classic/protocols.ts'
import type { ClassicGroup, Member } from '../classic/state.ts'
import { type ConsumerHeartbeatEvent, failedConsumerHeartbeat } from '../consumer/events.ts'
import { decideConsumerHeartbeat } from '../consumer/heartbeat.ts'
import type { ConsumerGroupRow, ConsumerMemberRow } from '../consumer/rows.ts'
import { applyConsumer, newConsumerGroup } from '../consumer/state.ts'
import { resolve, topicRow } from '../consumer/topics.ts'
import type { ConsumerWorld } from '../consumer/world.ts'
import { delayTimer, type GroupEffect, type GroupMoment, joinTimer, sessionTimer, syncTimer } from '../effects.ts'
import { readAssignment, readSubscription } from '../embedded.ts'
import { failedJoin, failedSync } from '../events.ts'
import { nothing } from '../spread.ts'

type Turned = { readonly row: ConsumerGroupRow; readonly members: readonly (readonly [string, ConsumerMemberRow])[] }

/** A heartbeat that joins a classic group with members. */
export function decideUpgrade(
  groupId: string,
  classic: ClassicGroup,
  event: ConsumerHeartbeatEvent,
  moment: GroupMoment,
  world: ConsumerWorld,
): GroupEffect[] {
  const turned = refusal(classic, moment, world) ?? turn(classic, moment, world)
  if (typeof turned === 'string') {
    return [
      reply(moment.to, failedConsumerHeartbeat('GROUP_ID_NOT_FOUND', `Cannot upgrade classic group ${groupId} to consumer group because ${turned}`)),
    ]
  }
  const group = newConsumerGroup(moment.nowMs)
  applyConsumer(group, { type: 'consumer-changed', ...turned, gone: [] })
  const joined = decideConsumerHeartbeat(group, groupId, event, moment, world)
  // Turned away: the group stays as it is.
  if (!joined.some((effect) => effect.do === 'record')) return joined
  return [
    record({ type: 'turned-consumer', ...turned, gone: [...classic.storedMembers] }),
    ...settleParked(classic),
    ...timers(classic, moment),
    ...joined,
  ]
}

/** As Kafka words it; null where nothing stands against it. */
function refusal(classic: ClassicGroup, { settings }: GroupMoment, world: ConsumerWorld): string | null {
  const policy = world.migrationPolicy()
  if (policy !== 'bidirectional' && policy !== 'upgrade') return 'online upgrade is disabled.'
  if (classic.protocolType !== consumerProtocolType) return 'the group does not use the consumer embedded protocol.'
  if (classic.members.size > settings.get('group.consumer.max.size')) return 'the group size exceeds the consumer group maximum size.'
  return null
}

function turn(classic: ClassicGroup, { nowMs }: GroupMoment, world: ConsumerWorld): Turned | string {
  const members: [string, ConsumerMemberRow][] = []
  // A group that is still waiting for its first generation has not chosen one.
  const protocolName = classic.protocolName ?? commonProtocol(classic.members.values())
  for (const member of classic.members.values()) {
    const row = consumerRow(member, protocolName, classic.generation, world)
    if (typeof row === 'string') return row
    members.push([member.id, row])
  }
  const { partitionCounts } = resolve(
    members.map(([id, row]) => ({ ...row, id })),
    world.topics,
  )
  const epoch = classic.generation
  const topics = topicRow(partitionCounts)
  return {
    row: { kind: 'consumer', epoch, assignmentEpoch: epoch, assignedAtMs: 0, assignorName: '', topics, memberCount: members.length, sinceMs: nowMs },
    members,
  }
}

function consumerRow(member: Member, protocolName: string | null, generation: number, world: ConsumerWorld): ConsumerMemberRow | string {
  const subscription = readSubscription(metadataOf(member, protocolName), world.topics)
  // As it was last stored: in the middle of a rebalance the member may still hold that, whatever it will be told.
  const assignment = readAssignment(member.row?.assignment ?? member.assignment, world.topics)
  if (!subscription || !assignment) return 'the embedded consumer protocol is malformed.'
  if (assignment.hasUserData) {
    return 'an unsupported custom assignor is in use. Please refer to the documentation or switch to a default assignor before re-attempting the upgrade.'
  }
  const { instanceId, clientId, clientHost, rebalanceTimeoutMs, sessionTimeoutMs, protocols } = member
  return {
    instanceId,
    rackId: subscription.rackId,
    clientId,
    clientHost,
    rebalanceTimeoutMs,
    topicNames: subscription.topicNames,
    topicRegex: null,
    assignorName: null,
    epoch: generation,
    previousEpoch: generation,
    phase: 'stable',
    assigned: assignment.spread,
    revoking: nothing,
    given: [[generation, assignment.spread]],
    target: assignment.spread,
    classic: { sessionTimeoutMs, protocols },
  }
}

/** Whoever waits for a generation that will not come joins again. */
function settleParked(classic: ClassicGroup): GroupEffect[] {
  const effects: GroupEffect[] = []
  for (const { id, joining, syncing } of classic.members.values()) {
    if (joining !== null) effects.push(reply(joining, failedJoin('REBALANCE_IN_PROGRESS', id)))
    if (syncing !== null) effects.push(reply(syncing, failedSync('REBALANCE_IN_PROGRESS')))
  }
  return effects
}

/** Ids that were given out and not used yet join the consumer group as they come: nobody waits for them there. */
function timers(classic: ClassicGroup, { nowMs }: GroupMoment): GroupEffect[] {
  return [
    ...[joinTimer, delayTimer, syncTimer, ...Array.from(classic.pending, sessionTimer)].map(cancel),
    ...Array.from(classic.members.values(), ({ id, sessionTimeoutMs }) => arm(sessionTimer(id), nowMs + sessionTimeoutMs)),
  ]
}
