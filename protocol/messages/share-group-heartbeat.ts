// ShareGroupHeartbeat (76): the heartbeat of a member of a share group. KIP-932.
import { arrayOf, defineApi, int16, int32, string, struct, uuid } from '../schema.ts'

const topicPartitions = struct({
  topicId: uuid(),
  partitions: arrayOf(int32()),
})

export const shareGroupHeartbeat = defineApi({
  key: 76,
  name: 'ShareGroupHeartbeat',
  versions: [1, 1],
  flexibleSince: 0,
  request: struct({
    groupId: string(),
    memberId: string(),
    memberEpoch: int32(),
    rackId: string({ nullableSince: 0, default: null }),
    subscribedTopicNames: arrayOf(string(), { nullableSince: 0, default: null }),
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
