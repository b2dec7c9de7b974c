// How members of a streams group go: by a heartbeat that says so, by silence, or by not letting go of tasks in time. Their tasks are free at once; who gets them is settled
// by the next heartbeat of somebody who stays.
import { reply } from '../effect.ts'
import { Draft } from './draft.ts'
import { failed, type HeartbeatEvent, type StreamsEffect, type StreamsMoment } from './events.ts'
import type { StreamsBody, StreamsMember } from './state.ts'

export function decideLeave(body: StreamsBody, groupId: string, event: HeartbeatEvent, moment: StreamsMoment): StreamsEffect[] {
  const member = body.members.get(event.memberId)
  if (!member) return [reply(moment.to, failed('UNKNOWN_MEMBER_ID', `Member ${event.memberId} is not a member of group ${groupId}.`))]
  const shutdownBy = event.shutdownApplication ? (body.row.shutdownBy ?? event.memberId) : body.row.shutdownBy
  const answer = { ...failed('NONE'), memberId: event.memberId, epoch: event.epoch }
  return [...removeMember(body, groupId, member, moment, shutdownBy), reply(moment.to, answer)]
}

export function removeMember(
  body: StreamsBody,
  groupId: string,
  member: StreamsMember,
  moment: StreamsMoment,
  shutdownBy = body.row.shutdownBy,
): StreamsEffect[] {
  const draft = new Draft(body)
  draft.change({ epoch: draft.row.epoch + 1, shutdownBy })
  draft.remove(member)
  return draft.effects(moment, groupId)
}
