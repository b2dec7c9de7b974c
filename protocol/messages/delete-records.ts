// DeleteRecords (21): moves a partition's start forward.
import { arrayOf, defineApi, int16, int32, int64, string, struct } from '../schema.ts'

export const deleteRecords = defineApi({
  key: 21,
  name: 'DeleteRecords',
  versions: [0, 2],
  flexibleSince: 2,
  request: struct({
    topics: arrayOf(
      struct({
        name: string(),
        partitions: arrayOf(
          struct({
            partitionIndex: int32(),
            offset: int64(),
          }),
        ),
      }),
    ),
    timeoutMs: int32(),
  }),
  response: struct({
    throttleTimeMs: int32(),
    topics: arrayOf(
      struct({
        name: string(),
        partitions: arrayOf(
          struct({
            partitionIndex: int32(),
            lowWatermark: int64(),
            errorCode: int16(),
          }),
        ),
      }),
    ),
  }),
})
