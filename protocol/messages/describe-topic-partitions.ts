// DescribeTopicPartitions (75): partitions of topics, page by page. KIP-966.
import { arrayOf, bool, defineApi, int16, int32, string, struct, uuid } from '../schema.ts'

export const describeTopicPartitions = defineApi({
  key: 75,
  name: 'DescribeTopicPartitions',
  versions: [0, 0],
  flexibleSince: 0,
  request: struct({
    topics: arrayOf(
      struct({
        name: string(),
      }),
    ),
    responsePartitionLimit: int32({ default: 2000 }),
    cursor: struct(
      {
        topicName: string(),
        partitionIndex: int32(),
      },
      { nullableSince: 0, default: null },
    ),
  }),
  response: struct({
    throttleTimeMs: int32({ ignorable: true }),
    topics: arrayOf(
      struct({
        errorCode: int16(),
        name: string({ nullableSince: 0 }),
        topicId: uuid({ ignorable: true }),
        isInternal: bool({ default: false, ignorable: true }),
        partitions: arrayOf(
          struct({
            errorCode: int16(),
            partitionIndex: int32(),
            leaderId: int32(),
            leaderEpoch: int32({ default: -1, ignorable: true }),
            replicaNodes: arrayOf(int32()),
            isrNodes: arrayOf(int32()),
            eligibleLeaderReplicas: arrayOf(int32(), { nullableSince: 0, default: null }),
            lastKnownElr: arrayOf(int32(), { nullableSince: 0, default: null }),
            offlineReplicas: arrayOf(int32(), { ignorable: true }),
          }),
        ),
        topicAuthorizedOperations: int32({ default: -2147483648 }),
      }),
    ),
    nextCursor: struct(
      {
        topicName: string(),
        partitionIndex: int32(),
      },
      { nullableSince: 0, default: null },
    ),
  }),
})
