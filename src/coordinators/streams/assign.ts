// Kafka's "sticky" task assignor in its intent: active tasks spread evenly over the threads and left where they are as far as that allows, standbys on other processes
// than the active task, where its state already lies. It knows no members' progress and gives no warm-up tasks, as Kafka's does not.
import type { ConfiguredSubtopology } from './configure.ts'
import { noTasks, sortedTasks, type TaskKey, type Tasks, taskKey } from './tasks.ts'

export interface Candidate {
  readonly id: string
  readonly processId: string
  /** What it had, in whatever form: where the state is. */
  readonly target: Tasks
}

interface Load {
  readonly candidate: Candidate
  readonly active: TaskKey[]
  readonly standby: TaskKey[]
}

interface Process {
  readonly threads: Load[]
  readonly holds: Set<TaskKey>
  load: number
}

/** The target of each member, in the order of the candidates. */
export function assignTasks(candidates: readonly Candidate[], subtopologies: readonly ConfiguredSubtopology[], standbyCount: number): Tasks[] {
  if (candidates.length === 0) return []
  const loads = candidates.map((candidate): Load => ({ candidate, active: [], standby: [] }))
  // Partition by partition: whoever keeps a part of what it had keeps some of every subtopology, not all of one.
  const taskCountMax = Math.max(0, ...subtopologies.map(({ taskCount }) => taskCount))
  const tasks = Array.from({ length: taskCountMax }, (_, partition) =>
    subtopologies.filter(({ taskCount }) => partition < taskCount).map(({ subtopologyId }) => taskKey(subtopologyId, partition)),
  ).flat()
  assignActive(loads, tasks)
  if (standbyCount > 0) {
    const stateful = new Set(subtopologies.filter(({ isStateful }) => isStateful).map(({ subtopologyId }) => subtopologyId))
    assignStandby(
      loads,
      tasks.filter((key) => stateful.has(key.slice(0, key.lastIndexOf('_')))),
      standbyCount,
    )
  }
  return loads.map(({ active, standby }) => ({ ...noTasks, active: sortedTasks(active), standby: sortedTasks(standby) }))
}

/** Each thread gets the whole share, some one more: who had more keeps that one. */
function assignActive(loads: readonly Load[], tasks: readonly TaskKey[]): void {
  const share = Math.floor(tasks.length / loads.length)
  let extras = tasks.length % loads.length
  const open = new Set(tasks)
  const give = (load: Load, key: TaskKey): boolean => {
    if (!open.has(key) || load.active.length > share) return false
    if (load.active.length === share) {
      if (extras === 0) return false
      extras--
    }
    load.active.push(key)
    return open.delete(key)
  }
  for (const role of ['active', 'standby'] as const) {
    const had = new Map<TaskKey, Load[]>()
    for (const load of loads) for (const key of load.candidate.target[role]) had.set(key, [...(had.get(key) ?? []), load])
    for (const key of tasks) {
      // Of several copies the one on the member that has the least to do.
      const owners = (had.get(key) ?? []).sort((a, b) => a.active.length - b.active.length)
      for (const load of owners) if (give(load, key)) break
    }
  }
  // One each in turn, so that the tasks of a subtopology spread. Those who have the least come first.
  const left = [...open]
  const hungry = loads.filter(({ active }) => active.length < share).sort((a, b) => a.active.length - b.active.length)
  for (let at = 0; left.length > 0 && hungry.length > 0; ) {
    const load = hungry[at % hungry.length]!
    give(load, left.shift()!)
    if (load.active.length < share) at++
    else hungry.splice(at % hungry.length, 1)
    if (hungry.length > 0) at %= hungry.length
  }
  const even = loads.filter(({ active }) => active.length === share)
  for (const [at, key] of left.entries()) give(even[at]!, key)
}

function assignStandby(loads: readonly Load[], tasks: readonly TaskKey[], copies: number): void {
  const processes = new Map<string, Process>()
  const had = new Map<TaskKey, Process[]>()
  for (const load of loads) {
    const { processId, target } = load.candidate
    let owner = processes.get(processId)
    if (!owner) processes.set(processId, (owner = { threads: [], holds: new Set(), load: 0 }))
    owner.threads.push(load)
    for (const key of load.active) owner.holds.add(key)
    owner.load += load.active.length
    for (const key of [...target.active, ...target.standby]) had.set(key, [...(had.get(key) ?? []), owner])
  }
  const all = [...processes.values()]
  const active = loads.reduce((sum, load) => sum + load.active.length, 0)
  const share = Math.ceil((active + tasks.length * copies) / loads.length)
  for (let copy = 0; copy < Math.min(copies, all.length - 1); copy++) {
    for (const key of tasks) {
      const owner = leastLoaded(had.get(key) ?? [], key) ?? leastLoaded(all, key)
      if (!owner) continue
      // A thread that has its share passes the copy on to another of its process, which has the same disk.
      const before = owner.threads.find((thread) => weight(thread) < share && thread.candidate.target.standby.includes(key))
      const thread = before ?? owner.threads.reduce((a, b) => (weight(b) < weight(a) ? b : a))
      thread.standby.push(key)
      owner.holds.add(key)
      owner.load++
    }
  }
}

const weight = ({ active, standby }: Load): number => active.length + standby.length

/** Of those that do not hold the task. */
function leastLoaded(processes: readonly Process[], key: TaskKey): Process | undefined {
  let best: Process | undefined
  let least = Number.POSITIVE_INFINITY
  for (const one of processes) {
    const load = one.load / one.threads.length
    // Looked up last: most are out of the question by their load.
    if (load >= least || one.holds.has(key)) continue
    best = one
    least = load
  }
  return best
}
