// OffsetDelete (47): forgets committed offsets of a group. KIP-496.
import { arrayOf, defineApi, int16, int32, string, struct } from '../schema.ts'

export const offsetDelete = defineApi({
  key: 47,
  name: 'OffsetDelete',
  versions: [0, 0],
  flexibleSince: Number.POSITIVE_INFINITY,
  request: struct({
    groupId: string(),
    topics: arrayOf(
      struct({
        name: string(),
        partitions: arrayOf(
          struct({
            partitionIndex: int32(),
          }),
        ),
      }),
    ),
  }),
  response: struct({
    errorCode: int16(),
    throttleTimeMs: int32({ ignorable: true }),
    topics: arrayOf(
      struct({
        name: string(),
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
