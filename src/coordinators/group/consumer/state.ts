// A consumer group's state (KIP-848) and apply, the only code that changes it: members as stored, and what follows from them (who holds a partition, who has an
// instance id, how many read a topic). What should change is decided by the verbs beside this file.
import type { Spread } from '../spread.ts'
import type { ConsumerAsked, ConsumerChange, ConsumerExpired, ConsumerGroupRow, ConsumerMemberRow, ConsumerTopicsSeen } from './rows.ts'

export interface ConsumerMember extends ConsumerMemberRow {
  readonly id: string
}

export interface ConsumerGroup {
  readonly kind: 'consumer'
  row: ConsumerGroupRow
  /** In order of joining, but for those that a restart read back. */
  readonly members: Map<string, ConsumerMember>
  /** Instance id to member id. */
  readonly statics: Map<string, string>
  /** Topic id to partition to the member that holds it: has it assigned or has not let go of it. */
  readonly holders: Map<string, Map<number, string>>
  /** Topic name to how many members name it. */
  readonly names: Map<string, number>
  /** Regular expression to how many members have it. */
  readonly regexes: Map<string, number>
  /** Members that speak the classic protocol. */
  classicCount: number
  /** Classic protocol (client-side assignor) to how many members offer it. */
  readonly offered: Map<string, number>
  /** Classic members that have been told to join again and have not yet. */
  readonly asked: Set<string>
  /** Members whose time is over and whose removal is not stored yet. */
  readonly expired: Set<string>
  /** The version of the broker's topics that `row.topics` was last compared with; -1 for not since the start. */
  topicsVersion: number
}

/** The epoch of a static member that is away for a moment. */
export const awayEpoch = -2
/** The epoch with which a member leaves. */
export const leavingEpoch = -1

export function newConsumerGroup(sinceMs: number): ConsumerGroup {
  return {
    kind: 'consumer',
    // As Kafka counts: the first member's join makes it 2.
    row: { kind: 'consumer', epoch: 1, assignmentEpoch: 0, assignedAtMs: 0, assignorName: '', topics: [], memberCount: 0, sinceMs },
    members: new Map(),
    statics: new Map(),
    holders: new Map(),
    names: new Map(),
    regexes: new Map(),
    classicCount: 0,
    offered: new Map(),
    asked: new Set(),
    expired: new Set(),
    topicsVersion: -1,
  }
}

export function applyConsumer(group: ConsumerGroup, change: ConsumerChange | ConsumerExpired | ConsumerAsked | ConsumerTopicsSeen): void {
  if (change.type === 'consumer-topics-seen') {
    group.topicsVersion = change.topicsVersion
    return
  }
  if (change.type === 'consumer-expired') {
    if (change.isExpired) group.expired.add(change.memberId)
    else group.expired.delete(change.memberId)
    return
  }
  if (change.type === 'consumer-asked') {
    if (change.isAsked) group.asked.add(change.memberId)
    else group.asked.delete(change.memberId)
    return
  }
  group.row = change.row
  // First everybody lets go, then everybody takes: partitions and instance ids may pass from one to another within a change.
  for (const memberId of change.gone) {
    forget(group, memberId)
    group.members.delete(memberId)
    group.expired.delete(memberId)
    group.asked.delete(memberId)
  }
  for (const [memberId] of change.members) forget(group, memberId)
  for (const [memberId, row] of change.members) remember(group, { ...row, id: memberId })
}

/** Changes of the copy leave the group as it is, and the other way round. */
export function copyConsumer(group: ConsumerGroup): ConsumerGroup {
  return {
    ...group,
    members: new Map(group.members),
    statics: new Map(group.statics),
    holders: new Map(Array.from(group.holders, ([topicId, holders]) => [topicId, new Map(holders)])),
    names: new Map(group.names),
    regexes: new Map(group.regexes),
    offered: new Map(group.offered),
    asked: new Set(group.asked),
    expired: new Set(group.expired),
  }
}

function forget(group: ConsumerGroup, memberId: string): void {
  const member = group.members.get(memberId)
  if (!member) return
  if (member.instanceId !== null && group.statics.get(member.instanceId) === memberId) group.statics.delete(member.instanceId)
  hold(group, member.assigned, memberId, false)
  hold(group, member.revoking, memberId, false)
  for (const name of member.topicNames) count(group.names, name, -1)
  if (member.topicRegex !== null) count(group.regexes, member.topicRegex, -1)
  if (member.classic === null) return
  group.classicCount--
  for (const { name } of member.classic.protocols) count(group.offered, name, -1)
}

function remember(group: ConsumerGroup, member: ConsumerMember): void {
  group.members.set(member.id, member)
  if (member.instanceId !== null) group.statics.set(member.instanceId, member.id)
  hold(group, member.assigned, member.id, true)
  hold(group, member.revoking, member.id, true)
  for (const name of member.topicNames) count(group.names, name, 1)
  if (member.topicRegex !== null) count(group.regexes, member.topicRegex, 1)
  if (member.classic === null) return
  group.classicCount++
  for (const { name } of member.classic.protocols) count(group.offered, name, 1)
}

function hold(group: ConsumerGroup, spread: Spread, memberId: string, takes: boolean): void {
  for (const [topicId, partitions] of spread) {
    let holders = group.holders.get(topicId)
    if (!holders) group.holders.set(topicId, (holders = new Map()))
    for (const partition of partitions) {
      if (takes) holders.set(partition, memberId)
      else if (holders.get(partition) === memberId) holders.delete(partition)
    }
    if (holders.size === 0) group.holders.delete(topicId)
  }
}

function count(counts: Map<string, number>, name: string, by: number): void {
  const after = (counts.get(name) ?? 0) + by
  if (after === 0) counts.delete(name)
  else counts.set(name, after)
}

/** Kafka's names of the states. */
export type ConsumerPhase = 'Empty' | 'Assigning' | 'Reconciling' | 'Stable'

export function phaseOf(group: ConsumerGroup): ConsumerPhase {
  if (group.members.size === 0) return 'Empty'
  if (group.row.epoch > group.row.assignmentEpoch) return 'Assigning'
  for (const { epoch, phase } of group.members.values()) if (phase !== 'stable' || epoch !== group.row.assignmentEpoch) return 'Reconciling'
  return 'Stable'
}
