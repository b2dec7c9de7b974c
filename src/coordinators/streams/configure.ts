// A topology held against the topics there are: how many partitions each internal topic must have, which are still to be made, how many tasks each subtopology has, and
// what is wrong. Pure; the facade makes the topics, heartbeat.ts tells members of the fault.
import { copartitioned, type InternalTopic, type Topology } from './topology.ts'

/** What a topology needs to know of topics. */
export interface TopicCounts {
  /** Undefined where there is no such topic. */
  partitionsOf(name: string): number | undefined
}

/** Kafka's StreamsGroupHeartbeatResponse.Status. */
export const statusCode = {
  STALE_TOPOLOGY: 0,
  MISSING_SOURCE_TOPICS: 1,
  INCORRECTLY_PARTITIONED_TOPICS: 2,
  MISSING_INTERNAL_TOPICS: 3,
  SHUTDOWN_APPLICATION: 4,
  ASSIGNMENT_DELAYED: 5,
  MISSING_CLIENT_TAGS: 6,
} as const

export interface Status {
  readonly statusCode: number
  readonly statusDetail: string
}

export interface ConfiguredSubtopology {
  readonly subtopologyId: string
  readonly taskCount: number
  readonly isStateful: boolean
  /** Sources, internal ones too, with their partition counts. */
  readonly sources: ReadonlyMap<string, number>
}

export interface Configured {
  /** Null when every task can run. */
  readonly fault: Status | null
  /** Empty where sources are missing or do not fit each other. */
  readonly subtopologies: readonly ConfiguredSubtopology[]
  /** Decided partition counts of internal topics. */
  readonly counts: ReadonlyMap<string, number>
  readonly missing: readonly InternalTopic[]
  /** Changes whenever a topic of the topology does. */
  readonly fingerprint: string
}

class Misfit extends Error {
  readonly code: number

  constructor(code: number, message: string) {
    super(message)
    this.code = code
  }
}

const list = (names: Iterable<string>): string => [...names].sort().join(', ')
const incorrect = (message: string): Misfit => new Misfit(statusCode.INCORRECTLY_PARTITIONED_TOPICS, message)

export function configure(topology: Topology, topics: TopicCounts): Configured {
  const fingerprint = fingerprintOf(topology, topics)
  try {
    requireSources(topology, topics)
    const counts = decideCounts(topology, topics)
    const missing = missingInternal(topology, topics, counts)
    const subtopologies = topology.subtopologies.map((subtopology): ConfiguredSubtopology => {
      const names = [...subtopology.sourceTopics, ...subtopology.repartitionSourceTopics.map(({ name }) => name)]
      const sources = new Map(names.map((name) => [name, counts.get(name) ?? topics.partitionsOf(name) ?? 0]))
      return {
        subtopologyId: subtopology.subtopologyId,
        taskCount: Math.max(0, ...sources.values()),
        isStateful: subtopology.stateChangelogTopics.length > 0,
        sources,
      }
    })
    const detail = `Internal topics are missing: [${list(missing.map(({ name }) => name))}]`
    const fault = missing.length > 0 ? { statusCode: statusCode.MISSING_INTERNAL_TOPICS, statusDetail: detail } : null
    return { fault, subtopologies, counts, missing, fingerprint }
  } catch (error) {
    if (!(error instanceof Misfit)) throw error
    return { fault: { statusCode: error.code, statusDetail: error.message }, subtopologies: [], counts: new Map(), missing: [], fingerprint }
  }
}

/** Every topic that the topology names, with its partition count. */
function fingerprintOf(topology: Topology, topics: TopicCounts): string {
  const names = new Set<string>()
  for (const subtopology of topology.subtopologies) {
    for (const name of subtopology.sourceTopics) names.add(name)
    for (const { name } of subtopology.repartitionSourceTopics) names.add(name)
    for (const { name } of subtopology.stateChangelogTopics) names.add(name)
  }
  return [...names]
    .sort()
    .map((name) => `${name}=${topics.partitionsOf(name) ?? '-'}`)
    .join(' ')
}

function repartitionTopics(topology: Topology): Map<string, InternalTopic> {
  return new Map(topology.subtopologies.flatMap(({ repartitionSourceTopics }) => repartitionSourceTopics.map((topic) => [topic.name, topic])))
}

function requireSources(topology: Topology, topics: TopicCounts): void {
  const missing = new Set<string>()
  for (const { sourceTopics } of topology.subtopologies)
    for (const name of sourceTopics) if (topics.partitionsOf(name) === undefined) missing.add(name)
  if (missing.size > 0) throw new Misfit(statusCode.MISSING_SOURCE_TOPICS, `Source topics ${list(missing)} are missing.`)
}

