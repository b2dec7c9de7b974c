// Who a heartbeat comes from: a new member, a known one, a static one that is back under a new id, or somebody who has been fenced.
import { failed, type HeartbeatAnswer, type HeartbeatEvent } from './events.ts'
import { awayEpoch, type StreamsBody, type StreamsMember } from './state.ts'
import { isWithin, type Tasks } from './tasks.ts'

export interface Found {
  /** The member as the group knows it; undefined for a new one. */
  readonly known: StreamsMember | undefined
  /** The former self of a static member that is back: `known` is its copy under the new id. */
  readonly replaces: StreamsMember | null
}

/** `owned` is what the member says that it runs; null where it does not say. */
export function findMember(body: StreamsBody, groupId: string, event: HeartbeatEvent, owned: Tasks | null): Found | HeartbeatAnswer {
  const { epoch, memberId, instanceId } = event
  if (instanceId !== null) {
    const present = staticMember(body, instanceId)
    if (!present) return epoch === 0 ? { known: body.members.get(memberId), replaces: null } : unknownInstance(instanceId)
    if (epoch === 0) {
      if (present.epoch !== awayEpoch) return unreleased(memberId, instanceId, present.id)
      const known = { ...present, id: memberId, epoch: 0, previousEpoch: 0 }
      return { known, replaces: present.id === memberId ? null : present }
    }
    return present.id === memberId ? checked(present, event, owned) : fencedInstance(memberId, instanceId, present.id)
  }
  const known = body.members.get(memberId)
  if (!known) return epoch === 0 ? { known, replaces: null } : unknownMember(memberId, groupId)
  return checked(known, event, owned)
}

/** Who leaves. */
export function findLeaver(body: StreamsBody, groupId: string, { memberId, instanceId }: HeartbeatEvent): StreamsMember | HeartbeatAnswer {
  if (instanceId === null) return body.members.get(memberId) ?? unknownMember(memberId, groupId)
  const present = staticMember(body, instanceId)
  if (!present) return unknownInstance(instanceId)
  return present.id === memberId ? present : fencedInstance(memberId, instanceId, present.id)
}

export const isAnswer = (found: object): found is HeartbeatAnswer => 'error' in found

const staticMember = ({ members, statics }: StreamsBody, instanceId: string): StreamsMember | undefined => members.get(statics.get(instanceId) ?? '')

/** The epoch before this one is good as long as the member owns nothing that it should not: the answer that told the new one may have got lost. */
function checked(known: StreamsMember, { epoch }: HeartbeatEvent, owned: Tasks | null): Found | HeartbeatAnswer {
  const found = { known, replaces: null }
  if (epoch === 0 || epoch === known.epoch) return found
  const rejoin = 'The member must abandon all its partitions and rejoin.'
  const than = `member epoch (${epoch}) than the one known by the group coordinator (${known.epoch}). ${rejoin}`
  if (epoch > known.epoch) return failed('FENCED_MEMBER_EPOCH', `The streams group member has a greater ${than}`)
  if (epoch === known.previousEpoch && owned && isWithin(owned, known.assigned)) return found
  return failed('FENCED_MEMBER_EPOCH', `The streams group member has a smaller ${than}`)
}

const unknownMember = (memberId: string, groupId: string): HeartbeatAnswer =>
  failed('UNKNOWN_MEMBER_ID', `Member ${memberId} is not a member of group ${groupId}.`)

const unknownInstance = (instanceId: string): HeartbeatAnswer => failed('UNKNOWN_MEMBER_ID', `Instance id ${instanceId} is unknown.`)

const fencedInstance = (memberId: string, instanceId: string, presentId: string): HeartbeatAnswer =>
  failed('FENCED_INSTANCE_ID', `Static member ${memberId} with instance id ${instanceId} was fenced by member ${presentId}.`)

const unreleased = (memberId: string, instanceId: string, presentId: string): HeartbeatAnswer =>
  failed(
    'UNRELEASED_INSTANCE_ID',
    `Static member ${memberId} with instance id ${instanceId} cannot join the group because the instance id is owned by ${presentId} member.`,
  )
