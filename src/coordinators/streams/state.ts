// A streams group: its members, who holds which task, and how far all have come. `applyStreams` is the only writer, live and on recovery.
import type { Asking } from './description.ts'
import type { ProgressChange, StreamsChange, StreamsGroupRow, StreamsMemberRow, StreamsRecord, TaskOffset } from './rows.ts'
import { type Role, roles, type TaskKey } from './tasks.ts'
import type { Topology } from './topology.ts'

export interface StreamsMember extends StreamsMemberRow {
  readonly id: string
}

/** The epoch of a static member that has left for a while: it keeps its tasks until its session ends. */
export const awayEpoch = -2

export interface Holder {
  readonly memberId: string
  readonly processId: string
  readonly role: Role
}

export interface StreamsBody {
  row: StreamsGroupRow
  topology: Topology | null
  readonly members: Map<string, StreamsMember>
  /** Instance id to member id. */
  readonly statics: Map<string, string>
  /** Who has a task or has not let go of it yet. */
  readonly holders: Map<TaskKey, Holder[]>
  readonly progress: Map<string, { taskOffsets: readonly TaskOffset[]; taskEndOffsets: readonly TaskOffset[] }>
  /** Who was asked last for a description of the topology; null for nobody. */
  asking: Asking | null
}

/** Body is null while there is no such group. */
export interface StreamsGroup {
  readonly id: string
  body: StreamsBody | null
}

export const newStreamsBody = (nowMs: number): StreamsBody => ({
  row: {
    epoch: 0,
    assignmentEpoch: 0,
    assignedAtMs: 0,
    assignmentConfigs: '',
    fingerprint: '',
    endpointEpoch: 0,
    shutdownBy: null,
    delayedUntilMs: 0,
    describedEpoch: -1,
    sinceMs: nowMs,
  },
  topology: null,
  members: new Map(),
  statics: new Map(),
  holders: new Map(),
  progress: new Map(),
  asking: null,
})

export function applyStreams(group: StreamsGroup, change: StreamsRecord | StreamsChange): void {
  if (change.type === 'streams-removed') {
    group.body = null
    return
  }
  if (change.type === 'progress-told') {
    if (group.body) applyProgress(group.body, change)
    return
  }
  if (change.type === 'description-asked') {
    if (group.body) group.body.asking = change.asking
    return
  }
  if (change.type === 'description-told') {
    if (group.body) Object.assign(group.body, { row: change.row, asking: null })
    return
  }
  group.body ??= newStreamsBody(change.row.sinceMs)
  const { body } = group
  body.row = change.row
  if (change.topology) body.topology = change.topology
  for (const memberId of change.gone) put(body, memberId, null)
  for (const [memberId, row] of change.members) put(body, memberId, row)
}

function applyProgress(body: StreamsBody, { memberId, taskOffsets, taskEndOffsets }: ProgressChange): void {
  if (!body.members.has(memberId)) return
  const before = body.progress.get(memberId)
  body.progress.set(memberId, {
    taskOffsets: taskOffsets ?? before?.taskOffsets ?? [],
    taskEndOffsets: taskEndOffsets ?? before?.taskEndOffsets ?? [],
  })
}

function put(body: StreamsBody, memberId: string, row: StreamsMemberRow | null): void {
  const before = body.members.get(memberId)
  if (before) for (const [key] of held(before)) release(body.holders, key, memberId)
  if (before?.instanceId && body.statics.get(before.instanceId) === memberId) body.statics.delete(before.instanceId)
  if (!row) {
    body.members.delete(memberId)
    body.progress.delete(memberId)
    return
  }
  const member = { ...row, id: memberId }
  body.members.set(memberId, member)
  if (member.instanceId !== null) body.statics.set(member.instanceId, memberId)
  for (const [key, role] of held(member)) {
    const holders = body.holders.get(key)
    const holder = { memberId, processId: row.processId, role }
    if (holders) holders.push(holder)
    else body.holders.set(key, [holder])
  }
}

function* held(member: StreamsMember): IterableIterator<[TaskKey, Role]> {
  for (const role of roles) {
    for (const key of member.assigned[role]) yield [key, role]
    for (const key of member.revoking[role]) yield [key, role]
  }
}

function release(holders: StreamsBody['holders'], key: TaskKey, memberId: string): void {
  const left = holders.get(key)?.filter((holder) => holder.memberId !== memberId) ?? []
  if (left.length === 0) holders.delete(key)
  else holders.set(key, left)
}

/** Kafka's name of the state. `isReady`: the topology has all its topics. */
export function phaseOf({ row, members }: StreamsBody, isReady: boolean): string {
  if (members.size === 0) return 'Empty'
  if (!isReady) return 'NotReady'
  if (row.epoch > row.assignmentEpoch) return 'Assigning'
  for (const { epoch, phase } of members.values()) if (phase !== 'stable' || epoch !== row.assignmentEpoch) return 'Reconciling'
  return 'Stable'
}
