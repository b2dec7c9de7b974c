// OffsetForLeaderEpoch (23): where a leader epoch ended, so that consumers notice truncation.
import { arrayOf, defineApi, int16, int32, int64, string, struct } from '../schema.ts'

export const offsetForLeaderEpoch = defineApi({
  key: 23,
  name: 'OffsetForLeaderEpoch',
  versions: [0, 4],
  flexibleSince: 4,
  request: struct({
    replicaId: int32({ since: 3, default: -2, ignorable: true }),
    topics: arrayOf(
      struct({
        topic: string(),
        partitions: arrayOf(
          struct({
            partition: int32(),
            currentLeaderEpoch: int32({ since: 2, default: -1, ignorable: true }),
            leaderEpoch: int32(),
          }),
        ),
      }),
    ),
  }),
  response: struct({
    throttleTimeMs: int32({ since: 2, ignorable: true }),
    topics: arrayOf(
      struct({
        topic: string(),
        partitions: arrayOf(
          struct({
            errorCode: int16(),
            partition: int32(),
            leaderEpoch: int32({ since: 1, default: -1, ignorable: true }),
            endOffset: int64({ default: -1 }),
          }),
        ),
      }),
    ),
  }),
})
