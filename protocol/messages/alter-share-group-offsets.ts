// AlterShareGroupOffsets (91): moves where a share group stands. KIP-932.
import { arrayOf, defineApi, int16, int32, int64, string, struct, uuid } from '../schema.ts'

export const alterShareGroupOffsets = defineApi({
  key: 91,
  name: 'AlterShareGroupOffsets',
  versions: [0, 0],
  flexibleSince: 0,
  request: struct({
    groupId: string(),
    topics: arrayOf(
      struct({
        topicName: string(),
        partitions: arrayOf(
          struct({
            partitionIndex: int32(),
            startOffset: int64(),
          }),
        ),
      }),
    ),
  }),
  response: struct({
    throttleTimeMs: int32(),
    errorCode: int16(),
    errorMessage: string({ nullableSince: 0, default: null }),
    responses: arrayOf(
      struct({
        topicName: string(),
        topicId: uuid(),
        partitions: arrayOf(
          struct({
            partitionIndex: int32(),
            errorCode: int16(),
            errorMessage: string({ nullableSince: 0, default: null }),
          }),
        ),
      }),
    ),
  }),
})
