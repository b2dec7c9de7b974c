// ConsumerGroupDescribe (69): consumer groups with members and assignments. KIP-848.
import { arrayOf, bool, defineApi, int8, int16, int32, string, struct } from '../schema.ts'
import { assignment } from './group-parts.ts'

export const consumerGroupDescribe = defineApi({
  key: 69,
  name: 'ConsumerGroupDescribe',
  versions: [0, 1],
  flexibleSince: 0,
  request: struct({
    groupIds: arrayOf(string()),
    includeAuthorizedOperations: bool(),
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
        assignorName: string(),
        members: arrayOf(
          struct({
            memberId: string(),
            instanceId: string({ nullableSince: 0, default: null }),
            rackId: string({ nullableSince: 0, default: null }),
            memberEpoch: int32(),
            clientId: string(),
            clientHost: string(),
            subscribedTopicNames: arrayOf(string()),
            subscribedTopicRegex: string({ nullableSince: 0, default: null }),
            assignment: struct(assignment.fields),
            targetAssignment: struct(assignment.fields),
            memberType: int8({ since: 1, default: -1, ignorable: true }),
          }),
        ),
        authorizedOperations: int32({ default: -2147483648 }),
      }),
    ),
  }),
})
