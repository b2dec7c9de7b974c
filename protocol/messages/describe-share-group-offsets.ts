// DescribeShareGroupOffsets (90): where share groups stand. KIP-932.
import { arrayOf, defineApi, int16, int32, int64, string, struct, uuid } from '../schema.ts'

export const describeShareGroupOffsets = defineApi({
  key: 90,
  name: 'DescribeShareGroupOffsets',
  versions: [0, 1],
  flexibleSince: 0,
  request: struct({
    groups: arrayOf(
      struct({
        groupId: string(),
        topics: arrayOf(
          struct({
            topicName: string(),
            partitions: arrayOf(int32()),
          }),
          { nullableSince: 0 },
        ),
      }),
    ),
  }),
  response: struct({
    throttleTimeMs: int32(),
    groups: arrayOf(
      struct({
        groupId: string(),
        topics: arrayOf(
          struct({
            topicName: string(),
            topicId: uuid(),
            partitions: arrayOf(
              struct({
                partitionIndex: int32(),
                startOffset: int64(),
                leaderEpoch: int32(),
                lag: int64({ since: 1, default: -1, ignorable: true }),
                errorCode: int16(),
                errorMessage: string({ nullableSince: 0, default: null }),
              }),
            ),
          }),
        ),
        errorCode: int16(),
        errorMessage: string({ nullableSince: 0, default: null }),
      }),
    ),
  }),
})
