// ShareAcknowledge (79), versions 1-2. What became of records that a member of a share group holds: taken, given back, given up, or (v2, KIP-1222) needed for longer.
// Answered once it is durable. The last one of a session (epoch -1) gives back everything else that the member holds. KIP-932.
//
// As Apache Kafka 4.4, with no known difference.

import { errorCode } from '../../../protocol/error-code.ts'
import { shareAcknowledge } from '../../../protocol/messages/share-acknowledge.ts'
import { handler, Refusal } from '../context.ts'
import { requireProtocol } from '../group-kinds.ts'
import { acknowledgeAll, releaseSession } from '../share/acknowledging.ts'
import { shareLockMs } from '../share/configs.ts'
import { checkIds } from '../share/ids.ts'
import { finalEpoch } from '../share/sessions.ts'

const noLeader = { leaderId: 0, leaderEpoch: 0 }

export const handleShareAcknowledge = handler(shareAcknowledge, async (request, context) => {
  const { engine, settings, shareGroups, shareSessions, respond } = context
  requireProtocol(engine, 'share')
  const { groupId, memberId } = checkIds(request)
  const session = shareSessions.acknowledge(groupId, memberId, request.shareSessionEpoch)
  if (typeof session === 'number') throw new Refusal(session)
  const results = await acknowledgeAll(context, session, request.topics, request.isRenewAck)
  if (request.shareSessionEpoch === finalEpoch) {
    shareSessions.end(session)
    await releaseSession(shareGroups, session)
  }
  const topics = new Map(results.map(({ topicId }) => [topicId, results.filter((one) => one.topicId === topicId)]))
  const responses = [...topics].map(([topicId, partitions]) => ({
    topicId,
    partitions: partitions.map(({ index, errorCode: code, errorMessage }) => ({
      partitionIndex: index,
      errorCode: code,
      errorMessage,
      currentLeader: noLeader,
    })),
  }))
  const firstError = results.find((one) => one.errorCode !== errorCode.NONE)
  const acquisitionLockTimeoutMs = shareLockMs(engine, settings, groupId)
  return respond({ throttleTimeMs: 0, errorCode: errorCode.NONE, acquisitionLockTimeoutMs, responses, nodeEndpoints: [] }, firstError?.errorCode)
})
