// The engine's own rows: what of topics, partitions and producers must survive. Shapes and keys only.
import { table } from '../../storage/tables.ts'
import type { OpenRow } from './partition-transactions.ts'
import type { ProducerRow } from './producer-state.ts'

export interface ShardRow {
  index: number
  partition: number
  /** Decimal: bigints have no msgpack form. */
  hashStart: string
  hashEnd: string
  startOffset: number
  endOffset: number | null
  createdMs: number
  closedMs: number | null
  parents: readonly number[]
}

export interface TopicRow {
  id: string
  createdMs: number
  overrides: Record<string, string>
  partitions: { uid: number; retired: boolean }[]
  shards: ShardRow[]
  stream: StreamFacts
}

/** What only the AWS door knows of a topic. */
export interface StreamFacts {
  createdByAws: boolean
  /** The AWS door's own: capacity mode, tags, encryption and the like. Kept here so that it changes with the shards; not looked into. */
  aws?: Readonly<Record<string, unknown>>
}

/** Producers of a partition as they stood at `endOffset`; batches from there on are read again from the log. */
export interface ProducerSnapshotRow {
  endOffset: number
  producers: ProducerRow[]
  /** Open transactions. */
  open: OpenRow[]
}

/** Key: [name]. */
export const topicTable = table<TopicRow>('topic')
/** Key: [partition uid]. Partitions of deleted topics whose space has not come back yet. */
export const droppedTable = table<true>('dropped')
/** Key: [partition uid]. */
export const producerTable = table<ProducerSnapshotRow>('producer')
/** Key: [partition uid, last offset]; row: [producerId, firstOffset]. Aborted transactions up to the snapshot's end. */
export const abortedTable = table<[producerId: number, firstOffset: number]>('aborted')
/** How far compaction has come in a partition. */
export interface CompactionRow {
  /** Everything before it was compacted together. */
  cleanedTo: number
  /** When the first tombstone or marker that stayed may go; null for none. */
  horizonMs: number | null
}

/** Key: [partition uid]. */
export const compactionTable = table<CompactionRow>('compaction')
/** Key: ['partition-uid'] or ['producer-id']: the first number not given out; ['cluster-id'], ['directory-id']. */
export const counterTable = table<number>('counter')
export const identityTable = table<string>('identity')
