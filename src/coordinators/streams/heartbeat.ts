// StreamsGroupHeartbeat of a member that joins or stays: takes in what it says of itself, sees what that and the topics mean for the group, and moves the member a step
// towards its target. Leaving is leave.ts's; what the tasks should be is assign.ts's.
import { arm, cancel, change, reply } from '../effect.ts'
import type { Configured } from './configure.ts'
import { askEffect, asksFor } from './description.ts'
import { Draft } from './draft.ts'
import { endpointsOf } from './endpoints.ts'
import {
  delayTimer,
  failed,
  type HeartbeatAnswer,
  type HeartbeatEvent,
  type StreamsEffect,
  type StreamsMoment,
  type StreamsWorld,
  sessionTimer,
} from './events.ts'
import { findMember, isAnswer } from './membership.ts'
import { reconcile } from './reconcile.ts'
import type { StreamsBody, StreamsMember } from './state.ts'
import { statusOf } from './status.ts'
import { retarget } from './target.ts'
import { keysOf, noTasks, roles, sameTasks, splitTask, type TaskKey, type Tasks, taskKey } from './tasks.ts'
import { isSameTopology, orderTopology, type Topology } from './topology.ts'

export function decideHeartbeat(body: StreamsBody, groupId: string, event: HeartbeatEvent, moment: StreamsMoment): StreamsEffect[] {
  const { nowMs, to, world } = moment
  const owned = ownedTasks(event)
  const topology = event.topology ? orderTopology(event.topology) : null
  const full = faultOfSize(body, groupId, event, world)
  if (full) return [reply(to, full)]
  const found = findMember(body, groupId, event, owned)
  if (isAnswer(found)) return [reply(to, found)]
  const { known, replaces } = found
  const fault = faultOfTopologyChange(body.topology, topology)
  if (fault) return [reply(to, fault)]
  // A member that joins brings one, and a group that has members has one.
  const acting = (body.topology ?? topology) as Topology
  const configured = world.configured(acting)
  const strayed = faultOfOwned(owned, configured, known) ?? faultOfProgress(event)
  if (strayed) return [reply(to, failed('INVALID_REQUEST', strayed))]

  const draft = new Draft(body)
  let member = described(known, event)
  const isOther = !known || !sameParticulars(known, member)
  if (isOther || known !== body.members.get(member.id)) draft.put(member)
  if (replaces) draft.remove(replaces)
  if (!body.topology) draft.topology = acting
  const assignmentConfigs = world.assignmentConfigs(groupId)
  // A static member that is back with what it had changes nothing for the others.
  const isMoving = isOther && (member.instanceId === null || !known || movesTasks(known, member))
  const { row } = draft
  if (isMoving || draft.topology || row.fingerprint !== configured.fingerprint || row.assignmentConfigs !== assignmentConfigs) {
    // Epoch 1 is that of members that wait for the first assignment.
    draft.change({ epoch: row.epoch === 0 ? 2 : row.epoch + 1, fingerprint: configured.fingerprint, assignmentConfigs })
  }
  if (event.shutdownApplication && draft.row.shutdownBy === null) draft.change({ shutdownBy: event.memberId })
  const effects = assignWhenDue(draft, body, groupId, configured, moment)
  member = draft.get(member.id) ?? member
  const before = member
  member = reconcile(member, owned, Math.max(1, draft.row.assignmentEpoch), body.holders)
  if (member !== before) draft.put(member)

  const changes = draft.effects(moment, groupId)
  if (event.taskOffsets || event.taskEndOffsets) {
    const { taskOffsets, taskEndOffsets } = event
    changes.push(change({ type: 'progress-told', memberId: event.memberId, taskOffsets, taskEndOffsets }))
  }
  const status = statusOf({ groupId, event, row: draft.row, topology: acting, configured, member }, world)
  // A member that runs an older topology cannot describe this one.
  const wantsDescription =
    event.version >= 1 && world.keepsDescriptions() && member.topologyEpoch === acting.epoch && asksFor(body, acting.epoch, nowMs)
  if (wantsDescription) changes.push(askEffect(body, nowMs))
  const answer: HeartbeatAnswer = {
    ...failed('NONE'),
    memberId: member.id,
    epoch: member.epoch,
    heartbeatIntervalMs: world.setting(groupId, 'heartbeat.interval.ms'),
    status,
    tasks: isToldTasks(event, owned, known, member) ? member.assigned : null,
    endpointEpoch: draft.row.endpointEpoch,
    endpoints: draft.row.endpointEpoch === event.endpointEpoch ? null : endpointsOf(draft.members(), configured),
    wantsDescription,
  }
  return [...changes, ...effects, arm(sessionTimer(member.id), nowMs + world.setting(groupId, 'session.timeout.ms')), reply(to, answer)]
}

/** Null where the member does not say. */
function ownedTasks({ activeTasks, standbyTasks, warmupTasks }: HeartbeatEvent): Tasks | null {
  if (!activeTasks || !standbyTasks || !warmupTasks) return null
  return { active: keysOf(activeTasks), standby: keysOf(standbyTasks), warmup: keysOf(warmupTasks) }
}

function faultOfSize({ members, statics }: StreamsBody, groupId: string, event: HeartbeatEvent, world: StreamsWorld): HeartbeatAnswer | null {
  const isKnown = members.has(event.memberId) || (event.instanceId !== null && statics.has(event.instanceId))
  const sizeMax = world.setting(groupId, 'max.size')
  if (event.epoch !== 0 || isKnown || members.size < sizeMax) return null
  return failed('GROUP_MAX_SIZE_REACHED', `The streams group has reached its maximum capacity of ${sizeMax} members.`)
}

