// Where a topic's partitions begin and end, as numbers.
import type { Admin } from 'kafkajs'

export interface PartitionOffsets {
  partition: number
  start: number
  /** One past the last. */
  end: number
}

/** By partition number. */
export async function topicOffsets(admin: Admin, topic: string): Promise<PartitionOffsets[]> {
  const offsets = await admin.fetchTopicOffsets(topic)
  return offsets.map(({ partition, low, high }) => ({ partition, start: Number(low), end: Number(high) })).sort((a, b) => a.partition - b.partition)
}

/** Which of the names no topic has: asked before a client speaks of them, so that the broker does not create them. */
export async function missingTopics(admin: Admin, names: readonly string[]): Promise<string[]> {
  const known = new Set(await admin.listTopics())
  return names.filter((name) => !known.has(name))
}