/** Counts of repartition topics, then those of changelogs: each as many as its subtopology has tasks. */
function decideCounts(topology: Topology, topics: TopicCounts): Map<string, number> {
  const repartitions = repartitionTopics(topology)
  const counts = new Map<string, number>()
  for (const { name, partitions } of repartitions.values()) if (partitions > 0) counts.set(name, partitions)
  followUpstream(topology, topics, repartitions, counts)
  for (const subtopology of topology.subtopologies) {
    for (const group of subtopology.copartitionGroups) alignCopartitioned(copartitioned(subtopology, group), topics, repartitions, counts)
  }
  for (const { sourceTopics, repartitionSourceTopics, stateChangelogTopics } of topology.subtopologies) {
    const sources = [...sourceTopics, ...repartitionSourceTopics.map(({ name }) => name)]
    const taskCount = Math.max(0, ...sources.map((name) => counts.get(name) ?? topics.partitionsOf(name) ?? 0))
    // A source topic that serves as its own changelog is nobody's to make.
    for (const { name } of stateChangelogTopics) if (!sourceTopics.includes(name)) counts.set(name, taskCount)
  }
  return counts
}

/** A repartition topic without a count of its own has as many partitions as the largest source of those who write to it. */
function followUpstream(topology: Topology, topics: TopicCounts, repartitions: Map<string, InternalTopic>, counts: Map<string, number>): void {
  const open = new Set([...repartitions.keys()].filter((name) => !counts.has(name)))
  for (let before = -1; open.size > 0 && open.size !== before; ) {
    before = open.size
    for (const name of open) {
      const upstream = topology.subtopologies.filter(({ repartitionSinkTopics }) => repartitionSinkTopics.includes(name))
      const sources = upstream.flatMap((s) => [
        ...s.sourceTopics.map((source) => topics.partitionsOf(source)),
        ...s.repartitionSourceTopics.map((source) => counts.get(source.name)),
      ])
      const known = sources.filter((count) => count !== undefined)
      if (known.length === 0 || known.length < sources.length) continue
      counts.set(name, Math.max(...known))
      open.delete(name)
    }
  }
  if (open.size > 0) {
    throw new Misfit(
      statusCode.MISSING_SOURCE_TOPICS,
      `Failed to compute number of partitions for all repartition topics, make sure all user input topics are created and all pattern subscriptions match at least one topic in the cluster: ${list(open)}`,
    )
  }
}

function alignCopartitioned(
  names: readonly string[],
  topics: TopicCounts,
  repartitions: Map<string, InternalTopic>,
  counts: Map<string, number>,
): void {
  const given = names.filter((name) => !repartitions.has(name))
  const fixed = names.filter((name) => (repartitions.get(name)?.partitions ?? 0) > 0)
  const free = names.filter((name) => repartitions.get(name)?.partitions === 0)
  const givenCounts = new Set(given.map((name) => topics.partitionsOf(name)!))
  if (givenCounts.size > 1) throw incorrect(`Following topics do not have the same number of partitions: [${list(given)}]`)
  const wanted = [...givenCounts][0]
  for (const name of fixed) {
    const count = counts.get(name)!
    if (wanted !== undefined && count !== wanted) {
      throw incorrect(
        `Number of partitions [${count}] of repartition topic [${name}] doesn't match number of partitions [${wanted}] of the source topic.`,
      )
    }
  }
  const fixedCounts = new Set(fixed.map((name) => counts.get(name)!))
  if (fixedCounts.size > 1) throw incorrect(`Following topics do not have the same number of partitions: [${list(fixed)}]`)
  const count = wanted ?? [...fixedCounts][0] ?? Math.max(0, ...free.map((name) => counts.get(name) ?? 0))
  for (const name of free) counts.set(name, count)
}

function missingInternal(topology: Topology, topics: TopicCounts, counts: Map<string, number>): InternalTopic[] {
  const missing = new Map<string, InternalTopic>()
  for (const { repartitionSourceTopics, stateChangelogTopics } of topology.subtopologies) {
    for (const topic of [...repartitionSourceTopics, ...stateChangelogTopics]) {
      const wanted = counts.get(topic.name)
      if (wanted === undefined) continue
      const present = topics.partitionsOf(topic.name)
      if (present === undefined) missing.set(topic.name, { ...topic, partitions: wanted })
      else if (present !== wanted) {
        throw incorrect(`Existing topic ${topic.name} has different number of partitions: ${present} instead of ${wanted}.`)
      }
    }
  }
  return [...missing.values()]
}
