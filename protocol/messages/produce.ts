// Produce (0): record batches on their way to partitions' logs.
import { arrayOf, defineApi, int16, int32, int64, records, string, struct, uuid } from '../schema.ts'

export const produce = defineApi({
  key: 0,
  name: 'Produce',
  versions: [0, 13],
  flexibleSince: 9,
  request: struct({
    transactionalId: string({ since: 3, nullableSince: 3, default: null }),
    acks: int16(),
    timeoutMs: int32(),
    topicData: arrayOf(
      struct({
        name: string({ until: 12, ignorable: true }),
        topicId: uuid({ since: 13, ignorable: true }),
        partitionData: arrayOf(
          struct({
            index: int32(),
            records: records(),
          }),
        ),
      }),
    ),
  }),
  response: struct({
    responses: arrayOf(
      struct({
        name: string({ until: 12, ignorable: true }),
        topicId: uuid({ since: 13, ignorable: true }),
        partitionResponses: arrayOf(
          struct({
            index: int32(),
            errorCode: int16(),
            baseOffset: int64(),
            logAppendTimeMs: int64({ since: 2, default: -1, ignorable: true }),
            logStartOffset: int64({ since: 5, default: -1, ignorable: true }),
            recordErrors: arrayOf(
              struct({
                batchIndex: int32({ since: 8 }),
                batchIndexErrorMessage: string({ since: 8, nullableSince: 8, default: null }),
              }),
              { since: 8, ignorable: true },
            ),
            errorMessage: string({ since: 8, nullableSince: 8, default: null, ignorable: true }),
            currentLeader: struct(
              {
                leaderId: int32({ since: 10, default: -1 }),
                leaderEpoch: int32({ since: 10, default: -1 }),
              },
              { since: 10, tag: 0, taggedSince: 10 },
            ),
          }),
        ),
      }),
    ),
    throttleTimeMs: int32({ since: 1, default: 0, ignorable: true }),
    nodeEndpoints: arrayOf(
      struct({
        nodeId: int32({ since: 10 }),
        host: string({ since: 10 }),
        port: int32({ since: 10 }),
        rack: string({ since: 10, nullableSince: 10, default: null }),
      }),
      { since: 10, tag: 0, taggedSince: 10, default: [] },
    ),
  }),
})
