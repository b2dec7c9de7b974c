// From one generation of a classic group to the next: the rebalance begins, members join, the last one (or a timer) completes it.
// Each function reads the group and returns effects. A completed join goes on in sync.ts.
import { arm, cancel, change, record, reply } from '../../effect.ts'
import { delayTimer, type GroupEffect, type GroupMoment, joinTimer, sessionTimer, syncTimer } from '../effects.ts'
import { failedSync, type JoinAnswer } from '../events.ts'
import { metadataOf, selectProtocol } from './protocols.ts'
import type { ClassicGroup, Member } from './state.ts'

const nobody: ReadonlySet<string> = new Set()

/**
 * Asks everyone to join again. Effects that add, update or remove members come before these; `gone` names the removed, `rebalanceTimeoutMs` is that of a
 * member that is being added or updated.
 */
export function beginRebalance(
  group: ClassicGroup,
  moment: GroupMoment,
  { gone = nobody, rebalanceTimeoutMs = 0 }: { gone?: ReadonlySet<string>; rebalanceTimeoutMs?: number },
): GroupEffect[] {
  if (group.phase === 'preparing-rebalance') return []
  const { nowMs } = moment
  const effects: GroupEffect[] = []
  let timeoutMs = rebalanceTimeoutMs
  for (const member of group.members.values()) {
    if (gone.has(member.id)) continue
    timeoutMs = Math.max(timeoutMs, member.rebalanceTimeoutMs)
    if (member.syncing === null) continue
    // Parked since its leader was to assign it something: it has to join again, and is given a whole session for it.
    effects.push(reply(member.syncing, failedSync('REBALANCE_IN_PROGRESS')), arm(sessionTimer(member.id), nowMs + member.sessionTimeoutMs))
  }
  effects.push(cancel(syncTimer))
  if (group.phase === 'empty') {
    const delayMs = moment.settings.get('group.initial.rebalance.delay.ms')
    effects.push(change({ type: 'rebalance-begun', initial: { delayMs, remainingMs: Math.max(timeoutMs - delayMs, 0) }, sinceMs: nowMs }))
    if (delayMs > 0) effects.push(arm(delayTimer, nowMs + delayMs))
  } else {
    effects.push(change({ type: 'rebalance-begun', initial: null, sinceMs: nowMs }), arm(joinTimer, nowMs + timeoutMs))
  }
  return effects
}

/** Completes a rebalance that nothing holds up any more. */
export function settleRebalance(group: ClassicGroup, nowMs: number): GroupEffect[] {
  if (group.phase !== 'preparing-rebalance') return []
  if (group.initial) return group.initial.delayMs === 0 ? completeJoin(group, nowMs) : []
  const everyoneJoined = group.joiningCount === group.members.size && group.pending.size === 0
  return everyoneJoined ? completeJoin(group, nowMs) : []
}

/** The initial delay is over: once more if members came meanwhile and time is left, else the first generation begins. */
export function decideDelayOver(group: ClassicGroup, { nowMs, settings }: GroupMoment): GroupEffect[] {
  if (group.phase !== 'preparing-rebalance' || !group.initial) return []
  const { delayMs, remainingMs } = group.initial
  if (!group.joinedDuringDelay || remainingMs === 0) return completeJoin(group, nowMs)
  const nextMs = Math.min(settings.get('group.initial.rebalance.delay.ms'), remainingMs)
  // The setting was lowered to nothing meanwhile.
  if (nextMs === 0) return completeJoin(group, nowMs)
  const initial = { delayMs: nextMs, remainingMs: Math.max(remainingMs - delayMs, 0) }
  return [change({ type: 'delay-extended', initial }), arm(delayTimer, nowMs + nextMs)]
}

/** The rebalance timeout is over: those that have not joined are given up. */
export function decideJoinTimeout(group: ClassicGroup, { nowMs }: GroupMoment): GroupEffect[] {
  return group.phase === 'preparing-rebalance' ? completeJoin(group, nowMs) : []
}

/** The next generation, of those that have joined and of static members, which may be away until their session ends (KIP-345). */
function completeJoin(group: ClassicGroup, nowMs: number): GroupEffect[] {
  const effects: GroupEffect[] = [cancel(joinTimer), cancel(delayTimer)]
  const staying: Member[] = []
  for (const member of group.members.values()) {
    if (member.joining !== null || member.instanceId !== null) staying.push(member)
    else effects.push(change({ type: 'member-removed', memberId: member.id }), cancel(sessionTimer(member.id)))
  }
  const generation = nextGeneration(group.generation)
  if (staying.length === 0) {
    const row = {
      kind: 'classic',
      generation,
      protocolType: group.protocolType,
      protocolName: null,
      leader: null,
      memberCount: 0,
      sinceMs: nowMs,
    } as const
    effects.push(record({ type: 'group-empty', row, gone: [...group.storedMembers] }))
    return effects
  }
  const timeoutMs = staying.reduce((most, member) => Math.max(most, member.rebalanceTimeoutMs), 0)
  const leader = staying.find((member) => member.joining !== null && member.id === group.leader) ?? staying.find((member) => member.joining !== null)
  if (!leader) {
    // Only absent static members are left. They come back, or their sessions end.
    effects.push(arm(joinTimer, nowMs + timeoutMs))
    return effects
  }
  const protocolName = selectProtocol(staying)
  effects.push(change({ type: 'generation-begun', generation, protocolName, leader: leader.id, sinceMs: nowMs }))
  for (const member of staying) {
    effects.push(arm(sessionTimer(member.id), nowMs + member.sessionTimeoutMs))
    if (member.joining === null) continue
    const members = member === leader ? listMembers(staying, protocolName) : []
    effects.push(reply(member.joining, joined(group.protocolType, protocolName, generation, leader.id, member.id, members)))
  }
  effects.push(arm(syncTimer, nowMs + timeoutMs))
  return effects
}

/** What a member is told that joins the generation as it stands. */
export function joined(
  protocolType: string | null,
  protocolName: string | null,
  generation: number,
  leader: string,
  memberId: string,
  members: JoinAnswer['members'],
): JoinAnswer {
  return { error: 'NONE', generation, protocolType, protocolName, leader, skipAssignment: false, memberId, members }
}

export function listMembers(members: Iterable<Member>, protocolName: string | null): JoinAnswer['members'] {
  return Array.from(members, (member) => ({ memberId: member.id, instanceId: member.instanceId, metadata: metadataOf(member, protocolName) }))
}

/** Generations are 32-bit on the wire. */
const nextGeneration = (generation: number): number => (generation >= 2 ** 31 - 1 ? 1 : generation + 1)
