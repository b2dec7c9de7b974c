// StreamsGroupHeartbeat of a member that joins or stays: takes in what it says of itself, sees what that and the topics mean for the group, and moves the member a step
// towards its target. Leaving is leave.ts's; what the tasks should be is assign.ts's.
import { arm, cancel, change, reply } from '../effect.ts'
import { type Configured, type Status, statusCode } from './configure.ts'
import { askEffect, asksFor } from './description.ts'
import { Draft } from './draft.ts'
import { endpointsOf } from './endpoints.ts'
import { delayTimer, failed, type HeartbeatAnswer, type HeartbeatEvent, type StreamsEffect, type StreamsMoment, sessionTimer } from './events.ts'
import { reconcile } from './reconcile.ts'
import type { StreamsBody, StreamsMember } from './state.ts'
import { retarget } from './target.ts'
import { isWithin, keysOf, noTasks, roles, sameTasks, splitTask, type Tasks } from './tasks.ts'
import { isSameTopology, orderTopology, type Topology } from './topology.ts'

export function decideHeartbeat(body: StreamsBody, groupId: string, event: HeartbeatEvent, moment: StreamsMoment): StreamsEffect[] {
  const { nowMs, to, world } = moment
  const known = body.members.get(event.memberId)
  const owned = ownedTasks(event)
  const topology = event.topology ? orderTopology(event.topology) : null
  const fault = faultOfMember(body, groupId, event, known, owned, moment) ?? faultOfTopologyChange(body.topology, topology)
  if (fault) return [reply(to, fault)]
  // A member that joins brings one, and a group that has members has one.
  const acting = (body.topology ?? topology) as Topology
  const configured = world.configured(acting)
  const strayed = faultOfOwned(owned, configured, known)
  if (strayed) return [reply(to, failed('INVALID_REQUEST', strayed))]

  const draft = new Draft(body)
  let member = described(known, event)
  const isNew = !known || !sameParticulars(known, member)
  if (isNew) draft.put(member)
  if (!body.topology) draft.topology = acting
  if (isNew || draft.topology || draft.row.fingerprint !== configured.fingerprint) {
    // Epoch 1 is that of members that wait for the first assignment.
    draft.change({ epoch: draft.row.epoch === 0 ? 2 : draft.row.epoch + 1, fingerprint: configured.fingerprint })
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
  const status = statusOf(draft, acting, member, groupId, configured, moment)
  // A member that runs an older topology cannot describe this one.
  const wantsDescription =
    event.canDescribe && world.keepsDescriptions() && member.topologyEpoch === acting.epoch && asksFor(body, acting.epoch, nowMs)
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

function faultOfMember(
  body: StreamsBody,
  groupId: string,
  event: HeartbeatEvent,
  known: StreamsMember | undefined,
  owned: Tasks | null,
  { world }: StreamsMoment,
): HeartbeatAnswer | null {
  const { epoch, memberId } = event
  if (!known) {
    if (epoch !== 0) return failed('UNKNOWN_MEMBER_ID', `Member ${memberId} is not a member of group ${groupId}.`)
    const sizeMax = world.setting(groupId, 'max.size')
    if (body.members.size < sizeMax) return null
    return failed('GROUP_MAX_SIZE_REACHED', `The streams group has reached its maximum capacity of ${sizeMax} members.`)
  }
  if (epoch === 0 || epoch === known.epoch) return null
  const rejoin = 'The member must abandon all its partitions and rejoin.'
  const than = `member epoch (${epoch}) than the one known by the group coordinator (${known.epoch}). ${rejoin}`
  if (epoch > known.epoch) return failed('FENCED_MEMBER_EPOCH', `The streams group member has a greater ${than}`)
  // The answer that told the new epoch may have got lost.
  if (epoch === known.previousEpoch && owned && isWithin(owned, known.assigned)) return null
  return failed('FENCED_MEMBER_EPOCH', `The streams group member has a smaller ${than}`)
}

function faultOfTopologyChange(present: Topology | null, asked: Topology | null): HeartbeatAnswer | null {
  if (!present || !asked || asked.epoch < present.epoch) return null
  if (asked.epoch > present.epoch) {
    const message = `The member's topology epoch ${asked.epoch} is ahead of the group's topology epoch ${present.epoch}.`
    return failed('STREAMS_INVALID_TOPOLOGY_EPOCH', message)
  }
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

/** The member with what the heartbeat says of it. */
function described(known: StreamsMember | undefined, event: HeartbeatEvent): StreamsMember {
  const blank = { epoch: 0, previousEpoch: 0, phase: 'stable', assigned: noTasks, revoking: noTasks, target: noTasks, since: [] } as const
  return {
    ...(known ?? blank),
    id: event.memberId,
    rackId: event.rackId ?? known?.rackId ?? null,
    clientId: event.clientId,
    clientHost: event.clientHost,
    rebalanceTimeoutMs: event.rebalanceTimeoutMs === -1 ? (known?.rebalanceTimeoutMs ?? 0) : event.rebalanceTimeoutMs,
    topologyEpoch: event.topology?.epoch ?? known?.topologyEpoch ?? 0,
    processId: event.processId ?? known?.processId ?? event.memberId,
    userEndpoint: event.userEndpoint ? { host: event.userEndpoint.host, port: event.userEndpoint.port } : (known?.userEndpoint ?? null),
    clientTags: event.clientTags?.map(({ key, value }) => ({ key, value })) ?? known?.clientTags ?? [],
  }
}

function sameParticulars(a: StreamsMember, b: StreamsMember): boolean {
  const particulars = ({ rackId, clientId, clientHost, rebalanceTimeoutMs, topologyEpoch, processId, userEndpoint, clientTags }: StreamsMember) =>
    JSON.stringify([rackId, clientId, clientHost, rebalanceTimeoutMs, topologyEpoch, processId, userEndpoint?.host, userEndpoint?.port, clientTags])
  return particulars(a) === particulars(b)
}

/** New targets where the epoch has grown, unless the first assignment still waits for more members. */
function assignWhenDue(draft: Draft, body: StreamsBody, groupId: string, configured: Configured, { nowMs, world }: StreamsMoment): StreamsEffect[] {
  if (draft.row.epoch === draft.row.assignmentEpoch) return []
  const delayMs = world.setting(groupId, 'initial.rebalance.delay.ms')
  if (body.members.size === 0 && draft.row.assignmentEpoch === 0 && delayMs > 0) {
    draft.change({ delayedUntilMs: nowMs + delayMs })
    return [arm(delayTimer, nowMs + delayMs)]
  }
  if (nowMs < draft.row.delayedUntilMs) return []
  retarget(draft, configured, world.setting(groupId, 'num.standby.replicas'))
  return [cancel(delayTimer)]
}

/** Also where the client is behind or runs something else: the answer that told it may have got lost. */
function isToldTasks({ epoch }: HeartbeatEvent, owned: Tasks | null, known: StreamsMember | undefined, { assigned }: StreamsMember): boolean {
  if (epoch === 0 || !known || epoch < known.epoch) return true
  return !sameTasks(known.assigned, assigned) || (owned !== null && !sameTasks(owned, assigned))
}

function statusOf(
  { row }: Draft,
  topology: Topology,
  member: StreamsMember,
  groupId: string,
  { fault }: Configured,
  { world }: StreamsMoment,
): Status[] {
  const status: Status[] = []
  if (member.topologyEpoch < topology.epoch) {
    const statusDetail = `The member's topology epoch ${member.topologyEpoch} is behind the group's topology epoch ${topology.epoch}.`
    status.push({ statusCode: statusCode.STALE_TOPOLOGY, statusDetail })
  }
  if (fault) {
    const problem = fault.statusCode === statusCode.MISSING_INTERNAL_TOPICS ? world.creationProblem(groupId) : null
    status.push(problem === null ? fault : { ...fault, statusDetail: `${fault.statusDetail}; ${problem}` })
  }
  if (row.shutdownBy !== null) {
    const statusDetail = `Streams group member ${row.shutdownBy} encountered a fatal error and requested a shutdown for the entire application.`
    status.push({ statusCode: statusCode.SHUTDOWN_APPLICATION, statusDetail })
  }
  if (row.delayedUntilMs > 0) {
    const statusDetail = 'Assignment delayed due to the configured initial rebalance delay.'
    status.push({ statusCode: statusCode.ASSIGNMENT_DELAYED, statusDetail })
  }
  return status
}
