// What a group has committed, against where the partitions end.
import type { Admin } from 'kafkajs'
import { type PartitionOffsets, topicOffsets } from '../topics/offsets.ts'

export interface PartitionLag {
  topic: string
  partition: number
  /** Null where nothing was committed. */
  committed: number | null
  start: number
  end: number
  lag: number | null
  metadata: string
}

/** Every partition that the group has committed, by topic and number. */
export async function groupLag(admin: Admin, groupId: string): Promise<PartitionLag[]> {
  const committed = await admin.fetchOffsets({ groupId })
  const known = new Set(await admin.listTopics())
  const lags: PartitionLag[] = []
  for (const { topic, partitions } of committed) {
    const bounds = known.has(topic) ? await topicOffsets(admin, topic) : []
    for (const { partition, offset, metadata } of partitions) {
      lags.push(lagOf(topic, partition, Number(offset), metadata ?? '', bounds))
    }
  }
  return lags.sort((a, b) => a.topic.localeCompare(b.topic) || a.partition - b.partition)
}

function lagOf(topic: string, partition: number, offset: number, metadata: string, bounds: readonly PartitionOffsets[]): PartitionLag {
  const { start, end } = bounds.find((bound) => bound.partition === partition) ?? { start: 0, end: 0 }
  const committed = offset < 0 ? null : offset
  return { topic, partition, committed, start, end, lag: committed === null ? null : Math.max(0, end - committed), metadata }
}
