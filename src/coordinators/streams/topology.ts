// The topology of a streams application as its members declare it: what it reads, which topics it wants made for it, what must be partitioned alike. Checks that need
// no topics are here; configure.ts holds it against the topics there are.

export interface InternalTopic {
  readonly name: string
  /** 0 where the topology leaves it open. */
  readonly partitions: number
  readonly replicationFactor: number
  readonly topicConfigs: readonly { readonly key: string; readonly value: string }[]
}

export interface Subtopology {
  readonly subtopologyId: string
  readonly sourceTopics: readonly string[]
  readonly stateChangelogTopics: readonly InternalTopic[]
  readonly repartitionSinkTopics: readonly string[]
  readonly repartitionSourceTopics: readonly InternalTopic[]
  /** Indexes into the two lists of sources. */
  readonly copartitionGroups: readonly { readonly sourceTopics: readonly number[]; readonly repartitionSourceTopics: readonly number[] }[]
}

export interface Topology {
  readonly epoch: number
  /** By id; lists that are sets are sorted. */
  readonly subtopologies: readonly Subtopology[]
}

/** Before it is put into order: as it came over the wire. */
export interface DeclaredTopology {
  readonly epoch: number
  readonly subtopologies: readonly (Subtopology & { readonly sourceTopicRegex: readonly string[] })[]
}

/** The names that a copartition group means. */
export function copartitioned(subtopology: Subtopology, group: Subtopology['copartitionGroups'][number]): string[] {
  const sources = group.sourceTopics.map((at) => subtopology.sourceTopics[at])
  const repartitions = group.repartitionSourceTopics.map((at) => subtopology.repartitionSourceTopics[at]?.name)
  return [...sources, ...repartitions].filter((name) => name !== undefined)
}

/** A fault that lies in the topology itself; null for none. */
export function faultOfTopology(topology: DeclaredTopology): string | null {
  const ids = new Set<string>()
  for (const subtopology of topology.subtopologies) {
    if (ids.has(subtopology.subtopologyId)) return `Subtopology ${subtopology.subtopologyId} is declared twice.`
    ids.add(subtopology.subtopologyId)
    for (const { name, partitions } of subtopology.stateChangelogTopics) {
      if (partitions !== 0) return `Changelog topic ${name} must have an undefined partition count, but it is set to ${partitions}.`
    }
    const inRange = (indexes: readonly number[], count: number): boolean => indexes.every((at) => at >= 0 && at < count)
    for (const group of subtopology.copartitionGroups) {
      if (!inRange(group.sourceTopics, subtopology.sourceTopics.length)) return 'A copartition group names a source topic that is not there.'
      if (!inRange(group.repartitionSourceTopics, subtopology.repartitionSourceTopics.length)) {
        return 'A copartition group names a repartition topic that is not there.'
      }
    }
  }
  return null
}

const byText = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0)

/** The topology in one order, with nothing borrowed from a request, so that equal ones look equal. */
export function orderTopology({ epoch, subtopologies }: DeclaredTopology): Topology {
  const topic = ({ name, partitions, replicationFactor, topicConfigs }: InternalTopic): InternalTopic => ({
    name,
    partitions,
    replicationFactor,
    topicConfigs: topicConfigs.map(({ key, value }) => ({ key, value })).sort((a, b) => byText(a.key, b.key)),
  })
  const ordered = subtopologies.map((declared): Subtopology => {
    const sourceTopics = [...declared.sourceTopics].sort(byText)
    const repartitionSourceTopics = declared.repartitionSourceTopics.map(topic).sort((a, b) => byText(a.name, b.name))
    const moved = (indexes: readonly number[], from: readonly string[], to: readonly string[]): number[] =>
      indexes.map((at) => to.indexOf(from[at]!)).sort((a, b) => a - b)
    const names = declared.repartitionSourceTopics.map(({ name }) => name)
    const sortedNames = repartitionSourceTopics.map(({ name }) => name)
    const groups = declared.copartitionGroups.map((group) => ({
      sourceTopics: moved(group.sourceTopics, declared.sourceTopics, sourceTopics),
      repartitionSourceTopics: moved(group.repartitionSourceTopics, names, sortedNames),
    }))
    return {
      subtopologyId: declared.subtopologyId,
      sourceTopics,
      stateChangelogTopics: declared.stateChangelogTopics.map(topic).sort((a, b) => byText(a.name, b.name)),
      repartitionSinkTopics: [...declared.repartitionSinkTopics].sort(byText),
      repartitionSourceTopics,
      copartitionGroups: groups.sort((a, b) => byText(JSON.stringify(a), JSON.stringify(b))),
    }
  })
  return { epoch, subtopologies: ordered.sort((a, b) => byText(a.subtopologyId, b.subtopologyId)) }
}

/** Of ordered topologies. */
export const isSameTopology = (a: Topology, b: Topology): boolean => a === b || JSON.stringify(a) === JSON.stringify(b)
