// Which partitions each member of a share group reads from (KIP-932's "simple"). Partitions may be shared: every partition has a member, every member has a
// partition, and both are spread as evenly as can be. What a member has already stays with it while that is even. Pure.

/** Topic id to partitions, in order. */
export type Assignment = ReadonlyMap<string, readonly number[]>

export interface AssignableMember {
  readonly id: string
  /** Topics by id; those that do not exist are left out. */
  readonly topicIds: readonly string[]
  readonly assigned: Assignment
}

interface Load {
  readonly id: string
  readonly partitions: Map<string, Set<number>>
  count: number
}

/** The assignment of everyone. `partitionCounts`: of each subscribed topic, by id. */
export function assignSimple(members: readonly AssignableMember[], partitionCounts: ReadonlyMap<string, number>): Map<string, Assignment> {
  const loads = new Map<string, Load>(members.map(({ id }) => [id, { id, partitions: new Map(), count: 0 }]))
  const subscribers = new Map<string, Load[]>()
  for (const { id, topicIds } of members) {
    for (const topicId of topicIds) if (partitionCounts.has(topicId)) push(subscribers, topicId, loads.get(id)!)
  }
  let total = 0
  for (const topicId of subscribers.keys()) total += partitionCounts.get(topicId)!
  const sharers = new Map<string, number[]>([...subscribers.keys()].map((id) => [id, new Array<number>(partitionCounts.get(id)!).fill(0)]))

  keep(members, loads, sharers, {
    perMember: Math.ceil(total / Math.max(1, members.length)),
    perPartition: Math.max(1, Math.floor(members.length / Math.max(1, total))),
  })
  for (const [topicId, counts] of sharers) {
    for (let partition = 0; partition < counts.length; partition++) {
      if (counts[partition] === 0) give(leastLoaded(subscribers.get(topicId)!), topicId, partition, counts)
    }
  }
  for (const member of members) {
    const load = loads.get(member.id)!
    if (load.count > 0) continue
    const found = leastShared(member.topicIds, sharers)
    if (found) give(load, found.topicId, found.partition, sharers.get(found.topicId)!)
  }
  return new Map(members.map(({ id }) => [id, inOrder(loads.get(id)!.partitions)]))
}

/** What members have stays with them within an even share. */
function keep(
  members: readonly AssignableMember[],
  loads: ReadonlyMap<string, Load>,
  sharers: ReadonlyMap<string, number[]>,
  quota: { perMember: number; perPartition: number },
): void {
  for (const { id, topicIds, assigned } of members) {
    const load = loads.get(id)!
    for (const topicId of topicIds) {
      const counts = sharers.get(topicId)
      for (const partition of (counts && assigned.get(topicId)) ?? []) {
        const count = counts![partition]
        if (count !== undefined && count < quota.perPartition && load.count < quota.perMember) give(load, topicId, partition, counts!)
      }
    }
  }
}

function give(load: Load, topicId: string, partition: number, counts: number[]): void {
  let partitions = load.partitions.get(topicId)
  if (!partitions) load.partitions.set(topicId, (partitions = new Set()))
  if (partitions.has(partition)) return
  partitions.add(partition)
  load.count++
  counts[partition]!++
}

const leastLoaded = (loads: readonly Load[]): Load => loads.reduce((least, load) => (load.count < least.count ? load : least))

function leastShared(topicIds: readonly string[], sharers: ReadonlyMap<string, number[]>): { topicId: string; partition: number } | null {
  let found: { topicId: string; partition: number } | null = null
  let least = Number.POSITIVE_INFINITY
  for (const topicId of topicIds) {
    for (const [partition, count] of (sharers.get(topicId) ?? []).entries()) {
      if (count >= least) continue
      least = count
      found = { topicId, partition }
    }
  }
  return found
}

function inOrder(partitions: ReadonlyMap<string, ReadonlySet<number>>): Assignment {
  return new Map([...partitions].map(([topicId, set]) => [topicId, [...set].sort((a, b) => a - b)] as const).sort(([a], [b]) => (a < b ? -1 : 1)))
}

function push<K, V>(map: Map<K, V[]>, key: K, value: V): void {
  const list = map.get(key)
  if (list) list.push(value)
  else map.set(key, [value])
}
