// A consumer group turns classic when nobody is left in it who speaks the consumer protocol (KIP-848): its members go on with their targets as the assignments of a
// classic generation, and rebalance from there.
import { arm, cancel, record } from '../../effect.ts'
import { commonProtocol, consumerProtocolType, metadataOf, selectProtocol } from '../classic/protocols.ts'
import { beginRebalance } from '../classic/rebalance.ts'
import { applyClassic, newClassicGroup } from '../classic/state.ts'
import type { Draft } from '../consumer/draft.ts'
import type { ConsumerGroup, ConsumerMember } from '../consumer/state.ts'
import { type ConsumerWorld, timersOf } from '../consumer/world.ts'
import { type GroupEffect, type GroupMoment, sessionTimer } from '../effects.ts'
import { writeAssignment } from '../embedded.ts'
import type { MemberRow } from '../records.ts'

/** May the group turn classic when `gone` have gone and `joining` classic members have come? An empty group need not: it becomes what its next member is. */
export function mayTurnClassic(
  group: ConsumerGroup,
  gone: ReadonlySet<string>,
  joining: number,
  { settings }: GroupMoment,
  world: ConsumerWorld,
): boolean {
  let classicGone = 0
  for (const memberId of gone) if (group.members.get(memberId)?.classic) classicGone++
  const staying = group.members.size - gone.size
  if (group.classicCount - classicGone !== staying) return false
  const policy = world.migrationPolicy()
  const count = staying + joining
  return count > 0 && count <= settings.get('group.max.size') && (policy === 'bidirectional' || policy === 'downgrade')
}

/**
 * Turns what the draft leaves of the group into a classic group. `rebalances`: they are to join again at once. Null where they have no classic protocol in common;
 * then the group stays what it is.
 */
export function downgrade(group: ConsumerGroup, draft: Draft, rebalances: boolean, moment: GroupMoment, world: ConsumerWorld): GroupEffect[] | null {
  const staying = [...draft.members()]
  const offers = staying.map(({ classic }) => ({ protocols: classic?.protocols ?? [] }))
  if (commonProtocol(offers) === null) return null
  const protocolName = selectProtocol(offers)
  const members = staying.map((member) => [member.id, classicRow(member, protocolName, world)] as const)
  const row = {
    kind: 'classic',
    generation: draft.row.epoch,
    protocolType: consumerProtocolType,
    protocolName,
    leader: staying[0]!.id,
    memberCount: staying.length,
    sinceMs: moment.nowMs,
  } as const
  const classic = newClassicGroup()
  applyClassic(classic, { type: 'generation-stable', row, members, gone: [] })
  return [
    record({ type: 'turned-classic', row, members, gone: [...group.members.keys()] }),
    ...[...group.members.keys()].flatMap((memberId) => timersOf(memberId).map(cancel)),
    ...members.map(([memberId, { sessionTimeoutMs }]) => arm(sessionTimer(memberId), moment.nowMs + sessionTimeoutMs)),
    ...(rebalances ? beginRebalance(classic, moment, {}) : []),
  ]
}

function classicRow(member: ConsumerMember, protocolName: string, world: ConsumerWorld): MemberRow {
  const { instanceId, clientId, clientHost, rebalanceTimeoutMs, target } = member
  const { sessionTimeoutMs, protocols } = member.classic!
  const assignment = writeAssignment(target, metadataOf({ protocols }, protocolName), world.topics)
  return { instanceId, clientId, clientHost, sessionTimeoutMs, rebalanceTimeoutMs, protocols, assignment }
}
