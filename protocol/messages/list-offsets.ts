// ListOffsets (2): offsets by time, and a partition's ends.
import { arrayOf, defineApi, int8, int16, int32, int64, string, struct } from '../schema.ts'

export const listOffsets = defineApi({
  key: 2,
  name: 'ListOffsets',
  versions: [0, 11],
  flexibleSince: 6,
  request: struct({
    replicaId: int32(),
    isolationLevel: int8({ since: 2 }),
    topics: arrayOf(
      struct({
        name: string(),
        partitions: arrayOf(
          struct({
            partitionIndex: int32(),
            currentLeaderEpoch: int32({ since: 4, default: -1, ignorable: true }),
            timestamp: int64(),
            maxNumOffsets: int32({ until: 0, default: 1 }),
          }),
        ),
      }),
    ),
    timeoutMs: int32({ since: 10, ignorable: true }),
  }),
  response: struct({
    throttleTimeMs: int32({ since: 2, ignorable: true }),
    topics: arrayOf(
      struct({
        name: string(),
        partitions: arrayOf(
          struct({
            partitionIndex: int32(),
            errorCode: int16(),
            oldStyleOffsets: arrayOf(int64(), { until: 0 }),
            timestamp: int64({ since: 1, default: -1 }),
            offset: int64({ since: 1, default: -1 }),
            leaderEpoch: int32({ since: 4, default: -1 }),
          }),
        ),
      }),
    ),
  }),
})
