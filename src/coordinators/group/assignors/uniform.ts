// The `uniform` assignor: everyone gets equally many partitions as far as subscriptions allow, and as many as can be stay where they are.
// Where all read the same topics, counts differ by at most one and no assignment with that property moves less. Where they do not, nobody holds a partition that
// a reader of the same topic with at least two partitions less could have.
import type { Spread } from '../spread.ts'
import type { AssignorMember } from './assignor.ts'
import { LeastFirst } from './least-first.ts'

/** One member's share while it is made up. */
interface Share {
  readonly member: AssignorMember
  readonly byTopic: Map<string, number[]>
  count: number
}

interface Partition {
  readonly topicId: string
  readonly partition: number
}

export function assignUniform(members: readonly AssignorMember[], partitionCounts: ReadonlyMap<string, number>): Map<string, Spread> {
  if (members.length === 0) return new Map()
  const shares = members.map((member): Share => ({ member, byTopic: new Map(), count: 0 }))
  const free = keepWhatIsHeld(shares, partitionCounts)
  const [first] = members
  if (members.every(({ topicIds }) => topicIds === first!.topicIds)) level(shares, free)
  else balance(shares, free)
  return new Map(shares.map(({ member, byTopic }) => [member.id, spreadOfShare(byTopic)]))
}

function spreadOfShare(byTopic: ReadonlyMap<string, number[]>): Spread {
  return Array.from(byTopic, ([topicId, partitions]) => [topicId, partitions.sort((a, b) => a - b)] as const)
    .filter(([, partitions]) => partitions.length > 0)
    .sort(([a], [b]) => (a < b ? -1 : 1))
}

/** Gives everyone what it holds and still may; answers the rest. */
function keepWhatIsHeld(shares: readonly Share[], partitionCounts: ReadonlyMap<string, number>): Partition[] {
  const taken = new Map<string, Set<number>>()
  const subscriptions = new Map<readonly string[], ReadonlySet<string>>()
  for (const { member } of shares) {
    if (subscriptions.has(member.topicIds)) continue
    subscriptions.set(member.topicIds, new Set(member.topicIds))
    for (const topicId of member.topicIds) if (!taken.has(topicId)) taken.set(topicId, new Set())
  }
  for (const share of shares) {
    const reads = subscriptions.get(share.member.topicIds)!
    for (const [topicId, partitions] of share.member.held) {
      const count = partitionCounts.get(topicId) ?? 0
      const takenOfTopic = taken.get(topicId)
      if (!takenOfTopic || !reads.has(topicId)) continue
      for (const partition of partitions) {
        if (partition >= count || takenOfTopic.has(partition)) continue
        takenOfTopic.add(partition)
        give(share, topicId, partition)
      }
    }
  }
  const free: Partition[] = []
  for (const topicId of [...taken.keys()].sort()) {
    const takenOfTopic = taken.get(topicId)!
    const count = partitionCounts.get(topicId) ?? 0
    for (let partition = 0; partition < count; partition++) if (!takenOfTopic.has(partition)) free.push({ topicId, partition })
  }
  return free
}

function give(share: Share, topicId: string, partition: number): void {
  const partitions = share.byTopic.get(topicId)
  if (partitions) partitions.push(partition)
  else share.byTopic.set(topicId, [partition])
  share.count++
}

/** Everyone reads the same: a quota each; those that hold the most keep the odd ones. */
function level(shares: Share[], free: Partition[]): void {
  let total = free.length
  for (const { count } of shares) total += count
  const least = Math.floor(total / shares.length)
  let odd = total % shares.length
  const byCount = [...shares].sort((a, b) => b.count - a.count || byName(a.member, b.member))
  const quotas = new Map<Share, number>()
  for (const share of byCount) quotas.set(share, odd-- > 0 ? least + 1 : least)
  for (const share of byCount) while (share.count > quotas.get(share)!) free.push(takeFromLargest(share))
  free.reverse()
  // One after the other, as Kafka's does: neighbours stay together.
  for (const share of byCount) {
    while (share.count < quotas.get(share)!) {
      const next = free.pop()!
      give(share, next.topicId, next.partition)
    }
  }
}

/** Of the topic that the member holds most of, the highest partition. */
function takeFromLargest(share: Share): Partition {
  let largest: [string, number[]] | null = null
  for (const entry of share.byTopic) if (!largest || entry[1].length > largest[1].length) largest = entry
  const [topicId, partitions] = largest!
  share.count--
  return { topicId, partition: partitions.pop()! }
}

const byName = (a: AssignorMember, b: AssignorMember): number => (a.id < b.id ? -1 : 1)

/** Subscriptions differ: free partitions go to the reader with the least, topics with few readers first; then single partitions move until no move helps. */
function balance(shares: Share[], free: Partition[]): void {
  const readers = new Map<string, Share[]>()
  for (const share of shares) {
    for (const topicId of share.member.topicIds) {
      const known = readers.get(topicId)
      if (known) known.push(share)
      else readers.set(topicId, [share])
    }
  }
  const few = (topicId: string): number => readers.get(topicId)!.length
  free.sort((a, b) => few(a.topicId) - few(b.topicId) || (a.topicId < b.topicId ? -1 : a.topicId > b.topicId ? 1 : a.partition - b.partition))
  let line: LeastFirst<Share> | null = null
  let lineOf = ''
  for (const { topicId, partition } of free) {
    if (!line || lineOf !== topicId) line = leastFirst(readers.get(topicId)!)
    lineOf = topicId
    const share = line.first()!
    give(share, topicId, partition)
    line.add(share)
  }
  const topicIds = [...readers.keys()].sort((a, b) => few(a) - few(b) || (a < b ? -1 : 1))
  // Each move makes the sum of the squares of the counts smaller, so this ends.
  for (let moved = true; moved; ) {
    moved = false
    for (const topicId of topicIds) if (moveWithin(readers.get(topicId)!, topicId)) moved = true
  }
}

const leastFirst = (shares: Iterable<Share>): LeastFirst<Share> => new LeastFirst(({ count }) => count, shares)

/** Evens out one topic's partitions among its readers as far as they go. Tells whether anything has moved. */
function moveWithin(readers: readonly Share[], topicId: string): boolean {
  const takers = leastFirst(readers)
  const givers = new LeastFirst<Share>(({ count }) => -count, readers.filter(holds))
  for (let moved = false; ; moved = true) {
    const to = takers.first()!
    const from = givers.first()
    if (!from || from.count - to.count < 2) return moved
    from.count--
    give(to, topicId, from.byTopic.get(topicId)!.pop()!)
    for (const share of [from, to]) {
      takers.add(share)
      if (holds(share)) givers.add(share)
    }
  }

  function holds(share: Share): boolean {
    return (share.byTopic.get(topicId)?.length ?? 0) > 0
  }
}
