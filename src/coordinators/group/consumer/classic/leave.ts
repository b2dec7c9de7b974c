// LeaveGroup for a consumer group: of classic members, which go this way, and of any member by an administrator.
import { reply } from '../../../effect.ts'
import type { GroupEffect, GroupMoment } from '../../effects.ts'
import type { GroupError, LeaveEvent } from '../../events.ts'
import { removeMembers } from '../leave.ts'
import type { ConsumerGroup } from '../state.ts'
import type { ConsumerWorld } from '../world.ts'

export function decideClassicLeave(group: ConsumerGroup, event: LeaveEvent, moment: GroupMoment, world: ConsumerWorld): GroupEffect[] {
  const gone = new Set<string>()
  const members = event.members.map(({ memberId, instanceId }): GroupError => {
    const present = instanceId === null ? memberId : group.statics.get(instanceId)
    if (present === undefined || !group.members.has(present)) return 'UNKNOWN_MEMBER_ID'
    // An administrator names the instance only.
    if (memberId !== '' && memberId !== present) return 'FENCED_INSTANCE_ID'
    gone.add(present)
    return 'NONE'
  })
  const effects = gone.size > 0 ? removeMembers(group, gone, moment, world) : []
  return [...effects, reply(moment.to, { error: 'NONE', members })]
}
