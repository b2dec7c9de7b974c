// CreatePartitions (37): grows topics.
import { arrayOf, bool, defineApi, int16, int32, string, struct } from '../schema.ts'

export const createPartitions = defineApi({
  key: 37,
  name: 'CreatePartitions',
  versions: [0, 3],
  flexibleSince: 2,
  request: struct({
    topics: arrayOf(
      struct({
        name: string(),
        count: int32(),
        assignments: arrayOf(
          struct({
            brokerIds: arrayOf(int32()),
          }),
          { nullableSince: 0 },
        ),
      }),
    ),
    timeoutMs: int32(),
    validateOnly: bool(),
  }),
  response: struct({
    throttleTimeMs: int32(),
    results: arrayOf(
      struct({
        name: string(),
        errorCode: int16(),
        errorMessage: string({ nullableSince: 0, default: null }),
      }),
    ),
  }),
})
