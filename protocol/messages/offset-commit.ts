// OffsetCommit (8): how far a group has read.
import { arrayOf, defineApi, int16, int32, int64, string, struct, uuid } from '../schema.ts'

export const offsetCommit = defineApi({
  key: 8,
  name: 'OffsetCommit',
  versions: [0, 10],
  flexibleSince: 8,
  request: struct({
    groupId: string(),
    generationIdOrMemberEpoch: int32({ since: 1, default: -1, ignorable: true }),
    memberId: string({ since: 1, ignorable: true }),
    groupInstanceId: string({ since: 7, nullableSince: 7, default: null }),
    retentionTimeMs: int64({ since: 2, until: 4, default: -1, ignorable: true }),
    topics: arrayOf(
      struct({
        name: string({ until: 9, ignorable: true }),
        topicId: uuid({ since: 10, ignorable: true }),
        partitions: arrayOf(
          struct({
            partitionIndex: int32(),
            committedOffset: int64(),
            committedLeaderEpoch: int32({ since: 6, default: -1, ignorable: true }),
            commitTimestamp: int64({ since: 1, until: 1, default: -1 }),
            committedMetadata: string({ nullableSince: 0 }),
          }),
        ),
      }),
    ),
  }),
  response: struct({
    throttleTimeMs: int32({ since: 3, ignorable: true }),
    topics: arrayOf(
      struct({
        name: string({ until: 9, ignorable: true }),
        topicId: uuid({ since: 10, ignorable: true }),
        partitions: arrayOf(
          struct({
            partitionIndex: int32(),
            errorCode: int16(),
          }),
        ),
      }),
    ),
  }),
})