function faultOfTopologyChange(present: Topology | null, asked: Topology | null): HeartbeatAnswer | null {
  if (!present || !asked || asked.epoch < present.epoch) return null
  return isSameTopology(present, asked) ? null : failed('INVALID_REQUEST', 'Topology updates are not supported yet.')
}

/** What a member was given is no fault of its own: a topic may have been made anew with fewer partitions. */
function faultOfOwned(owned: Tasks | null, { subtopologies, fault }: Configured, known: StreamsMember | undefined): string | null {
  if (!owned || fault) return null
  const counts = new Map(subtopologies.map(({ subtopologyId, taskCount }) => [subtopologyId, taskCount]))
  for (const key of [...owned.active, ...owned.standby, ...owned.warmup]) {
    const { subtopologyId, partition } = splitTask(key)
    const count = counts.get(subtopologyId)
    if (count !== undefined && partition >= 0 && partition < count) continue
    if (known && roles.some((role) => known.assigned[role].includes(key) || known.revoking[role].includes(key))) continue
    if (count === undefined) return `Subtopology ${subtopologyId} does not exist in the topology.`
    return `Task ${partition} for subtopology ${subtopologyId} is invalid. Number of tasks for this subtopology: ${count}`
  }
  return null
}

function faultOfProgress({ taskOffsets, taskEndOffsets }: HeartbeatEvent): string | null {
  for (const told of [taskOffsets ?? [], taskEndOffsets ?? []]) {
    const seen = new Set<TaskKey>()
    for (const { subtopologyId, partition } of told) {
      const key = taskKey(subtopologyId, partition)
      if (seen.has(key)) return `Task offsets contain a duplicate entry for subtopology ${subtopologyId} and partition ${partition}.`
      seen.add(key)
    }
  }
  return null
}

/** The member with what the heartbeat says of it. */
function described(known: StreamsMember | undefined, event: HeartbeatEvent): StreamsMember {
  const blank = { epoch: 0, previousEpoch: 0, phase: 'stable', assigned: noTasks, revoking: noTasks, target: noTasks, since: [] } as const
  return {
    ...(known ?? blank),
    id: event.memberId,
    instanceId: event.instanceId ?? known?.instanceId ?? null,
    rackId: event.rackId ?? known?.rackId ?? null,
    clientId: event.clientId,
    clientHost: event.clientHost,
    rebalanceTimeoutMs: event.rebalanceTimeoutMs === -1 ? (known?.rebalanceTimeoutMs ?? 0) : event.rebalanceTimeoutMs,
    topologyEpoch: event.topology?.epoch ?? known?.topologyEpoch ?? 0,
    processId: event.processId ?? known?.processId ?? event.memberId,
    userEndpoint: endpointOf(event) ?? (event.epoch === 0 ? null : (known?.userEndpoint ?? null)),
    clientTags: event.clientTags?.map(({ key, value }) => ({ key, value })) ?? known?.clientTags ?? [],
  }
}

const endpointOf = ({ userEndpoint }: HeartbeatEvent) => userEndpoint && { host: userEndpoint.host, port: userEndpoint.port }

/** Is the change of a static member one that tasks may move for? */
const movesTasks = (a: StreamsMember, b: StreamsMember): boolean =>
  a.topologyEpoch !== b.topologyEpoch || a.rackId !== b.rackId || a.processId !== b.processId || !sameTags(a, b)

const sameTags = ({ clientTags: a }: StreamsMember, { clientTags: b }: StreamsMember): boolean => JSON.stringify(a) === JSON.stringify(b)

function sameParticulars(a: StreamsMember, b: StreamsMember): boolean {
  if (!sameTags(a, b) || a.userEndpoint?.host !== b.userEndpoint?.host || a.userEndpoint?.port !== b.userEndpoint?.port) return false
  return (['instanceId', 'rackId', 'clientId', 'clientHost', 'rebalanceTimeoutMs', 'topologyEpoch', 'processId'] as const).every(
    (name) => a[name] === b[name],
  )
}

/** New targets where the epoch has grown, unless the first assignment still waits for more members. */
function assignWhenDue(draft: Draft, body: StreamsBody, groupId: string, configured: Configured, { nowMs, world }: StreamsMoment): StreamsEffect[] {
  if (draft.row.epoch === draft.row.assignmentEpoch) return []
  const delayMs = world.setting(groupId, 'initial.rebalance.delay.ms')
  if (body.members.size === 0 && delayMs > 0) {
    draft.change({ delayedUntilMs: nowMs + delayMs })
    return [arm(delayTimer, nowMs + delayMs)]
  }
  if (nowMs < draft.row.delayedUntilMs) return []
  // Who comes next has it computed: members heartbeat more often than that.
  if (nowMs < draft.row.assignedAtMs + world.setting(groupId, 'assignment.interval.ms')) return []
  retarget(draft, configured, world.setting(groupId, 'num.standby.replicas'), nowMs)
  return [cancel(delayTimer)]
}

/** Also where the client is behind or runs something else: the answer that told it may have got lost. */
function isToldTasks({ epoch }: HeartbeatEvent, owned: Tasks | null, known: StreamsMember | undefined, { assigned }: StreamsMember): boolean {
  if (epoch === 0 || !known || epoch < known.epoch) return true
  return !sameTasks(known.assigned, assigned) || (owned !== null && !sameTasks(owned, assigned))
}
