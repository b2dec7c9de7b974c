// Heartbeat (12), versions 0-4. v1: throttle time. v3: static members (KIP-345). v4: flexible.
//
// Where we differ from Apache Kafka 4.4: in a consumer group a classic member's heartbeat notices members that left and topics that grew, so that a group of classic
// members only is assigned anew; Kafka waits for somebody to join.

import { errorCode } from '../../../protocol/error-code.ts'
import { heartbeat } from '../../../protocol/messages/heartbeat.ts'
import { handler } from '../context.ts'

export const handleHeartbeat = handler(heartbeat, async (request, { groups, respond }) => {
  const { memberId, groupInstanceId: instanceId, generationId: generation } = request
  const { error } = await groups.submit(request.groupId, { verb: 'heartbeat', memberId, instanceId, generation })
  return respond({ throttleTimeMs: 0, errorCode: errorCode[error] })
})
