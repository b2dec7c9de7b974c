// DescribeQuorum (55): the state of the metadata quorum. KIP-595.
import { arrayOf, defineApi, int16, int32, int64, string, struct, uint16, uuid } from '../schema.ts'

const replicaState = struct({
  replicaId: int32(),
  replicaDirectoryId: uuid({ since: 2 }),
  logEndOffset: int64(),
  lastFetchTimestamp: int64({ since: 1, default: -1, ignorable: true }),
  lastCaughtUpTimestamp: int64({ since: 1, default: -1, ignorable: true }),
})

export const describeQuorum = defineApi({
  key: 55,
  name: 'DescribeQuorum',
  versions: [0, 2],
  flexibleSince: 0,
  request: struct({
    topics: arrayOf(
      struct({
        topicName: string(),
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
    errorMessage: string({ since: 2, nullableSince: 2, ignorable: true }),
    topics: arrayOf(
      struct({
        topicName: string(),
        partitions: arrayOf(
          struct({
            partitionIndex: int32(),
            errorCode: int16(),
            errorMessage: string({ since: 2, nullableSince: 2, ignorable: true }),
            leaderId: int32(),
            leaderEpoch: int32(),
            highWatermark: int64(),
            currentVoters: arrayOf(replicaState),
            observers: arrayOf(replicaState),
          }),
        ),
      }),
    ),
    nodes: arrayOf(
      struct({
        nodeId: int32({ since: 2 }),
        listeners: arrayOf(
          struct({
            name: string({ since: 2 }),
            host: string({ since: 2 }),
            port: uint16({ since: 2 }),
          }),
          { since: 2 },
        ),
      }),
      { since: 2 },
    ),
  }),
})
