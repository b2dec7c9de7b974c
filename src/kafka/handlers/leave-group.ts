// LeaveGroup (13), versions 0-5. v1: throttle time. v3: several members, also by instance id (KIP-345). v4: flexible. v5: a reason (KIP-800), which nobody here asks
// for. Up to v2 the one member's error stands at the top.
//
// Where we differ from Apache Kafka 4.4: an id that was given out and not used leaves without a rebalance; Kafka has a stable group rebalance for it.

import { errorCode } from '../../../protocol/error-code.ts'
import { leaveGroup } from '../../../protocol/messages/leave-group.ts'
import { handler } from '../context.ts'

export const handleLeaveGroup = handler(leaveGroup, async (request, { version, groups, respond }) => {
  const leavers = version >= 3 ? request.members : [{ memberId: request.memberId, groupInstanceId: null }]
  const members = leavers.map(({ memberId, groupInstanceId }) => ({ memberId, instanceId: groupInstanceId }))
  const { error, members: errors } = await groups.submit(request.groupId, { verb: 'leave', members })
  if (version < 3) return respond({ throttleTimeMs: 0, errorCode: errorCode[error === 'NONE' ? (errors[0] ?? 'NONE') : error], members: [] })
  // Nothing is said of single members where the whole request failed.
  const told = errors.map((memberError, at) => ({ ...leavers[at]!, errorCode: errorCode[memberError] }))
  return respond({ throttleTimeMs: 0, errorCode: errorCode[error], members: told })
})
