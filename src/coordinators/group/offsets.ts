// Committed offsets of one group, of whatever kind: the state, the commits, the reads, the deletions, what outlives its retention.
// Whether a member may commit is its group's question (classic/commit.ts); where a topic's name comes from is the directory's.
import { record, reply, type Token } from '../effect.ts'
import type { GroupEffect } from './effects.ts'
import type { CommitEvent, FetchAnswer, FetchEvent, GroupError, OffsetDeleteEvent, OffsetRow } from './events.ts'
import type { SettledOffset } from './records.ts'

/** Topic id to partition to what was committed. */
export type Offsets = Map<string, Map<number, OffsetRow>>

export function applyOffset(offsets: Offsets, topicId: string, partition: number, row: OffsetRow | null): void {
  let partitions = offsets.get(topicId)
  if (row) {
    if (!partitions) offsets.set(topicId, (partitions = new Map()))
    partitions.set(partition, row)
    return
  }
  partitions?.delete(partition)
  if (partitions?.size === 0) offsets.delete(topicId)
}

export function countOffsets(offsets: Offsets): number {
  let count = 0
  for (const partitions of offsets.values()) count += partitions.size
  return count
}

/** The records of a commit, and one error per offset. Metadata is the client's note to itself; a long one is refused alone. */
export function commitRecords(event: CommitEvent, nowMs: number, metadataCharsMax: number): { effects: GroupEffect[]; errors: GroupError[] } {
  const effects: GroupEffect[] = []
  const errors: GroupError[] = []
  const committedMs = event.committedMs ?? nowMs
  for (const { topicId, partition, offset, leaderEpoch, metadata } of event.offsets) {
    if (metadata !== null && metadata.length > metadataCharsMax) {
      errors.push('OFFSET_METADATA_TOO_LARGE')
      continue
    }
    errors.push('NONE')
    const row: OffsetRow = [offset, leaderEpoch, metadata ?? '', committedMs, event.expiresMs]
    if (event.producerId === null) effects.push(record({ type: 'offset-committed', topicId, partition, row }))
    else effects.push(record({ type: 'offset-pending', producerId: event.producerId, topicId, partition, row }))
  }
  return { effects, errors }
}

/** OffsetDelete: for the topics that nobody in the group reads. */
export function deleteOffsets(offsets: Offsets, event: OffsetDeleteEvent, isRead: (topicName: string) => boolean, to: Token): GroupEffect[] {
  const effects: GroupEffect[] = []
  const errors = event.partitions.map(({ topicId, topicName, partition }): GroupError => {
    if (isRead(topicName)) return 'GROUP_SUBSCRIBED_TO_TOPIC'
    if (offsets.get(topicId)?.has(partition)) effects.push(record({ type: 'offset-removed', topicId, partition }))
    return 'NONE'
  })
  effects.push(reply(to, { error: 'NONE', partitions: errors }))
  return effects
}

/** What open transactions will commit, by producer. */
export type PendingOffsets = Map<number, Offsets>

/** What becomes of a producer's pending offsets when its transaction ends. One that somebody committed after it stays, as in Kafka the later of two commits counts. */
export function settledOffsets(offsets: Offsets, pending: PendingOffsets, producerId: number, committed: boolean): SettledOffset[] {
  const settled: SettledOffset[] = []
  for (const [topicId, partitions] of pending.get(producerId) ?? []) {
    for (const [partition, row] of partitions) {
      const there = offsets.get(topicId)?.get(partition)
      const counts = committed && (there === undefined || committedMs(there) <= committedMs(row))
      settled.push({ topicId, partition, row: counts ? row : null })
    }
  }
  return settled
}

const committedMs = (row: OffsetRow): number => row[3]

function isPending(pending: PendingOffsets, topicId: string, partition: number): boolean {
  for (const offsets of pending.values()) if (offsets.get(topicId)?.has(partition)) return true
  return false
}

export function fetchOffsets(offsets: Offsets, pending: PendingOffsets, event: FetchEvent): FetchAnswer {
  if (!event.wanted) {
    const topics = Array.from(offsets, ([topicId, partitions]) => ({
      topicId,
      partitions: Array.from(partitions, ([partition, row]) => ({ partition, row, unstable: isPending(pending, topicId, partition) })),
    }))
    return { error: 'NONE', topics }
  }
  const topics = event.wanted.map(({ topicId, partitions }) => {
    const rows = offsets.get(topicId)
    return {
      topicId,
      partitions: partitions.map((partition) => ({ partition, row: rows?.get(partition) ?? null, unstable: isPending(pending, topicId, partition) })),
    }
  })
  return { error: 'NONE', topics }
}

/** Every offset of a topic, or of all topics, as removals. */
export function removeOffsets(offsets: Offsets, onlyTopicId?: string): GroupEffect[] {
  const effects: GroupEffect[] = []
  for (const [topicId, partitions] of offsets) {
    if (onlyTopicId !== undefined && topicId !== onlyTopicId) continue
    for (const partition of partitions.keys()) effects.push(record({ type: 'offset-removed', topicId, partition }))
  }
  return effects
}

/**
 * Removals of what has outlived its retention. `sinceMs` says from when a commit's age counts (a group's becoming empty, or the commit itself); topics that
 * `keeps` names stay. `all` tells that nothing is left.
 */
export function expireOffsets(
  offsets: Offsets,
  nowMs: number,
  retentionMs: number,
  sinceMs: (row: OffsetRow) => number,
  keeps: (topicId: string) => boolean,
): { effects: GroupEffect[]; all: boolean } {
  const effects: GroupEffect[] = []
  let all = true
  for (const [topicId, partitions] of offsets) {
    if (keeps(topicId)) {
      all = false
      continue
    }
    for (const [partition, row] of partitions) {
      const expiresMs = row[4] ?? sinceMs(row) + retentionMs
      if (nowMs >= expiresMs) effects.push(record({ type: 'offset-removed', topicId, partition }))
      else all = false
    }
  }
  return { effects, all }
}
