// Fetch (1): record batches from partitions' logs; the long poll of every consumer.
import { int64Max, zeroUuid } from '../reader.ts'
import { arrayOf, defineApi, int8, int16, int32, int64, records, string, struct, uuid } from '../schema.ts'

export const fetch = defineApi({
  key: 1,
  name: 'Fetch',
  versions: [0, 18],
  flexibleSince: 12,
  request: struct({
    clusterId: string({ since: 12, nullableSince: 12, tag: 0, taggedSince: 12, default: null, ignorable: true }),
    replicaId: int32({ until: 14, default: -1 }),
    replicaState: struct(
      {
        replicaId: int32({ since: 15, default: -1 }),
        replicaEpoch: int64({ since: 15, default: -1 }),
      },
      { since: 15, tag: 1, taggedSince: 15 },
    ),
    maxWaitMs: int32(),
    minBytes: int32(),
    maxBytes: int32({ since: 3, default: 2147483647, ignorable: true }),
    isolationLevel: int8({ since: 4, default: 0, ignorable: true }),
    sessionId: int32({ since: 7, default: 0, ignorable: true }),
    sessionEpoch: int32({ since: 7, default: -1, ignorable: true }),
    topics: arrayOf(
      struct({
        topic: string({ until: 12, ignorable: true }),
        topicId: uuid({ since: 13, ignorable: true }),
        partitions: arrayOf(
          struct({
            partition: int32(),
            currentLeaderEpoch: int32({ since: 9, default: -1, ignorable: true }),
            fetchOffset: int64(),
            lastFetchedEpoch: int32({ since: 12, default: -1 }),
            logStartOffset: int64({ since: 5, default: -1, ignorable: true }),
            partitionMaxBytes: int32(),
            replicaDirectoryId: uuid({ since: 17, tag: 0, taggedSince: 17, default: zeroUuid, ignorable: true }),
            highWatermark: int64({ since: 18, tag: 1, taggedSince: 18, default: int64Max, ignorable: true }),
          }),
        ),
      }),
    ),
    forgottenTopicsData: arrayOf(
      struct({
        topic: string({ since: 7, until: 12, ignorable: true }),
        topicId: uuid({ since: 13, ignorable: true }),
        partitions: arrayOf(int32(), { since: 7 }),
      }),
      { since: 7 },
    ),
    rackId: string({ since: 11, default: '', ignorable: true }),
  }),
  response: struct({
    throttleTimeMs: int32({ since: 1, ignorable: true }),
    errorCode: int16({ since: 7, ignorable: true }),
    sessionId: int32({ since: 7, default: 0 }),
    responses: arrayOf(
      struct({
        topic: string({ until: 12, ignorable: true }),
        topicId: uuid({ since: 13, ignorable: true }),
        partitions: arrayOf(
          struct({
            partitionIndex: int32(),
            errorCode: int16(),
            highWatermark: int64(),
            lastStableOffset: int64({ since: 4, default: -1, ignorable: true }),
            logStartOffset: int64({ since: 5, default: -1, ignorable: true }),
            divergingEpoch: struct(
              {
                epoch: int32({ since: 12, default: -1 }),
                endOffset: int64({ since: 12, default: -1 }),
              },
              { since: 12, tag: 0, taggedSince: 12 },
            ),
            currentLeader: struct(
              {
                leaderId: int32({ since: 12, default: -1 }),
                leaderEpoch: int32({ since: 12, default: -1 }),
              },
              { since: 12, tag: 1, taggedSince: 12 },
            ),
            snapshotId: struct(
              {
                endOffset: int64({ default: -1 }),
                epoch: int32({ default: -1 }),
              },
              { since: 12, tag: 2, taggedSince: 12 },
            ),
            abortedTransactions: arrayOf(
              struct({
                producerId: int64({ since: 4 }),
                firstOffset: int64({ since: 4 }),
              }),
              { since: 4, nullableSince: 4, ignorable: true },
            ),
            preferredReadReplica: int32({ since: 11, default: -1 }),
            records: records(),
          }),
        ),
      }),
    ),
    nodeEndpoints: arrayOf(
      struct({
        nodeId: int32({ since: 16 }),
        host: string({ since: 16 }),
        port: int32({ since: 16 }),
        rack: string({ since: 16, nullableSince: 16, default: null }),
      }),
      { since: 16, tag: 0, taggedSince: 16, default: [] },
    ),
  }),
})
