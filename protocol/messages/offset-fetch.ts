// OffsetFetch (9): how far groups have read, as they last said.
import { arrayOf, bool, defineApi, int16, int32, int64, string, struct, uuid } from '../schema.ts'

export const offsetFetch = defineApi({
  key: 9,
  name: 'OffsetFetch',
  versions: [0, 10],
  flexibleSince: 6,
  request: struct({
    groupId: string({ until: 7 }),
    topics: arrayOf(
      struct({
        name: string({ until: 7 }),
        partitionIndexes: arrayOf(int32(), { until: 7 }),
      }),
      { until: 7, nullableSince: 2 },
    ),
    groups: arrayOf(
      struct({
        groupId: string({ since: 8 }),
        memberId: string({ since: 9, nullableSince: 9, default: null, ignorable: true }),
        memberEpoch: int32({ since: 9, default: -1, ignorable: true }),
        topics: arrayOf(
          struct({
            name: string({ since: 8, until: 9, ignorable: true }),
            topicId: uuid({ since: 10, ignorable: true }),
            partitionIndexes: arrayOf(int32(), { since: 8 }),
          }),
          { since: 8, nullableSince: 8 },
        ),
      }),
      { since: 8 },
    ),
    requireStable: bool({ since: 7, default: false }),
  }),
  response: struct({
    throttleTimeMs: int32({ since: 3, ignorable: true }),
    topics: arrayOf(
      struct({
        name: string({ until: 7 }),
        partitions: arrayOf(
          struct({
            partitionIndex: int32({ until: 7 }),
            committedOffset: int64({ until: 7 }),
            committedLeaderEpoch: int32({ since: 5, until: 7, default: -1, ignorable: true }),
            metadata: string({ until: 7, nullableSince: 0 }),
            errorCode: int16({ until: 7 }),
          }),
          { until: 7 },
        ),
      }),
      { until: 7 },
    ),
    errorCode: int16({ since: 2, until: 7, default: 0, ignorable: true }),
    groups: arrayOf(
      struct({
        groupId: string({ since: 8 }),
        topics: arrayOf(
          struct({
            name: string({ since: 8, until: 9, ignorable: true }),
            topicId: uuid({ since: 10, ignorable: true }),
            partitions: arrayOf(
              struct({
                partitionIndex: int32({ since: 8 }),
                committedOffset: int64({ since: 8 }),
                committedLeaderEpoch: int32({ since: 8, default: -1, ignorable: true }),
                metadata: string({ since: 8, nullableSince: 8 }),
                errorCode: int16({ since: 8 }),
              }),
              { since: 8 },
            ),
          }),
          { since: 8 },
        ),
        errorCode: int16({ since: 8, default: 0 }),
      }),
      { since: 8 },
    ),
  }),
})
