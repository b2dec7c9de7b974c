// DescribeGroups (15): classic groups with their members and assignments.
import { arrayOf, bool, bytes, defineApi, int16, int32, string, struct } from '../schema.ts'

export const describeGroups = defineApi({
  key: 15,
  name: 'DescribeGroups',
  versions: [0, 6],
  flexibleSince: 5,
  request: struct({
    groups: arrayOf(string()),
    includeAuthorizedOperations: bool({ since: 3 }),
  }),
  response: struct({
    throttleTimeMs: int32({ since: 1, ignorable: true }),
    groups: arrayOf(
      struct({
        errorCode: int16(),
        errorMessage: string({ since: 6, nullableSince: 6, default: null }),
        groupId: string(),
        groupState: string(),
        protocolType: string(),
        protocolData: string(),
        members: arrayOf(
          struct({
            memberId: string(),
            groupInstanceId: string({ since: 4, nullableSince: 4, default: null, ignorable: true }),
            clientId: string(),
            clientHost: string(),
            memberMetadata: bytes(),
            memberAssignment: bytes(),
          }),
        ),
        authorizedOperations: int32({ since: 3, default: -2147483648 }),
      }),
    ),
  }),
})
