// Where a group stands and how it is moved: committed offsets, and a share group's start offsets.
import { alterShareGroupOffsets } from '../../../protocol/messages/alter-share-group-offsets.ts'
import { describeShareGroupOffsets } from '../../../protocol/messages/describe-share-group-offsets.ts'
import { offsetCommit } from '../../../protocol/messages/offset-commit.ts'
import { offsetFetch } from '../../../protocol/messages/offset-fetch.ts'
import { zeroUuid } from '../../../protocol/reader.ts'
import type { Cluster } from '../lib/cluster.ts'
import { check } from '../lib/wire.ts'
import type { GroupKind } from './kinds.ts'

export interface Position {
  topic: string
  partition: number
  offset: number
  metadata: string
  /** Where the broker tells it; a share group has settled records beyond its offset. */
  lag: number | null
}

/** The last versions that name topics, and one group at a time; all topics of a group can be asked for since 2. */
const fetchVersionMax = 7
const commitVersionMax = 9

/** Every partition on which the group has a position. */
export async function positionsOf(cluster: Cluster, groupId: string, kind: GroupKind): Promise<Position[]> {
  const coordinator = await cluster.coordinatorOf(groupId)
  if (kind === 'share') {
    const [group] = (await coordinator.ask(describeShareGroupOffsets, { groups: [{ groupId, topics: null }] })).groups
    check(group!.errorCode, groupId, group!.errorMessage)
    return group!.topics.flatMap(({ topicName, partitions }) =>
      partitions.map(({ partitionIndex, startOffset, lag }) => ({
        topic: topicName,
        partition: partitionIndex,
        offset: startOffset,
        metadata: '',
        lag: lag < 0 ? null : lag,
      })),
    )
  }
  const { errorCode, topics } = await coordinator.ask(offsetFetch, { groupId, topics: null, groups: [] }, fetchVersionMax)
  check(errorCode, groupId)
  return topics.flatMap(({ name, partitions }) =>
    partitions.map(({ partitionIndex, committedOffset, metadata }) => ({
      topic: name,
      partition: partitionIndex,
      offset: committedOffset,
      metadata: metadata ?? '',
      lag: null,
    })),
  )
}

/** Moves a group without members, or one that does not exist yet. */
export async function moveTo(cluster: Cluster, groupId: string, kind: GroupKind, topic: string, offsets: ReadonlyMap<number, number>): Promise<void> {
  const coordinator = await cluster.coordinatorOf(groupId)
  if (kind === 'share') {
    const partitions = [...offsets].map(([partitionIndex, startOffset]) => ({ partitionIndex, startOffset }))
    const answer = await coordinator.ask(alterShareGroupOffsets, { groupId, topics: [{ topicName: topic, partitions }] })
    check(answer.errorCode, groupId, answer.errorMessage)
    for (const { errorCode, errorMessage, partitionIndex } of answer.responses.flatMap((response) => response.partitions)) {
      check(errorCode, `${topic} ${partitionIndex}`, errorMessage)
    }
    return
  }
  const partitions = [...offsets].map(([partitionIndex, committedOffset]) => ({ partitionIndex, committedOffset, committedMetadata: '' }))
  const answer = await coordinator.ask(
    offsetCommit,
    { groupId, memberId: '', topics: [{ name: topic, topicId: zeroUuid, partitions }] },
    commitVersionMax,
  )
  for (const { errorCode, partitionIndex } of answer.topics.flatMap((told) => told.partitions))
    check(errorCode, `${groupId} on ${topic} ${partitionIndex}`)
}
