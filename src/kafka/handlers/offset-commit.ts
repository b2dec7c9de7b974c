// OffsetCommit (8), versions 0-10. v1: membership, and a time of the commit. v2: a retention time instead, until v4. v3: throttle time. v6: leader epochs. v7: static
// members. v8: flexible. v9: GROUP_ID_NOT_FOUND tells an unknown group apart from an old generation (KIP-848). v10: topics by id.
//
// Where we differ from Apache Kafka 4.4: versions 0 and 1, which it dropped, are served as 3.9 served them, with version 0 stored where the others are.

import { errorCode } from '../../../protocol/error-code.ts'
import { offsetCommit } from '../../../protocol/messages/offset-commit.ts'
import type { RequestOf } from '../../../protocol/schema.ts'
import type { OffsetToCommit } from '../../coordinators/group/events.ts'
import type { Topic, Topics } from '../../engine/topics.ts'
import { handler, Refusal } from '../context.ts'

type Asked = RequestOf<typeof offsetCommit>['topics'][number]
/** Each partition with its error, or with its place among the offsets that go to the group. */
interface Sorted {
  readonly partitionIndex: number
  readonly error: number | null
  readonly at: number
}

export const handleOffsetCommit = handler(
  offsetCommit,
  async (request, { version, engine, groups, shareGroups, clock, proceed, respond }) => {
    // A share group keeps no such offsets.
    if (shareGroups.has(request.groupId)) throw new Refusal(errorCode.GROUP_ID_NOT_FOUND)
    const offsets: OffsetToCommit[] = []
    let committedMs: number | null = null
    const sorted = request.topics.map((asked) => {
      const topic = find(engine.topics, asked, version)
      const partitions = asked.partitions.map((partition): Sorted => {
        const { partitionIndex, committedOffset: offset, committedLeaderEpoch: leaderEpoch, committedMetadata: metadata } = partition
        if (!topic) return { partitionIndex, error: version >= 10 ? errorCode.UNKNOWN_TOPIC_ID : errorCode.UNKNOWN_TOPIC_OR_PARTITION, at: -1 }
        if (!topic.partitions[partitionIndex]) return { partitionIndex, error: errorCode.UNKNOWN_TOPIC_OR_PARTITION, at: -1 }
        if (partition.commitTimestamp >= 0) committedMs = partition.commitTimestamp
        offsets.push({ topicId: topic.id, partition: partitionIndex, offset, leaderEpoch, metadata })
        return { partitionIndex, error: null, at: offsets.length - 1 }
      })
      return { name: asked.name, topicId: asked.topicId, partitions }
    })
    // As Kafka: a request of which nothing is left does not come to the group.
    const answering =
      offsets.length > 0
        ? groups.submit(request.groupId, {
            verb: 'commit',
            memberId: request.memberId,
            instanceId: request.groupInstanceId,
            generation: request.generationIdOrMemberEpoch,
            tellsUnknownGroup: version >= 9,
            expiresMs: request.retentionTimeMs >= 0 ? clock.now() + request.retentionTimeMs : null,
            committedMs,
            producerId: null,
            offsets,
          })
        : { error: 'NONE' as const, offsets: [] }
    // The order is fixed; the answer follows the disk.
    proceed()
    const told = await answering
    const topics = sorted.map(({ name, topicId, partitions }) => ({
      name,
      topicId,
      partitions: partitions.map(({ partitionIndex, error, at }) => ({
        partitionIndex,
        errorCode: error ?? errorCode[told.error === 'NONE' ? told.offsets[at]! : told.error],
      })),
    }))
    return respond({ throttleTimeMs: 0, topics }, firstError(topics))
  },
  {
    refuse: (refused, request) => ({
      throttleTimeMs: 0,
      topics: request.topics.map(({ name, topicId, partitions }) => ({
        name,
        topicId,
        partitions: partitions.map(({ partitionIndex }) => ({ partitionIndex, errorCode: refused.errorCode })),
      })),
    }),
  },
)

function find(topics: Topics, asked: Asked, version: number): Topic | undefined {
  return version >= 10 ? topics.byId(asked.topicId) : topics.get(asked.name)
}

function firstError(topics: readonly { partitions: readonly { errorCode: number }[] }[]): number {
  for (const { partitions } of topics) for (const { errorCode: code } of partitions) if (code !== errorCode.NONE) return code
  return errorCode.NONE
}
