// A topic as a row and back. Bigints have no msgpack form and travel as decimal text.
import type { ShardRow, StreamFacts, TopicRow } from './rows.ts'
import type { Shard } from './shards.ts'
import type { Topic } from './topics.ts'

export function shardRow(shard: Shard): ShardRow {
  return { ...shard, hashStart: String(shard.hashStart), hashEnd: String(shard.hashEnd) }
}

export function shardOfRow(row: ShardRow): Shard {
  return { ...row, hashStart: BigInt(row.hashStart), hashEnd: BigInt(row.hashEnd) }
}

/** What of a topic is about to be different. */
export interface TopicChange {
  overrides?: ReadonlyMap<string, string>
  shards?: readonly Shard[] | undefined
  stream?: StreamFacts | undefined
  /** Uids of partitions that are added. */
  addedUids?: readonly number[]
  /** Indexes of partitions that are never written again. */
  retired?: readonly number[]
}

/** The row of a topic as it will be. */
export function rowOf(topic: Topic, changed: TopicChange): TopicRow {
  const retired = new Set(changed.retired)
  const partitions = topic.partitions.map((partition) => ({ uid: partition.uid, retired: partition.retired || retired.has(partition.index) }))
  const added = (changed.addedUids ?? []).map((uid, i) => ({ uid, retired: retired.has(partitions.length + i) }))
  return {
    id: topic.id,
    createdMs: topic.createdMs,
    overrides: Object.fromEntries(changed.overrides ?? topic.overrides),
    partitions: [...partitions, ...added],
    shards: (changed.shards ?? topic.shards).map(shardRow),
    stream: changed.stream ?? topic.stream,
  }
}
