// ListPartitionReassignments (46): moves under way.
import { arrayOf, defineApi, int16, int32, string, struct } from '../schema.ts'

export const listPartitionReassignments = defineApi({
  key: 46,
  name: 'ListPartitionReassignments',
  versions: [0, 0],
  flexibleSince: 0,
  request: struct({
    timeoutMs: int32({ default: 60000 }),
    topics: arrayOf(
      struct({
        name: string(),
        partitionIndexes: arrayOf(int32()),
      }),
      { nullableSince: 0, default: null },
    ),
  }),
  response: struct({
    throttleTimeMs: int32(),
    errorCode: int16(),
    errorMessage: string({ nullableSince: 0 }),
    topics: arrayOf(
      struct({
        name: string(),
        partitions: arrayOf(
          struct({
            partitionIndex: int32(),
            replicas: arrayOf(int32()),
            addingReplicas: arrayOf(int32()),
            removingReplicas: arrayOf(int32()),
          }),
        ),
      }),
    ),
  }),
})
