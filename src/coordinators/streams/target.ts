// The targets of all members of a streams group, computed when its epoch has grown.
import { assignTasks } from './assign.ts'
import type { Configured } from './configure.ts'
import type { Draft } from './draft.ts'
import { noTasks, sameTasks } from './tasks.ts'

/** Nobody gets tasks while topics are missing or do not fit. */
export function retarget(draft: Draft, configured: Configured, standbyCount: number, nowMs: number): void {
  const members = [...draft.members()]
  const targets = configured.fault ? members.map(() => noTasks) : assignTasks(members, configured.subtopologies, standbyCount)
  for (const [at, member] of members.entries()) {
    const target = targets[at]!
    if (!sameTasks(member.target, target)) draft.put({ ...member, target })
  }
  draft.change({ assignmentEpoch: draft.row.epoch, assignedAtMs: nowMs, delayedUntilMs: 0 })
}
