// One streams group as the coordinator that runtime.ts runs: each event goes to the verb that decides it, each timer to what it stands for.
import type { Batch, Tables } from '../../../storage/tables.ts'
import { arm, record, reply } from '../effect.ts'
import type { Coordinator } from '../runtime.ts'
import { decideDescription } from './description.ts'
import { Draft } from './draft.ts'
import {
  delayTimer,
  expiryTimer,
  failed,
  type HeartbeatAnswer,
  revokeTimer,
  type StreamsEffect,
  type StreamsEvent,
  type StreamsMoment,
  type StreamsWorld,
  sessionTimer,
} from './events.ts'
import { decideHeartbeat } from './heartbeat.ts'
import { decideLeave, removeMember } from './leave.ts'
import {
  type StreamsChange,
  type StreamsRecord,
  streamsDescriptionTable,
  streamsGroupTable,
  streamsMemberTable,
  streamsTopologyTable,
} from './rows.ts'
import { applyStreams, newStreamsBody, type StreamsBody, type StreamsGroup } from './state.ts'
import { retarget } from './target.ts'
import { faultOfHeartbeat } from './validate.ts'

export type StreamsCoordinator = Coordinator<StreamsGroup, StreamsEvent, StreamsRecord, StreamsChange, HeartbeatAnswer>

export function createStreamsCoordinator(world: StreamsWorld): StreamsCoordinator {
  const withWorld = (moment: { nowMs: number; to: number }): StreamsMoment => ({ ...moment, world })
  return {
    decide: (group, event, moment) => decide(group, event, withWorld(moment)),
    settle: () => [],
    apply: applyStreams,
    due: (timer) => ({ verb: 'timer', timer }),
    write(batch, groupId, change) {
      writeRecord(batch, groupId, change)
      return undefined
    },
    load,
    wake: (group, nowMs) => wake(group, withWorld({ nowMs, to: 0 })),
    commutes: () => false,
    needsQuiet: () => false,
    isGone: (group) => group.body === null,
  }
}

function decide(group: StreamsGroup, event: StreamsEvent, moment: StreamsMoment): StreamsEffect[] {
  const { body, id } = group
  if (event.verb === 'timer') return body ? decideTimer(body, id, event.timer, moment) : []
  if (event.verb === 'description') return decideDescription(body, id, event, moment)
  if (event.verb === 'delete') {
    if (!body) return [reply(moment.to, failed('GROUP_ID_NOT_FOUND', `Group ${id} not found.`))]
    if (body.members.size > 0) return [reply(moment.to, failed('NON_EMPTY_GROUP'))]
    return [record({ type: 'streams-removed' }), reply(moment.to, failed('NONE'))]
  }
  const fault = faultOfHeartbeat(event)
  if (fault) return [reply(moment.to, fault)]
  if (!body && event.epoch !== 0) return [reply(moment.to, failed('GROUP_ID_NOT_FOUND', `Group ${id} not found.`))]
  const acting = body ?? newStreamsBody(moment.nowMs)
  return event.epoch < 0 ? decideLeave(acting, id, event, moment) : decideHeartbeat(acting, id, event, moment)
}

function decideTimer(body: StreamsBody, groupId: string, timer: string, moment: StreamsMoment): StreamsEffect[] {
  const { nowMs, world } = moment
  if (timer === delayTimer) {
    if (!body.topology || body.row.delayedUntilMs === 0) return []
    const draft = new Draft(body)
    retarget(draft, world.configured(body.topology), world.setting(groupId, 'num.standby.replicas'), nowMs)
    return draft.effects(moment, groupId)
  }
  if (timer === expiryTimer) {
    if (body.members.size > 0) return []
    if (world.hasOffsets(groupId)) return [arm(expiryTimer, nowMs + world.setting(groupId, 'retention.ms'))]
    return [record({ type: 'streams-removed' })]
  }
  for (const prefix of [sessionTimer(''), revokeTimer('')]) {
    if (!timer.startsWith(prefix)) continue
    const member = body.members.get(timer.slice(prefix.length))
    const isDue = member && (prefix === sessionTimer('') || member.phase === 'unrevoked')
    return isDue ? removeMember(body, groupId, member, moment) : []
  }
  return []
}

function writeRecord(batch: Batch, groupId: string, change: StreamsRecord): void {
  if (change.type === 'streams-removed') {
    // It has no members any more.
    batch.delete(streamsGroupTable, [groupId])
    batch.delete(streamsTopologyTable, [groupId])
    batch.delete(streamsDescriptionTable, [groupId])
    return
  }
  if (change.type === 'description-told') {
    batch.put(streamsGroupTable, [groupId], change.row)
    if (change.description) batch.put(streamsDescriptionTable, [groupId], change.description)
    return
  }
  batch.put(streamsGroupTable, [groupId], change.row)
  if (change.topology) batch.put(streamsTopologyTable, [groupId], change.topology)
  for (const memberId of change.gone) batch.delete(streamsMemberTable, [groupId, memberId])
  for (const [memberId, row] of change.members) batch.put(streamsMemberTable, [groupId, memberId], row)
}

async function load(tables: Tables, groupId: string): Promise<StreamsGroup> {
  const group: StreamsGroup = { id: groupId, body: null }
  const row = await tables.get(streamsGroupTable, [groupId])
  if (!row) return group
  const [topology, members] = await Promise.all([tables.get(streamsTopologyTable, [groupId]), tables.list(streamsMemberTable, [groupId])])
  applyStreams(group, {
    type: 'streams-changed',
    row,
    members: members.map((member) => [String(member.key[1]), member.row] as const),
    gone: [],
    topology: topology ?? null,
  })
  return group
}

/** Members of a group that was just loaded have a whole session to be heard of, and their whole time to let go: the broker was away, not they. */
function wake({ id, body }: StreamsGroup, { nowMs, world }: StreamsMoment): StreamsEffect[] {
  if (!body) return []
  if (body.members.size === 0) return [arm(expiryTimer, body.row.sinceMs + world.setting(id, 'retention.ms'))]
  const effects: StreamsEffect[] = []
  for (const member of body.members.values()) {
    effects.push(arm(sessionTimer(member.id), nowMs + world.setting(id, 'session.timeout.ms')))
    if (member.phase === 'unrevoked') effects.push(arm(revokeTimer(member.id), nowMs + member.rebalanceTimeoutMs))
  }
  if (body.row.delayedUntilMs > 0) effects.push(arm(delayTimer, body.row.delayedUntilMs))
  return effects
}
