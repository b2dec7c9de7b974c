// TxnOffsetCommit (28): offsets that count when their transaction commits.
import { arrayOf, defineApi, int16, int32, int64, string, struct, uuid } from '../schema.ts'

export const txnOffsetCommit = defineApi({
  key: 28,
  name: 'TxnOffsetCommit',
  versions: [0, 6],
  flexibleSince: 3,
  request: struct({
    transactionalId: string(),
    groupId: string(),
    producerId: int64(),
    producerEpoch: int16(),
    generationIdOrMemberEpoch: int32({ since: 3, default: -1 }),
    memberId: string({ since: 3, default: '' }),
    groupInstanceId: string({ since: 3, nullableSince: 3, default: null }),
    topics: arrayOf(
      struct({
        name: string({ until: 5, ignorable: true }),
        topicId: uuid({ since: 6, ignorable: true }),
        partitions: arrayOf(
          struct({
            partitionIndex: int32(),
            committedOffset: int64(),
            committedLeaderEpoch: int32({ since: 2, default: -1, ignorable: true }),
            committedMetadata: string({ nullableSince: 0 }),
          }),
        ),
      }),
    ),
  }),
  response: struct({
    throttleTimeMs: int32(),
    topics: arrayOf(
      struct({
        name: string({ until: 5, ignorable: true }),
        topicId: uuid({ since: 6, ignorable: true }),
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
