// ShareGroupDescribe (77): share groups with members and assignments. KIP-932.
import { arrayOf, bool, defineApi, int16, int32, string, struct } from '../schema.ts'
import { assignment } from './group-parts.ts'

export const shareGroupDescribe = defineApi({
  key: 77,
  name: 'ShareGroupDescribe',
  versions: [1, 1],
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
            rackId: string({ nullableSince: 0, default: null }),
            memberEpoch: int32(),
            clientId: string(),
            clientHost: string(),
            subscribedTopicNames: arrayOf(string()),
            assignment: struct(assignment.fields),
          }),
        ),
        authorizedOperations: int32({ default: -2147483648 }),
      }),
    ),
  }),
})
