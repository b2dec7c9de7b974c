// How members of a streams group go: by a heartbeat that says so, for good or for a while, by silence, or by not letting go of tasks in time. Their tasks are free at once;
// who gets them is settled by the next heartbeat of somebody who stays. A static member that goes for a while keeps its tasks.
import { reply } from '../effect.ts'
import { Draft } from './draft.ts'
import { failed, type HeartbeatEvent, type StreamsEffect, type StreamsMoment } from './events.ts'
import { findLeaver, isAnswer } from './membership.ts'
import { awayEpoch, type StreamsBody, type StreamsMember } from './state.ts'
import { noTasks } from './tasks.ts'

export function decideLeave(body: StreamsBody, groupId: string, event: HeartbeatEvent, moment: StreamsMoment): StreamsEffect[] {
  const member = findLeaver(body, groupId, event)
  if (isAnswer(member)) return [reply(moment.to, member)]
  const shutdownBy = event.shutdownApplication ? (body.row.shutdownBy ?? event.memberId) : body.row.shutdownBy
  const gone = event.epoch === awayEpoch ? sendAway : removeMember
  const answer = { ...failed('NONE'), memberId: event.memberId, epoch: event.epoch }
  return [...gone(body, groupId, member, moment, shutdownBy), reply(moment.to, answer)]
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

/** It runs nothing any more, so there is nothing left to wait for; its session goes on. */
function sendAway(body: StreamsBody, groupId: string, member: StreamsMember, moment: StreamsMoment, shutdownBy: string | null): StreamsEffect[] {
  const draft = new Draft(body)
  draft.change({ shutdownBy })
  const since = member.since.map(([key]) => [key, 0] as const)
  draft.put({ ...member, epoch: awayEpoch, phase: 'stable', revoking: noTasks, since })
  return draft.effects(moment, groupId)
}
