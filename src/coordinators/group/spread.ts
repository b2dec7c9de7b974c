// Partitions by topic, as members own them and as they are stored: topics in order of their ids, partitions ascending, no topic without partitions.
// Only sets of numbers; what they mean is the callers' business.

/** Topic id with its partitions. */
export type Spread = readonly (readonly [topicId: string, partitions: readonly number[]])[]

export const nothing: Spread = []

/** A spread of anything that lists partitions by topic, in whatever order and with repetitions. */
export function spreadOf(entries: Iterable<readonly [topicId: string, partitions: Iterable<number>]>): Spread {
  const byTopic = new Map<string, Set<number>>()
  for (const [topicId, partitions] of entries) {
    let held = byTopic.get(topicId)
    if (!held) byTopic.set(topicId, (held = new Set()))
    for (const partition of partitions) held.add(partition)
  }
  return Array.from(byTopic, ([topicId, partitions]) => [topicId, [...partitions].sort((a, b) => a - b)] as const)
    .filter(([, partitions]) => partitions.length > 0)
    .sort(([a], [b]) => (a < b ? -1 : 1))
}

export function partitionsOf(spread: Spread, topicId: string): readonly number[] {
  return spread.find(([id]) => id === topicId)?.[1] ?? []
}

export function countPartitions(spread: Spread): number {
  let count = 0
  for (const [, partitions] of spread) count += partitions.length
  return count
}

/** What of `a` is in `b` too. */
export const common = (a: Spread, b: Spread): Spread => sift(a, b, true)

/** What of `a` is not in `b`. */
export const without = (a: Spread, b: Spread): Spread => sift(a, b, false)

export const isWithin = (a: Spread, b: Spread): boolean => without(a, b).length === 0

export const together = (a: Spread, b: Spread): Spread => (a.length === 0 ? b : b.length === 0 ? a : spreadOf([...a, ...b]))

export function sameSpread(a: Spread, b: Spread): boolean {
  if (a === b) return true
  return a.length === b.length && a.every(([topicId, partitions], at) => topicId === b[at]![0] && sameNumbers(partitions, b[at]![1]))
}

const sameNumbers = (a: readonly number[], b: readonly number[]): boolean => a.length === b.length && a.every((number, at) => number === b[at])

function sift(a: Spread, b: Spread, keepsCommon: boolean): Spread {
  if (a.length === 0) return nothing
  const others = new Map(b)
  const kept: (readonly [string, readonly number[]])[] = []
  for (const [topicId, partitions] of a) {
    const other = new Set(others.get(topicId))
    const left = partitions.filter((partition) => other.has(partition) === keepsCommon)
    if (left.length > 0) kept.push([topicId, left])
  }
  return kept
}
