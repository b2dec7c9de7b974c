// ShareGroupDescribe (77), version 1. Share groups with their members and what each reads from. KIP-932.
//
// As Apache Kafka 4.4, with no known difference.

import { errorCode } from '../../../protocol/error-code.ts'
import { shareGroupDescribe } from '../../../protocol/messages/share-group-describe.ts'
import type { ShareMember } from '../../coordinators/share/group-coordinator.ts'
import type { Engine } from '../../engine/engine.ts'
import { answerInTurns } from '../answer-in-turns.ts'
import { allGroupOperations, notAsked } from '../authorized-operations.ts'
import { handler } from '../context.ts'
import { noSuchGroup, requireProtocol } from '../group-kinds.ts'
import { namedAssignment } from '../named-assignment.ts'

const groupsField = shareGroupDescribe.response.fields.groups

export const handleShareGroupDescribe = handler(
  shareGroupDescribe,
  async (request, context) => {
    const { groups: others, shareGroups, engine, respond } = context
    requireProtocol(engine, 'share')
    const described = await answerInTurns(shareGroupDescribe, groupsField, request.groupIds, context, async (groupId) => {
      if (groupId === '') return unknown('', errorCode.INVALID_GROUP_ID, null)
      const { error, message, group } = await shareGroups.describe(groupId)
      const members = group ? [...group.members.values()].map((member) => memberOf(member, engine)) : []
      const epoch = group?.epoch ?? 0
      return {
        errorCode: errorCode[error],
        errorMessage: error === 'GROUP_ID_NOT_FOUND' ? noSuchGroup({ groups: others, shareGroups }, groupId, 'share') : message,
        groupId,
        groupState: group ? (members.length > 0 ? 'Stable' : 'Empty') : '',
        groupEpoch: epoch,
        assignmentEpoch: group?.target ? group.assignmentEpoch : epoch,
        assignorName: group ? 'simple' : '',
        members,
        authorizedOperations: request.includeAuthorizedOperations && group ? allGroupOperations : notAsked,
      }
    })
    return respond({ throttleTimeMs: 0, groups: described.items }, described.errorCode)
  },
  {
    refuse: ({ errorCode: code, errorMessage }, request) => ({
      throttleTimeMs: 0,
      groups: request.groupIds.map((groupId) => unknown(groupId, code, errorMessage)),
    }),
  },
)

const unknown = (groupId: string, code: number, errorMessage: string | null) => ({
  errorCode: code,
  errorMessage,
  groupId,
  groupState: '',
  groupEpoch: 0,
  assignmentEpoch: 0,
  assignorName: '',
  members: [],
  authorizedOperations: notAsked,
})

function memberOf({ id, rackId, epoch, clientId, clientHost, topicNames, assigned }: ShareMember, engine: Engine) {
  const assignment = namedAssignment(assigned, engine.topics)
  return { memberId: id, rackId, memberEpoch: epoch, clientId, clientHost, subscribedTopicNames: [...topicNames], assignment }
}
