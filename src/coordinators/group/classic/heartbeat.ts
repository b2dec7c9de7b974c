// Heartbeat for classic groups. The most frequent request of all: nothing is stored, and its cost does not depend on the group's size.
import { arm, reply } from '../../effect.ts'
import { type GroupEffect, type GroupMoment, sessionTimer } from '../effects.ts'
import type { ErrorAnswer, HeartbeatEvent } from '../events.ts'
import { checkMember } from './protocols.ts'
import type { ClassicGroup } from './state.ts'

const wellAnswer: ErrorAnswer = { error: 'NONE' }

export function decideHeartbeat(group: ClassicGroup, event: HeartbeatEvent, { nowMs, to }: GroupMoment): GroupEffect[] {
  const error = checkMember(group, event.memberId, event.instanceId)
  const member = group.members.get(event.memberId)
  if (error !== 'NONE' || !member) return [reply(to, { error })]
  if (event.generation !== group.generation) return [reply(to, { error: 'ILLEGAL_GENERATION' })]
  // A rebalance is on: the member must rejoin, but it is alive. While the assignment is being made it is alive and need do nothing.
  const answer: ErrorAnswer = group.phase === 'preparing-rebalance' ? { error: 'REBALANCE_IN_PROGRESS' } : wellAnswer
  return [arm(sessionTimer(member.id), nowMs + member.sessionTimeoutMs), reply(to, answer)]
}
