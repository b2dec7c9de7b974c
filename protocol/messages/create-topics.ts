// CreateTopics (19): new topics.
import { arrayOf, bool, defineApi, int8, int16, int32, string, struct, uuid } from '../schema.ts'

export const createTopics = defineApi({
  key: 19,
  name: 'CreateTopics',
  versions: [0, 7],
  flexibleSince: 5,
  request: struct({
    topics: arrayOf(
      struct({
        name: string(),
        numPartitions: int32(),
        replicationFactor: int16(),
        assignments: arrayOf(
          struct({
            partitionIndex: int32(),
            brokerIds: arrayOf(int32()),
          }),
        ),
        configs: arrayOf(
          struct({
            name: string(),
            value: string({ nullableSince: 0 }),
          }),
        ),
      }),
    ),
    timeoutMs: int32({ default: 60000 }),
    validateOnly: bool({ since: 1, default: false }),
  }),
  response: struct({
    throttleTimeMs: int32({ since: 2, ignorable: true }),
    topics: arrayOf(
      struct({
        name: string(),
        topicId: uuid({ since: 7, ignorable: true }),
        errorCode: int16(),
        errorMessage: string({ since: 1, nullableSince: 0, ignorable: true }),
        topicConfigErrorCode: int16({ since: 5, tag: 0, taggedSince: 5, default: 0, ignorable: true }),
        numPartitions: int32({ since: 5, default: -1, ignorable: true }),
        replicationFactor: int16({ since: 5, default: -1, ignorable: true }),
        configs: arrayOf(
          struct({
            name: string({ since: 5 }),
            value: string({ since: 5, nullableSince: 5 }),
            readOnly: bool({ since: 5 }),
            configSource: int8({ since: 5, default: -1, ignorable: true }),
            isSensitive: bool({ since: 5 }),
          }),
          { since: 5, nullableSince: 5, ignorable: true },
        ),
      }),
    ),
  }),
})
