// ConsumerGroupHeartbeat (68): the one request of a member of a consumer group. KIP-848.
import { arrayOf, defineApi, int16, int32, string, struct, uuid } from '../schema.ts'

const topicPartitions = struct({
  topicId: uuid(),
  partitions: arrayOf(int32()),
})

export const consumerGroupHeartbeat = defineApi({
  key: 68,
  name: 'ConsumerGroupHeartbeat',
  versions: [0, 1],
  flexibleSince: 0,
  request: struct({
    groupId: string(),
    memberId: string(),
    memberEpoch: int32(),
    instanceId: string({ nullableSince: 0, default: null }),
    rackId: string({ nullableSince: 0, default: null }),
    rebalanceTimeoutMs: int32({ default: -1 }),
    subscribedTopicNames: arrayOf(string(), { nullableSince: 0, default: null }),
    subscribedTopicRegex: string({ since: 1, nullableSince: 1, default: null }),
    serverAssignor: string({ nullableSince: 0, default: null }),
    topicPartitions: arrayOf(
      struct({
        topicId: uuid(),
        partitions: arrayOf(int32()),
      }),
      { nullableSince: 0, default: null },
    ),
  }),
  response: struct({
    throttleTimeMs: int32(),
    errorCode: int16(),
    errorMessage: string({ nullableSince: 0, default: null }),
    memberId: string({ nullableSince: 0, default: null }),
    memberEpoch: int32(),
    heartbeatIntervalMs: int32(),
    assignment: struct(
      {
        topicPartitions: arrayOf(topicPartitions),
      },
      { nullableSince: 0, default: null },
    ),
  }),
})
