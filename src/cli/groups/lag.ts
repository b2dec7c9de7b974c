// Where a group stands, against where the partitions end.
import type { Admin } from 'kafkajs'
import { topicOffsets } from '../topics/offsets.ts'
import type { Position } from './positions.ts'

export interface PartitionLag {
  topic: string
  partition: number
  /** Null where the group has no position. */
  committed: number | null
  start: number
  end: number
  lag: number | null
  metadata: string
}

/** Every position with its lag, by topic and partition. */
export async function lagsOf(admin: Admin, positions: readonly Position[]): Promise<PartitionLag[]> {
  const known = new Set(await admin.listTopics())
  const lags: PartitionLag[] = []
  for (const topic of new Set(positions.map((position) => position.topic))) {
    const bounds = known.has(topic) ? await topicOffsets(admin, topic) : []
    for (const { partition, offset, metadata, lag } of positions.filter((position) => position.topic === topic)) {
      const { start, end } = bounds.find((bound) => bound.partition === partition) ?? { start: 0, end: 0 }
      const committed = offset < 0 ? null : offset
      lags.push({ topic, partition, committed, start, end, lag: lag ?? (committed === null ? null : Math.max(0, end - committed)), metadata })
    }
  }
  return lags.sort((a, b) => a.topic.localeCompare(b.topic) || a.partition - b.partition)
}
