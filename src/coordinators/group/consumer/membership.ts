// Who a heartbeat comes from: a new member, a known one, a static one that is back under a new id, or somebody who has been fenced.
import { isWithin } from '../spread.ts'
import type { ConsumerHeartbeatEvent } from './events.ts'
import { awayEpoch, type ConsumerGroup, type ConsumerMember } from './state.ts'
import { type Fault, fault } from './world.ts'

export interface Found {
  /** The member as the group knows it; null for a new one. */
  readonly known: ConsumerMember | null
  /** The former self of a static member that is back: `known` is its copy under the new id. */
  readonly replaces: ConsumerMember | null
}

export function findMember(group: ConsumerGroup, groupId: string, event: ConsumerHeartbeatEvent): Found | Fault {
  const joins = event.epoch === 0
  const { memberId, instanceId } = event
  if (instanceId !== null) {
    const present = group.members.get(group.statics.get(instanceId) ?? '')
    if (!present) {
      if (joins) return { known: null, replaces: null }
      return fault('UNKNOWN_MEMBER_ID', `Instance id ${instanceId} is unknown.`)
    }
    if (present.id !== memberId) {
      if (!joins) return fencedInstance(memberId, instanceId, present.id)
      // Between two protocols a restart is all that a client can do: it takes its former self's place at once.
      if (present.epoch !== awayEpoch && present.classic === null) {
        const message = `Static member ${memberId} with instance id ${instanceId} cannot join the group because the instance id is owned by ${present.id} member.`
        return fault('UNRELEASED_INSTANCE_ID', message)
      }
      return { known: { ...present, id: memberId, epoch: 0, previousEpoch: 0 }, replaces: present }
    }
  }
  const known = group.members.get(memberId)
  if (!known) {
    if (joins) return { known: null, replaces: null }
    return fault('UNKNOWN_MEMBER_ID', `Member ${memberId} is not a member of group ${groupId}.`)
  }
  // As good as gone: only a full disk has kept it.
  if (!joins && group.expired.has(memberId)) return fault('UNKNOWN_MEMBER_ID', `Member ${memberId} is not a member of group ${groupId}.`)
  return (joins ? null : faultOfEpoch(known, event)) ?? { known, replaces: null }
}

export const fencedInstance = (memberId: string, instanceId: string, presentId: string): Fault =>
  fault('FENCED_INSTANCE_ID', `Static member ${memberId} with instance id ${instanceId} was fenced by member ${presentId}.`)

/** The epoch before this one is good as long as the member owns nothing that it should not: the answer that told the new one may have got lost. */
function faultOfEpoch(member: ConsumerMember, { epoch, owned }: ConsumerHeartbeatEvent): Fault | null {
  const rejoin = 'The member must abandon all its partitions and rejoin.'
  if (epoch > member.epoch) {
    const message = `The consumer group member has a greater member epoch (${epoch}) than the one known by the group coordinator (${member.epoch}). ${rejoin}`
    return fault('FENCED_MEMBER_EPOCH', message)
  }
  if (epoch === member.epoch) return null
  if (epoch === member.previousEpoch && owned !== null && isWithin(owned, member.assigned)) return null
  const message = `The consumer group member has a smaller member epoch (${epoch}) than the one known by the group coordinator (${member.epoch}). ${rejoin}`
  return fault('FENCED_MEMBER_EPOCH', message)
}
