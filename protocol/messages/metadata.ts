// Metadata (3): topics, partitions and who leads them.
import { arrayOf, bool, defineApi, int16, int32, string, struct, uuid } from '../schema.ts'

export const metadata = defineApi({
  key: 3,
  name: 'Metadata',
  versions: [0, 13],
  flexibleSince: 9,
  request: struct({
    topics: arrayOf(
      struct({
        topicId: uuid({ since: 10, ignorable: true }),
        name: string({ nullableSince: 10 }),
      }),
      { nullableSince: 1 },
    ),
    allowAutoTopicCreation: bool({ since: 4, default: true }),
    includeClusterAuthorizedOperations: bool({ since: 8, until: 10 }),
    includeTopicAuthorizedOperations: bool({ since: 8 }),
  }),
  response: struct({
    throttleTimeMs: int32({ since: 3, ignorable: true }),
    brokers: arrayOf(
      struct({
        nodeId: int32(),
        host: string(),
        port: int32(),
        rack: string({ since: 1, nullableSince: 1, default: null, ignorable: true }),
      }),
    ),
    clusterId: string({ since: 2, nullableSince: 2, default: null, ignorable: true }),
    controllerId: int32({ since: 1, default: -1, ignorable: true }),
    topics: arrayOf(
      struct({
        errorCode: int16(),
        name: string({ nullableSince: 12 }),
        topicId: uuid({ since: 10, ignorable: true }),
        isInternal: bool({ since: 1, default: false, ignorable: true }),
        partitions: arrayOf(
          struct({
            errorCode: int16(),
            partitionIndex: int32(),
            leaderId: int32(),
            leaderEpoch: int32({ since: 7, default: -1, ignorable: true }),
            replicaNodes: arrayOf(int32()),
            isrNodes: arrayOf(int32()),
            offlineReplicas: arrayOf(int32(), { since: 5, ignorable: true }),
          }),
        ),
        topicAuthorizedOperations: int32({ since: 8, default: -2147483648 }),
      }),
    ),
    clusterAuthorizedOperations: int32({ since: 8, until: 10, default: -2147483648 }),
    errorCode: int16({ since: 13, ignorable: true }),
  }),
})
