// A member of a consumer group that still speaks the classic protocol (KIP-848, migration): who asks, and whether it may. The coordinator assigns for it, its
// generation is its epoch, and a heartbeat tells it when to join again.
import { arm, change } from '../../../effect.ts'
import type { GroupEffect, GroupMoment } from '../../effects.ts'
import type { GroupError } from '../../events.ts'
import { partitionsOf } from '../../spread.ts'
import type { ClassicPart } from '../rows.ts'
import type { ConsumerGroup, ConsumerMember } from '../state.ts'
import { rejoinTimer } from '../world.ts'

export type ClassicMember = ConsumerMember & { readonly classic: ClassicPart }

export interface Asker {
  readonly memberId: string
  readonly instanceId: string | null
  readonly generation: number
}

/** The classic member of this id, instance and generation, or what is wrong with them. */
export function findClassic(group: ConsumerGroup, { memberId, instanceId, generation }: Asker): ClassicMember | GroupError {
  if (instanceId !== null) {
    const present = group.statics.get(instanceId)
    if (present === undefined) return 'UNKNOWN_MEMBER_ID'
    if (present !== memberId) return 'FENCED_INSTANCE_ID'
  }
  const member = group.members.get(memberId)
  // As good as gone: only a full disk has kept it.
  if (!member || group.expired.has(memberId) || member.classic === null) return 'UNKNOWN_MEMBER_ID'
  return generation === member.epoch ? (member as ClassicMember) : 'ILLEGAL_GENERATION'
}

/** Are there partitions that the member shall have and that somebody else has not let go of? */
export function waitsForOthers(group: ConsumerGroup, member: ConsumerMember): boolean {
  return member.target.some(([topicId, partitions]) => {
    const has = new Set(partitionsOf(member.assigned, topicId))
    const holders = group.holders.get(topicId)
    return partitions.some((partition) => !has.has(partition) && (holders?.get(partition) ?? member.id) !== member.id)
  })
}

/** Tells a member to join again; from the first time on it has its rebalance timeout for it. */
export function askToRejoin(group: ConsumerGroup, member: ClassicMember, { nowMs }: GroupMoment): GroupEffect[] {
  if (group.asked.has(member.id)) return []
  return [
    change({ type: 'consumer-asked', memberId: member.id, isAsked: true }),
    arm(rejoinTimer(member.id), nowMs + Math.max(member.rebalanceTimeoutMs, 0)),
  ]
}
