// Which partitions are behind which user endpoint, for interactive queries: one entry per member that has one.
import type { Configured } from './configure.ts'
import type { EndpointPartitions } from './events.ts'
import type { StreamsMember } from './state.ts'
import { splitTask, type TaskKey } from './tasks.ts'

export function endpointsOf(members: Iterable<StreamsMember>, configured: Configured): EndpointPartitions[] {
  const sources = new Map(configured.subtopologies.map((subtopology) => [subtopology.subtopologyId, subtopology.sources]))
  const partitionsOf = (keys: readonly TaskKey[]): { topic: string; partitions: number[] }[] => {
    const topics = new Map<string, number[]>()
    for (const key of keys) {
      const { subtopologyId, partition } = splitTask(key)
      for (const [topic, count] of sources.get(subtopologyId) ?? []) {
        if (partition >= count) continue
        const partitions = topics.get(topic)
        if (partitions) partitions.push(partition)
        else topics.set(topic, [partition])
      }
    }
    return Array.from(topics, ([topic, partitions]) => ({ topic, partitions }))
  }
  const entries: EndpointPartitions[] = []
  for (const { userEndpoint, assigned } of members) {
    if (!userEndpoint) continue
    entries.push({
      userEndpoint,
      activePartitions: partitionsOf(assigned.active),
      standbyPartitions: partitionsOf([...assigned.standby, ...assigned.warmup]),
    })
  }
  return entries
}
