// Tasks of a streams application: a subtopology and a partition. A key stands for one; sets of them are sorted arrays, so that equal sets look equal.
// Who gets which task is assign.ts's and reconcile.ts's.

/** `subtopologyId_partition`, as Kafka Streams writes it. */
export type TaskKey = string

export const roles = ['active', 'standby', 'warmup'] as const
export type Role = (typeof roles)[number]

/** Tasks of one member by role; each list sorted, each key once. */
export type Tasks = Readonly<Record<Role, readonly TaskKey[]>>

/** Tasks as the wire groups them. */
export interface TaskIds {
  readonly subtopologyId: string
  readonly partitions: readonly number[]
}

export const noTasks: Tasks = { active: [], standby: [], warmup: [] }

export const taskKey = (subtopologyId: string, partition: number): TaskKey => `${subtopologyId}_${partition}`

export function splitTask(key: TaskKey): { subtopologyId: string; partition: number } {
  const at = key.lastIndexOf('_')
  return { subtopologyId: key.slice(0, at), partition: Number(key.slice(at + 1)) }
}

export function sortedTasks(keys: Iterable<TaskKey>): TaskKey[] {
  const split = Array.from(new Set(keys), (key) => ({ key, ...splitTask(key) }))
  split.sort((a, b) => (a.subtopologyId === b.subtopologyId ? a.partition - b.partition : a.subtopologyId < b.subtopologyId ? -1 : 1))
  return split.map(({ key }) => key)
}

export const keysOf = (groups: readonly TaskIds[]): TaskKey[] =>
  sortedTasks(groups.flatMap(({ subtopologyId, partitions }) => partitions.map((partition) => taskKey(subtopologyId, partition))))

/** Sorted keys, grouped. */
export function taskIdsOf(keys: readonly TaskKey[]): TaskIds[] {
  const grouped = new Map<string, number[]>()
  for (const key of keys) {
    const { subtopologyId, partition } = splitTask(key)
    const partitions = grouped.get(subtopologyId)
    if (partitions) partitions.push(partition)
    else grouped.set(subtopologyId, [partition])
  }
  return Array.from(grouped, ([subtopologyId, partitions]) => ({ subtopologyId, partitions }))
}

const sameKeys = (a: readonly TaskKey[], b: readonly TaskKey[]): boolean => a.length === b.length && a.every((key, at) => key === b[at])

export const sameTasks = (a: Tasks, b: Tasks): boolean => a === b || roles.every((role) => sameKeys(a[role], b[role]))

export const isNoTasks = (tasks: Tasks): boolean => roles.every((role) => tasks[role].length === 0)

/** Is there a task that both have in the same role? */
export function overlaps(a: Tasks, b: Tasks): boolean {
  return roles.some((role) => {
    const keys = new Set(b[role])
    return a[role].some((key) => keys.has(key))
  })
}

/** Is every task of `part` in `whole`, in the same role? */
export function isWithin(part: Tasks, whole: Tasks): boolean {
  return roles.every((role) => {
    const keys = new Set(whole[role])
    return part[role].every((key) => keys.has(key))
  })
}
