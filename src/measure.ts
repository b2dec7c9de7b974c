// What /metrics is told of a running broker. The metrics library is loaded by the first scrape.
import type { Store } from '../storage/store.ts'
import type { Settings } from './config.ts'
import type { Counters } from './counters.ts'
import type { Engine } from './engine/engine.ts'
import type { Coordinators } from './kafka/coordinators.ts'
import type { KinesisServer } from './kinesis/server.ts'
import type { MeasuredGroup, Metrics } from './metrics.ts'
import { version } from './version.ts'

export interface Measured {
  counters: Counters
  settings: Settings
  engine: Engine
  coordinators: Pick<Coordinators, 'groups' | 'shareGroups'>
  store: Store
  aws: KinesisServer
}

/** A function that answers a scrape. */
export function measure({ counters, settings, engine, coordinators, store, aws }: Measured): () => Promise<string> {
  const { groups, shareGroups } = coordinators
  let metrics: Metrics | null = null
  return async () => {
    if (!metrics) {
      const { createMetrics } = await import('./metrics.ts')
      metrics ??= createMetrics({
        counters,
        settings,
        version,
        storeFigures: () => store.figures(),
        compaction: () => engine.compactionFigures,
        topics: () => engine.topics.all(),
        groups: () => measuredGroups(engine, coordinators, settings.get('metrics.groups.max')),
        groupStates: () => [...groups.list(), ...shareGroups.list()],
        kinesis: () => aws.counts,
      })
    }
    return metrics.text()
  }
}

function measuredGroups(engine: Engine, { groups, shareGroups }: Measured['coordinators'], groupsMax: number): MeasuredGroup[] {
  const measured = new Map<
    string,
    { groupId: string; type: string; members: number; offsets: { topic: string; partition: number; offset: number }[] }
  >()
  for (const { groupId, kind, memberCount } of [...groups.list(), ...shareGroups.list()]) {
    if (measured.size >= groupsMax) break
    measured.set(groupId, { groupId, type: kind, members: memberCount, offsets: [] })
  }
  for (const places of [groups.committed(), shareGroups.standing()]) {
    for (const { groupId, topicId, partition, offset } of places) {
      const topic = engine.topics.byId(topicId)
      if (topic) measured.get(groupId)?.offsets.push({ topic: topic.name, partition, offset })
    }
  }
  return [...measured.values()]
}
