// ShareAcknowledge (79): what became of acquired records. KIP-932.
import { arrayOf, bool, defineApi, int8, int16, int32, int64, string, struct, uuid } from '../schema.ts'

export const shareAcknowledge = defineApi({
  key: 79,
  name: 'ShareAcknowledge',
  versions: [1, 2],
  flexibleSince: 0,
  request: struct({
    groupId: string({ nullableSince: 0, default: null }),
    memberId: string({ nullableSince: 0 }),
    shareSessionEpoch: int32(),
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
  }),
  response: struct({
    throttleTimeMs: int32(),
    errorCode: int16(),
    errorMessage: string({ nullableSince: 0, default: null }),
    acquisitionLockTimeoutMs: int32({ since: 2, ignorable: true }),
    responses: arrayOf(
      struct({
        topicId: uuid(),
        partitions: arrayOf(
          struct({
            partitionIndex: int32(),
            errorCode: int16(),
            errorMessage: string({ nullableSince: 0, default: null }),
            currentLeader: struct({
              leaderId: int32(),
              leaderEpoch: int32(),
            }),
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
