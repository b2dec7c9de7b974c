// ShareGroupHeartbeat (76), version 1. A member of a share group joins (epoch 0), says that it lives, or leaves (epoch -1), and learns its partitions. KIP-932.
//
// Differs from Apache Kafka 4.4: `group.share.assignment.interval.ms` is 0 unless it is set, so that assignments follow a change at once; a member of a new group has its
// partitions with the first answer.

import { errorCode } from '../../../protocol/error-code.ts'
import { shareGroupHeartbeat } from '../../../protocol/messages/share-group-heartbeat.ts'
import type { RequestOf } from '../../../protocol/schema.ts'
import { isBlank } from '../../coordinators/blank.ts'
import { handler } from '../context.ts'
import { requireProtocol, senderOf } from '../group-kinds.ts'
import { shareHeartbeatMs } from '../share/configs.ts'
import { memberIdCharsMax } from '../share/ids.ts'

export const handleShareGroupHeartbeat = handler(
  shareGroupHeartbeat,
  async (request, { shareGroups, engine, settings, client, clientId, respond }) => {
    requireProtocol(engine, 'share')
    const fault = faultOf(request)
    if (fault)
      return respond({ throttleTimeMs: 0, errorCode: errorCode.INVALID_REQUEST, errorMessage: fault, memberEpoch: 0, heartbeatIntervalMs: 0 })
    const { groupId, memberId, memberEpoch, rackId, subscribedTopicNames } = request
    const told = await shareGroups.heartbeat(groupId, {
      memberId,
      epoch: memberEpoch,
      rackId,
      ...senderOf(clientId, client),
      topicNames: subscribedTopicNames,
    })
    const isWell = told.error === 'NONE'
    const topicPartitions = told.assigned && [...told.assigned].map(([topicId, partitions]) => ({ topicId, partitions: [...partitions] }))
    return respond({
      throttleTimeMs: 0,
      errorCode: errorCode[told.error],
      errorMessage: told.message,
      memberId: isWell ? memberId : null,
      memberEpoch: told.memberEpoch,
      heartbeatIntervalMs: isWell && memberEpoch !== -1 ? shareHeartbeatMs(engine, settings, groupId) : 0,
      assignment: topicPartitions ? { topicPartitions } : null,
    })
  },
)

function faultOf({ memberId, groupId, rackId, memberEpoch, subscribedTopicNames }: RequestOf<typeof shareGroupHeartbeat>): string | null {
  if (isBlank(memberId)) return "MemberId can't be empty."
  if (memberId.length > memberIdCharsMax) return `MemberId can't be longer than ${memberIdCharsMax} characters.`
  if (isBlank(groupId)) return "GroupId can't be empty."
  if (isBlank(rackId)) return "RackId can't be empty."
  if (memberEpoch === 0) return subscribedTopicNames && subscribedTopicNames.length > 0 ? null : 'SubscribedTopicNames must be set in first request.'
  return memberEpoch < -1 ? 'MemberEpoch is invalid.' : null
}
