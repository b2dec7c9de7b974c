// StreamsGroupHeartbeat (88): the heartbeat of a Kafka Streams member. KIP-1071.
import { arrayOf, bool, defineApi, int8, int16, int32, int64, string, struct } from '../schema.ts'
import { endpoint, keyValue, taskIds, taskOffset, topicInfo } from './group-parts.ts'

const status = struct({
  statusCode: int8(),
  statusDetail: string(),
})

const topicPartition = struct({
  topic: string(),
  partitions: arrayOf(int32()),
})

export const streamsGroupHeartbeat = defineApi({
  key: 88,
  name: 'StreamsGroupHeartbeat',
  versions: [0, 1],
  flexibleSince: 0,
  request: struct({
    groupId: string(),
    memberId: string(),
    memberEpoch: int32(),
    endpointInformationEpoch: int32(),
    instanceId: string({ nullableSince: 0, default: null }),
    rackId: string({ nullableSince: 0, default: null }),
    rebalanceTimeoutMs: int32({ default: -1 }),
    topology: struct(
      {
        epoch: int32(),
        subtopologies: arrayOf(
          struct({
            subtopologyId: string(),
            sourceTopics: arrayOf(string()),
            sourceTopicRegex: arrayOf(string()),
            stateChangelogTopics: arrayOf(topicInfo),
            repartitionSinkTopics: arrayOf(string()),
            repartitionSourceTopics: arrayOf(topicInfo),
            copartitionGroups: arrayOf(
              struct({
                sourceTopics: arrayOf(int16()),
                sourceTopicRegex: arrayOf(int16()),
                repartitionSourceTopics: arrayOf(int16()),
              }),
            ),
          }),
        ),
      },
      { nullableSince: 0, default: null },
    ),
    activeTasks: arrayOf(taskIds, { nullableSince: 0, default: null }),
    standbyTasks: arrayOf(taskIds, { nullableSince: 0, default: null }),
    warmupTasks: arrayOf(taskIds, { nullableSince: 0, default: null }),
    processId: string({ nullableSince: 0, default: null }),
    userEndpoint: struct(endpoint.fields, { nullableSince: 0, default: null }),
    clientTags: arrayOf(keyValue, { nullableSince: 0, default: null }),
    taskOffsets: arrayOf(taskOffset, { nullableSince: 0, default: null }),
    taskEndOffsets: arrayOf(taskOffset, { nullableSince: 0, default: null }),
    shutdownApplication: bool({ default: false }),
  }),
  response: struct({
    throttleTimeMs: int32(),
    errorCode: int16(),
    errorMessage: string({ nullableSince: 0, default: null }),
    memberId: string(),
    memberEpoch: int32(),
    heartbeatIntervalMs: int32(),
    acceptableRecoveryLagLegacy: int32({ until: 0 }),
    taskOffsetIntervalMs: int32(),
    acceptableRecoveryLag: int64({ since: 1, default: -1, ignorable: true }),
    status: arrayOf(status, { nullableSince: 0 }),
    activeTasks: arrayOf(taskIds, { nullableSince: 0, default: null }),
    standbyTasks: arrayOf(taskIds, { nullableSince: 0, default: null }),
    warmupTasks: arrayOf(taskIds, { nullableSince: 0, default: null }),
    topologyDescriptionRequired: bool({ since: 1, default: false }),
    endpointInformationEpoch: int32(),
    partitionsByUserEndpoint: arrayOf(
      struct({
        userEndpoint: struct(endpoint.fields),
        activePartitions: arrayOf(topicPartition),
        standbyPartitions: arrayOf(topicPartition),
      }),
      { nullableSince: 0, default: null },
    ),
  }),
})
