// DescribeGroups (15), versions 0-6. v1: throttle time. v3: what the client may do with the group. v4: instance ids. v5: flexible. v6: GROUP_ID_NOT_FOUND instead of a
// group in state Dead (KIP-1043).
//
// As Apache Kafka 4.4, with no known difference.

import { errorCode } from '../../../protocol/error-code.ts'
import { describeGroups } from '../../../protocol/messages/describe-groups.ts'
import { answerInTurns } from '../answer-in-turns.ts'
import { allGroupOperations, notAsked } from '../authorized-operations.ts'
import { handler } from '../context.ts'
import { noSuchGroup } from '../group-kinds.ts'

const groupsField = describeGroups.response.fields.groups

export const handleDescribeGroups = handler(
  describeGroups,
  async (request, context) => {
    const { version, groups, shareGroups, respond } = context
    const described = await answerInTurns(describeGroups, groupsField, request.groups, context, async (groupId) => {
      const told = await groups.submit(groupId, { verb: 'describe' })
      const isUnknown = told.error === 'GROUP_ID_NOT_FOUND'
      const code = isUnknown && version < 6 ? errorCode.NONE : errorCode[told.error]
      return {
        errorCode: code,
        errorMessage: isUnknown ? noSuchGroup({ groups, shareGroups }, groupId, 'classic') : null,
        groupId,
        groupState: told.state,
        protocolType: told.protocolType,
        protocolData: told.protocolName,
        members: told.members.map(({ memberId, instanceId, clientId, clientHost, metadata, assignment }) => ({
          memberId,
          groupInstanceId: instanceId,
          clientId,
          clientHost,
          memberMetadata: metadata,
          memberAssignment: assignment,
        })),
        authorizedOperations: request.includeAuthorizedOperations && code === errorCode.NONE ? allGroupOperations : notAsked,
      }
    })
    return respond({ throttleTimeMs: 0, groups: described.items }, described.errorCode)
  },
  {
    refuse: ({ errorCode: code, errorMessage }, request) => ({
      throttleTimeMs: 0,
      groups: request.groups.map((groupId) => ({
        errorCode: code,
        errorMessage,
        groupId,
        groupState: '',
        protocolType: '',
        protocolData: '',
        members: [],
      })),
    }),
  },
)
