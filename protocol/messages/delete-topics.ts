// DeleteTopics (20): topics to be deleted, by name or id.
import { arrayOf, defineApi, int16, int32, string, struct, uuid } from '../schema.ts'

export const deleteTopics = defineApi({
  key: 20,
  name: 'DeleteTopics',
  versions: [0, 6],
  flexibleSince: 4,
  request: struct({
    topics: arrayOf(
      struct({
        name: string({ since: 6, nullableSince: 6, default: null }),
        topicId: uuid({ since: 6 }),
      }),
      { since: 6 },
    ),
    topicNames: arrayOf(string(), { until: 5, ignorable: true }),
    timeoutMs: int32(),
  }),
  response: struct({
    throttleTimeMs: int32({ since: 1, ignorable: true }),
    responses: arrayOf(
      struct({
        name: string({ nullableSince: 6 }),
        topicId: uuid({ since: 6, ignorable: true }),
        errorCode: int16(),
        errorMessage: string({ since: 5, nullableSince: 5, default: null, ignorable: true }),
      }),
    ),
  }),
})
