// ConsumerGroupDescribe (69), versions 0-1 (KIP-848). v1: whether a member uses the classic or the consumer protocol (KIP-1099).
//
// As Apache Kafka 4.4, with no known difference.

import { errorCode } from '../../../protocol/error-code.ts'
import { consumerGroupDescribe } from '../../../protocol/messages/consumer-group-describe.ts'
import { answerInTurns } from '../answer-in-turns.ts'
import { allGroupOperations, notAsked } from '../authorized-operations.ts'
import { handler } from '../context.ts'
import { noSuchGroup, requireProtocol } from '../group-kinds.ts'
import { namedAssignment } from '../named-assignment.ts'

const classicMember = 0
const consumerMember = 1

const groupsField = consumerGroupDescribe.response.fields.groups

export const handleConsumerGroupDescribe = handler(
  consumerGroupDescribe,
  async (request, context) => {
    const { engine, groups, shareGroups, respond } = context
    requireProtocol(engine, 'consumer')
    const described = await answerInTurns(consumerGroupDescribe, groupsField, request.groupIds, context, async (groupId) => {
      if (groupId === '') return { errorCode: errorCode.INVALID_GROUP_ID, ...blank, groupId }
      const told = await groups.submit(groupId, { verb: 'consumer-describe' })
      const code = errorCode[told.error]
      if (code !== errorCode.NONE) {
        const errorMessage = told.error === 'GROUP_ID_NOT_FOUND' ? noSuchGroup({ groups, shareGroups }, groupId, 'consumer') : told.message
        return { errorCode: code, ...blank, errorMessage, groupId }
      }
      return {
        errorCode: code,
        errorMessage: null,
        groupId,
        groupState: told.state,
        groupEpoch: told.epoch,
        assignmentEpoch: told.assignmentEpoch,
        assignorName: told.assignorName,
        members: told.members.map((member) => ({
          memberId: member.memberId,
          instanceId: member.instanceId,
          rackId: member.rackId,
          memberEpoch: member.epoch,
          clientId: member.clientId,
          clientHost: member.clientHost,
          subscribedTopicNames: [...member.topicNames],
          subscribedTopicRegex: member.topicRegex ?? '',
          assignment: namedAssignment(member.assigned, engine.topics),
          targetAssignment: namedAssignment(member.target, engine.topics),
          memberType: member.isClassic ? classicMember : consumerMember,
        })),
        authorizedOperations: request.includeAuthorizedOperations ? allGroupOperations : notAsked,
      }
    })
    return respond({ throttleTimeMs: 0, groups: described.items }, described.errorCode)
  },
  {
    refuse: ({ errorCode: code, errorMessage }, request) => ({
      throttleTimeMs: 0,
      groups: request.groupIds.map((groupId) => ({ errorCode: code, ...blank, errorMessage, groupId })),
    }),
  },
)

const blank = {
  errorMessage: null,
  groupState: '',
  groupEpoch: 0,
  assignmentEpoch: 0,
  assignorName: '',
  members: [],
  authorizedOperations: notAsked,
}
