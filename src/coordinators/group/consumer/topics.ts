// Which topics a consumer group reads: names and regular expressions against the topics that there are. Pure; asked when members, subscriptions or topics have changed.
import { compileRegex } from './regex.ts'
import type { ConsumerGroup, ConsumerMember } from './state.ts'

/** The broker's topics as groups see them. `version` moves whenever one comes, goes or grows. */
export interface TopicView {
  readonly version: number
  get(name: string): { readonly id: string; readonly partitions: { readonly length: number } } | undefined
  names(): Iterable<string>
  /** Undefined once the topic is gone. */
  nameOf(topicId: string): string | undefined
}

/** What each member reads, and everything that the group reads. */
export interface Subscriptions {
  /** By member id: topic ids, each once. Members with equal subscriptions share one array. */
  readonly topicIds: ReadonlyMap<string, readonly string[]>
  /** Partition counts of all of them. */
  readonly partitionCounts: ReadonlyMap<string, number>
}

export function resolve(members: Iterable<ConsumerMember>, topics: TopicView): Subscriptions {
  const topicIds = new Map<string, readonly string[]>()
  const partitionCounts = new Map<string, number>()
  const bySubscription = new Map<string, readonly string[]>()
  const byRegex = new Map<string, readonly string[]>()
  for (const { id, topicNames, topicRegex } of members) {
    const subscription = `${topicRegex ?? ''}\n${topicNames.join(',')}`
    let read = bySubscription.get(subscription)
    if (!read) {
      const matched = topicRegex === null ? [] : matching(topicRegex, topics, byRegex)
      const ids = new Set<string>()
      for (const name of [...topicNames, ...matched]) {
        const topic = topics.get(name)
        if (!topic) continue
        ids.add(topic.id)
        partitionCounts.set(topic.id, topic.partitions.length)
      }
      read = [...ids].sort()
      bySubscription.set(subscription, read)
    }
    topicIds.set(id, read)
  }
  return { topicIds, partitionCounts }
}

function matching(regex: string, topics: TopicView, known: Map<string, readonly string[]>): readonly string[] {
  let names = known.get(regex)
  if (!names) {
    const { matches } = compileRegex(regex)
    names = matches ? [...topics.names()].filter(matches) : []
    known.set(regex, names)
  }
  return names
}

/** Partition counts of what the group reads, and of what a member reads that is being added or changed. Costs a step a name, not a member. */
export function topicsRead(
  group: Pick<ConsumerGroup, 'names' | 'regexes'>,
  changed: Pick<ConsumerMember, 'topicNames' | 'topicRegex'> | null,
  topics: TopicView,
): Map<string, number> {
  const counts = new Map<string, number>()
  const add = (name: string): void => {
    const topic = topics.get(name)
    if (topic) counts.set(topic.id, topic.partitions.length)
  }
  for (const name of group.names.keys()) add(name)
  const regexes = new Set(group.regexes.keys())
  for (const name of changed?.topicNames ?? []) add(name)
  if (changed?.topicRegex) regexes.add(changed.topicRegex)
  const known = new Map<string, readonly string[]>()
  for (const regex of regexes) for (const name of matching(regex, topics, known)) add(name)
  return counts
}

/** Does somebody of the group read the topic, by name or by expression? */
export function readsTopic(group: Pick<ConsumerGroup, 'names' | 'regexes'>, name: string): boolean {
  if (group.names.has(name)) return true
  for (const regex of group.regexes.keys()) if (compileRegex(regex).matches?.(name)) return true
  return false
}

/** In the order in which rows hold them. */
export function topicRow(partitionCounts: ReadonlyMap<string, number>): (readonly [topicId: string, partitionCount: number])[] {
  return [...partitionCounts].sort(([a], [b]) => (a < b ? -1 : 1))
}

export function sameTopics(a: readonly (readonly [string, number])[], b: readonly (readonly [string, number])[]): boolean {
  return a.length === b.length && a.every(([topicId, count], at) => topicId === b[at]![0] && count === b[at]![1])
}
