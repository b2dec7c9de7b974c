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
      return next({ ...member, revoking: noTasks }, member.epoch, owned, targetEpoch, holders)
    case 'unreleased':
      return next(member, member.epoch, owned, targetEpoch, holders)
  }
}

function next(member: StreamsMember, epoch: number, owned: Tasks | null, targetEpoch: number, holders: Holders): StreamsMember {
  const kept = split(member, (key, role, target) => target[role].has(key))
  const revoking = split(member, (key, role, target) => !target[role].has(key))
  // A client that has not said what it owns may still run what it is to let go of.
  if (!isNoTasks(revoking) && (!owned || overlaps(owned, revoking))) {
    return moved(member, { epoch, assigned: kept, revoking, phase: 'unrevoked' })
  }
  let waits = false
  const assigned = mapRoles((role) => {
    const has = new Set(kept[role])
    const free = member.target[role].filter((key) => {
      if (has.has(key)) return false
      const taken = isTaken(holders.get(key) ?? [], role, member)
      waits ||= taken
      return !taken
    })
    return free.length === 0 ? kept[role] : sortedTasks([...has, ...free])
  })
  return moved(member, { epoch: targetEpoch, assigned, revoking: noTasks, phase: waits ? 'unreleased' : 'stable' })
}

/** Somebody else runs it, or another thread of the same process has it in any form. */
function isTaken(holders: readonly Holder[], role: Role, member: StreamsMember): boolean {
  return holders.some((holder) => {
    // What this member itself still had has been let go of by the time that this is asked.
    if (holder.memberId === member.id) return false
    return (role === 'active' && holder.role === 'active') || holder.processId === member.processId
  })
}

function split(member: StreamsMember, keep: (key: TaskKey, role: Role, target: Record<Role, Set<TaskKey>>) => boolean): Tasks {
  const target = { active: new Set(member.target.active), standby: new Set(member.target.standby), warmup: new Set(member.target.warmup) }
  return mapRoles((role) => member.assigned[role].filter((key) => keep(key, role, target)))
}

const mapRoles = (of: (role: Role) => readonly TaskKey[]): Tasks =>
  Object.fromEntries(roles.map((role) => [role, of(role)])) as Record<Role, TaskKey[]>

function moved(member: StreamsMember, change: Pick<StreamsMember, 'epoch' | 'assigned' | 'revoking' | 'phase'>): StreamsMember {
  const before = new Map(member.since)
  const since = change.assigned.active.map((key) => [key, before.get(key) ?? change.epoch] as const)
  const previousEpoch = change.epoch === member.epoch ? member.previousEpoch : member.epoch
  return { ...member, ...change, previousEpoch, since }
}
