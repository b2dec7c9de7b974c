// SyncGroup (14), versions 0-5. v1: throttle time. v3: static members (KIP-345). v4: flexible. v5: protocol type and name, sent and checked (KIP-559).
//
// Where we differ from Apache Kafka 4.4: a member that asks again while its first request is parked has the first answered with REBALANCE_IN_PROGRESS, and one
// that is removed by an administrator with UNKNOWN_MEMBER_ID; Kafka leaves both open for ever.

import { errorCode } from '../../../protocol/error-code.ts'
import { syncGroup } from '../../../protocol/messages/sync-group.ts'
import { handler, Refusal } from '../context.ts'

export const handleSyncGroup = handler(syncGroup, async (request, { version, groups, proceed, respond }) => {
  if (version >= 5 && (request.protocolType === null || request.protocolName === null)) throw new Refusal(errorCode.INCONSISTENT_GROUP_PROTOCOL)
  const answering = groups.submit(request.groupId, {
    verb: 'sync',
    memberId: request.memberId,
    instanceId: request.groupInstanceId,
    generation: request.generationId,
    protocolType: request.protocolType,
    protocolName: request.protocolName,
    assignments: request.assignments,
  })
  // It may be parked until the leader has assigned.
  proceed()
  const { error, protocolType, protocolName, assignment } = await answering
  return respond({ throttleTimeMs: 0, errorCode: errorCode[error], protocolType, protocolName, assignment })
})
