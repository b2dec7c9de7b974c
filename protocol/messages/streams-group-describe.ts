// StreamsGroupDescribe (89): streams groups with topology, members and tasks. KIP-1071.
import { arrayOf, bool, defineApi, int8, int16, int32, string, struct } from '../schema.ts'
import { endpoint, keyValue, taskIds, taskOffset, topicInfo, topologyDescriptionFields } from './group-parts.ts'

const assignment = struct({
  activeTasks: arrayOf(taskIds),
  standbyTasks: arrayOf(taskIds),
  warmupTasks: arrayOf(taskIds),
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
        topologyDescription: struct(topologyDescriptionFields(1), { since: 1, nullableSince: 1, default: null }),
        topologyDescriptionStatus: int8({ since: 1, default: 0 }),
        assignorName: string({ since: 1, nullableSince: 1, default: null, ignorable: true }),
      }),
    ),
  }),
})
