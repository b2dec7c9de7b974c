// StreamsGroupDescribe (89): streams groups with topology, members and tasks. KIP-1071.
import { arrayOf, bool, defineApi, int8, int16, int32, int64, string, struct, uint16 } from '../schema.ts'

const endpoint = struct({
  host: string(),
  port: uint16(),
})

const taskOffset = struct({
  subtopologyId: string(),
  partition: int32(),
  offset: int64(),
})

const taskIds = struct({
  subtopologyId: string(),
  partitions: arrayOf(int32()),
})

const assignment = struct({
  activeTasks: arrayOf(taskIds),
  standbyTasks: arrayOf(taskIds),
  warmupTasks: arrayOf(taskIds),
})

const keyValue = struct({
  key: string(),
  value: string(),
})

const topicInfo = struct({
  name: string(),
  partitions: int32(),
  replicationFactor: int16(),
  topicConfigs: arrayOf(keyValue),
})

const topologyDescriptionNode = struct({
  name: string({ since: 1 }),
  nodeType: int8({ since: 1 }),
  sourceTopics: arrayOf(string(), { since: 1 }),
  sinkTopic: string({ since: 1, nullableSince: 1, default: null }),
  stores: arrayOf(string(), { since: 1 }),
  successors: arrayOf(string(), { since: 1 }),
})

const topologyDescriptionSubtopology = struct({
  subtopologyId: string({ since: 1 }),
  nodes: arrayOf(topologyDescriptionNode, { since: 1 }),
})

const topologyDescriptionGlobalStore = struct({
  source: struct(topologyDescriptionNode.fields, { since: 1 }),
  processor: struct(topologyDescriptionNode.fields, { since: 1 }),
})

const topologyDescription = struct({
  subtopologies: arrayOf(topologyDescriptionSubtopology, { since: 1 }),
  globalStores: arrayOf(topologyDescriptionGlobalStore, { since: 1 }),
})

export const streamsGroupDescribe = defineApi({
  key: 89,
  name: 'StreamsGroupDescribe',
  versions: [0, 1],
  flexibleSince: 0,
  request: struct({
    groupIds: arrayOf(string()),
    includeAuthorizedOperations: bool(),
    includeTopologyDescription: bool({ since: 1, default: false }),
  }),
  response: struct({
    throttleTimeMs: int32(),
    groups: arrayOf(
      struct({
        errorCode: int16(),
        errorMessage: string({ nullableSince: 0, default: null }),
        groupId: string(),
        groupState: string(),
        groupEpoch: int32(),
        assignmentEpoch: int32(),
        topology: struct(
          {
            epoch: int32(),
            subtopologies: arrayOf(
              struct({
                subtopologyId: string(),
                sourceTopics: arrayOf(string()),
                repartitionSinkTopics: arrayOf(string()),
                stateChangelogTopics: arrayOf(topicInfo),
                repartitionSourceTopics: arrayOf(topicInfo),
              }),
              { nullableSince: 0, default: null },
            ),
          },
          { nullableSince: 0, default: null },
        ),
        members: arrayOf(
          struct({
            memberId: string(),
            memberEpoch: int32(),
            instanceId: string({ nullableSince: 0, default: null }),
            rackId: string({ nullableSince: 0, default: null }),
            clientId: string(),
            clientHost: string(),
            topologyEpoch: int32(),
            processId: string(),
            userEndpoint: struct(endpoint.fields, { nullableSince: 0, default: null }),
            clientTags: arrayOf(keyValue),
            taskOffsets: arrayOf(taskOffset),
            taskEndOffsets: arrayOf(taskOffset),
            assignment: struct(assignment.fields),
            targetAssignment: struct(assignment.fields),
            isClassic: bool(),
          }),
        ),
        authorizedOperations: int32({ default: -2147483648 }),
        topologyDescription: struct(topologyDescription.fields, { since: 1, nullableSince: 1, default: null }),
        topologyDescriptionStatus: int8({ since: 1, default: 0 }),
        assignorName: string({ since: 1, nullableSince: 1, default: null, ignorable: true }),
      }),
    ),
  }),
})
