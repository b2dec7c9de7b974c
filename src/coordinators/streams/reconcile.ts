// One member's way from the tasks that it has to those that it shall have: it lets go first, and gets what is free. A task is given when its owner has let go of it; a
// process never has one task twice, because its threads share a disk.
import type { Holder, StreamsBody, StreamsMember } from './state.ts'
import { isNoTasks, noTasks, overlaps, type Role, roles, sortedTasks, type TaskKey, type Tasks } from './tasks.ts'

type Holders = StreamsBody['holders']

/** `owned` is what the member says that it runs; null where it does not say. */
export function reconcile(member: StreamsMember, owned: Tasks | null, targetEpoch: number, holders: Holders): StreamsMember {
  switch (member.phase) {
    case 'stable':
      return member.epoch === targetEpoch ? member : next(member, member.epoch, owned, targetEpoch, holders)
    case 'unrevoked':
      if (!owned || overlaps(owned, member.revoking)) return member
      // It has let go: those tasks are no longer its own, whatever the index says until this is applied.
      return next({ ...member, revoking: noTasks }, member.epoch + 1, owned, targetEpoch, holders)
    case 'unreleased':
      return next(member, member.epoch, owned, targetEpoch, holders)
  }
}

function next(member: StreamsMember, epoch: number, owned: Tasks | null, targetEpoch: number, holders: Holders): StreamsMember {
  const step = stepOf(member, holders)
  // A client that has not said what it owns may still run what it is to let go of.
  if (!isNoTasks(step.revoking) && (!owned || overlaps(owned, step.revoking))) {
    return moved(member, { epoch, assigned: step.meanwhile, revoking: step.revoking, phase: 'unrevoked' })
  }
  return moved(member, { epoch: targetEpoch, assigned: step.assigned, revoking: noTasks, phase: step.waits ? 'unreleased' : 'stable' })
}

interface Step {
  /** What it lets go of. A copy that becomes the task itself, or a copy of the other kind, stays open: its state is at hand. */
  readonly revoking: Tasks
  /** What it has until it has let go. */
  readonly meanwhile: Tasks
  /** What it has then: all that is free. */
  readonly assigned: Tasks
  /** Others have not let go of some of its target. */
  readonly waits: boolean
}

function stepOf(member: StreamsMember, holders: Holders): Step {
  const target = { active: new Set(member.target.active), standby: new Set(member.target.standby), warmup: new Set(member.target.warmup) }
  const had = { active: new Set(member.assigned.active), standby: new Set(member.assigned.standby), warmup: new Set(member.assigned.warmup) }
  const isHad = (key: TaskKey): boolean => roles.some((role) => had[role].has(key))
  let waits = false
  const assigned = mapRoles((role) =>
    member.target[role].filter((key) => {
      if (had[role].has(key) || (role !== 'active' && isHad(key))) return true
      const taken = isTaken(holders.get(key) ?? [], role, member)
      waits ||= taken
      return !taken
    }),
  )
  const active = new Set(assigned.active)
  const becomesActive = (key: TaskKey): boolean => target.active.has(key)
  const waitsAs = (role: Role, until: (key: TaskKey) => boolean): TaskKey[] => member.assigned[role].filter((key) => becomesActive(key) && until(key))
  const copies = (role: Role, until: (key: TaskKey) => boolean): TaskKey[] => sortedTasks([...assigned[role], ...waitsAs(role, until)])
  const isKept = (key: TaskKey, role: Role): boolean => target[role].has(key) || (role !== 'active' && roles.some((other) => target[other].has(key)))
  return {
    revoking: mapRoles((role) => member.assigned[role].filter((key) => !isKept(key, role))),
    // What is new waits until it has let go; what it has in some form does not.
    meanwhile: {
      active: assigned.active.filter((key) => had.active.has(key)),
      standby: copies('standby', () => true).filter(isHad),
      warmup: copies('warmup', () => true).filter(isHad),
    },
    assigned: {
      active: assigned.active,
      standby: copies('standby', (key) => !active.has(key)),
      warmup: copies('warmup', (key) => !active.has(key)),
    },
    waits,
  }
}

/** Somebody else runs it, or another thread of the same process has it in any form. */
function isTaken(holders: readonly Holder[], role: Role, member: StreamsMember): boolean {
  return holders.some((holder) => {
    // What this member itself still had has been let go of by the time that this is asked.
    if (holder.memberId === member.id) return false
    return (role === 'active' && holder.role === 'active') || holder.processId === member.processId
  })
}

const mapRoles = (of: (role: Role) => readonly TaskKey[]): Tasks =>
  Object.fromEntries(roles.map((role) => [role, of(role)])) as Record<Role, TaskKey[]>

function moved(member: StreamsMember, change: Pick<StreamsMember, 'epoch' | 'assigned' | 'revoking' | 'phase'>): StreamsMember {
  const before = new Map(member.since)
  const since = change.assigned.active.map((key) => [key, before.get(key) ?? change.epoch] as const)
  const previousEpoch = change.epoch === member.epoch ? member.previousEpoch : member.epoch
  return { ...member, ...change, previousEpoch, since }
}
