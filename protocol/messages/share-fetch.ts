// ShareFetch (78): records acquired for a member of a share group. KIP-932.
import { arrayOf, bool, defineApi, int8, int16, int32, int64, records, string, struct, uuid } from '../schema.ts'

export const shareFetch = defineApi({
  key: 78,
  name: 'ShareFetch',
  versions: [1, 2],
  flexibleSince: 0,
  request: struct({
    groupId: string({ nullableSince: 0, default: null }),
    memberId: string({ nullableSince: 0 }),
    shareSessionEpoch: int32(),
    maxWaitMs: int32(),
    minBytes: int32(),
    maxBytes: int32({ default: 2147483647 }),
    maxRecords: int32({ since: 1 }),
    batchSize: int32({ since: 1 }),
    shareAcquireMode: int8({ since: 2, default: 0, ignorable: true }),
    isRenewAck: bool({ since: 2, default: false }),
    topics: arrayOf(
      struct({
        topicId: uuid(),
        partitions: arrayOf(
          struct({
            partitionIndex: int32(),
            acknowledgementBatches: arrayOf(
              struct({
                firstOffset: int64(),
                lastOffset: int64(),
                acknowledgeTypes: arrayOf(int8()),
              }),
            ),
          }),
        ),
      }),
    ),
    forgottenTopicsData: arrayOf(
      struct({
        topicId: uuid(),
        partitions: arrayOf(int32()),
      }),
    ),
  }),
  response: struct({
    throttleTimeMs: int32(),
    errorCode: int16(),
    errorMessage: string({ nullableSince: 0, default: null }),
    acquisitionLockTimeoutMs: int32({ since: 1 }),
    responses: arrayOf(
      struct({
        topicId: uuid(),
        partitions: arrayOf(
          struct({
            partitionIndex: int32(),
            errorCode: int16(),
            errorMessage: string({ nullableSince: 0, default: null }),
            acknowledgeErrorCode: int16(),
            acknowledgeErrorMessage: string({ nullableSince: 0, default: null }),
            currentLeader: struct({
              leaderId: int32(),
              leaderEpoch: int32(),
            }),
            records: records(),
            acquiredRecords: arrayOf(
              struct({
                firstOffset: int64(),
                lastOffset: int64(),
                deliveryCount: int16(),
              }),
            ),
          }),
        ),
      }),
    ),
    nodeEndpoints: arrayOf(
      struct({
        nodeId: int32(),
        host: string(),
        port: int32(),
        rack: string({ nullableSince: 0, default: null }),
      }),
    ),
  }),
})
