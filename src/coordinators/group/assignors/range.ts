// The `range` assignor: each topic is cut into contiguous ranges, one per reader, the first ones longer by one where it does not divide. Topics with equal partition
// counts and readers are cut alike, so that equal partition numbers meet at one member (co-partitioning).
// Readers stand in the order in which they hold ranges now, newcomers after them: that moves as little as contiguous ranges allow.
import type { Spread } from '../spread.ts'
import type { AssignorMember } from './assignor.ts'

export function assignRange(members: readonly AssignorMember[], partitionCounts: ReadonlyMap<string, number>): Map<string, Spread> {
  const ordered = inOrder(members, partitionCounts)
  const readers = new Map<string, AssignorMember[]>()
  for (const member of ordered) {
    for (const topicId of member.topicIds) {
      const known = readers.get(topicId)
      if (known) known.push(member)
      else readers.set(topicId, [member])
    }
  }
  const spreads = new Map<string, [string, number[]][]>(members.map(({ id }) => [id, []]))
  for (const topicId of [...readers.keys()].sort()) {
    const sharing = readers.get(topicId)!
    const count = partitionCounts.get(topicId) ?? 0
    const least = Math.floor(count / sharing.length)
    const longer = count % sharing.length
    let from = 0
    for (const [at, { id }] of sharing.entries()) {
      const length = least + (at < longer ? 1 : 0)
      if (length > 0) spreads.get(id)!.push([topicId, Array.from({ length }, (_, place) => from + place)])
      from += length
    }
  }
  return spreads
}

/** Such that in each topic those that hold ranges stand in the order of their ranges and the others behind them; else static members first, by name. */
function inOrder(members: readonly AssignorMember[], partitionCounts: ReadonlyMap<string, number>): AssignorMember[] {
  const holders = holdersInOrder(members, partitionCounts)
  const before = new Map<AssignorMember, AssignorMember[]>()
  for (const member of members) {
    const earlier: AssignorMember[] = []
    for (const topicId of member.topicIds) {
      const line = holders.get(topicId)
      if (!line) continue
      const place = line.places.get(member) ?? line.members.length
      if (place > 0) earlier.push(line.members[place - 1]!)
    }
    before.set(member, earlier)
  }
  const ordered: AssignorMember[] = []
  const seen = new Set<AssignorMember>()
  // Each after all that stand before it. Subscriptions that have changed can ask for a circle: then one of its members comes first.
  for (const first of [...members].sort(byName)) {
    const path: AssignorMember[] = []
    const enter = (member: AssignorMember): void => {
      if (seen.has(member)) return
      seen.add(member)
      path.push(member)
    }
    enter(first)
    for (let member = path.at(-1); member; member = path.at(-1)) {
      const next = before.get(member)!.pop()
      if (next) enter(next)
      else ordered.push(path.pop()!)
    }
  }
  return ordered
}

interface Line {
  readonly members: AssignorMember[]
  readonly places: Map<AssignorMember, number>
}

/** By topic: who holds a range of it and still reads it, in the order of the ranges. */
function holdersInOrder(members: readonly AssignorMember[], partitionCounts: ReadonlyMap<string, number>): Map<string, Line> {
  const starts = new Map<string, [AssignorMember, number][]>()
  for (const member of members) {
    const reads = new Set(member.topicIds)
    for (const [topicId, partitions] of member.held) {
      if (!reads.has(topicId) || !partitionCounts.has(topicId)) continue
      const known = starts.get(topicId)
      if (known) known.push([member, partitions[0]!])
      else starts.set(topicId, [[member, partitions[0]!]])
    }
  }
  const lines = new Map<string, Line>()
  for (const [topicId, held] of starts) {
    const line = held.sort(([, a], [, b]) => a - b).map(([member]) => member)
    lines.set(topicId, { members: line, places: new Map(line.map((member, at) => [member, at])) })
  }
  return lines
}

function byName(a: AssignorMember, b: AssignorMember): number {
  if ((a.instanceId === null) !== (b.instanceId === null)) return a.instanceId === null ? 1 : -1
  const [nameA, nameB] = [a.instanceId ?? a.id, b.instanceId ?? b.id]
  return nameA < nameB ? -1 : nameA > nameB ? 1 : 0
}
