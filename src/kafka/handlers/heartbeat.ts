// Heartbeat (12), versions 0-4. v1: throttle time. v3: static members (KIP-345). v4: flexible.
//
// As Apache Kafka 4.4, with no known difference.

import { errorCode } from '../../../protocol/error-code.ts'
import { heartbeat } from '../../../protocol/messages/heartbeat.ts'
import { handler } from '../context.ts'

export const handleHeartbeat = handler(heartbeat, async (request, { groups, respond }) => {
  const { memberId, groupInstanceId: instanceId, generationId: generation } = request
  const { error } = await groups.submit(request.groupId, { verb: 'heartbeat', memberId, instanceId, generation })
  return respond({ throttleTimeMs: 0, errorCode: errorCode[error] })
})
