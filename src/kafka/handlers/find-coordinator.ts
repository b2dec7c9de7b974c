// FindCoordinator (10), versions 0-6. v1: transactional ids beside groups, throttle time. v3: flexible. v4: several keys at once (KIP-699). v5: TRANSACTION_ABORTABLE
// (KIP-890), which nothing here answers. v6: share groups (KIP-932).
//
// This broker coordinates every key that it answers for. The key of a share partition (type 2) is group:topicId:partition.
//
// Where we differ from Apache Kafka 4.4: the message with an unknown key type says what is known.

import { errorCode } from '../../../protocol/error-code.ts'
import { findCoordinator } from '../../../protocol/messages/find-coordinator.ts'
import { handler, Refusal } from '../context.ts'

const keyTypes = { group: 0, transaction: 1, share: 2 }
/** Group ids may have colons too. */
const shareKey = /^.+:[\w-]{22}:\d+$/s
const sharesSince = 6

export const handleFindCoordinator = handler(
  findCoordinator,
  (request, { version, engine, advertised, respond }) => {
    const isShare = request.keyType === keyTypes.share && version >= sharesSince
    const known = request.keyType === keyTypes.group || request.keyType === keyTypes.transaction || isShare
    if (!known)
      throw new Refusal(
        errorCode.INVALID_REQUEST,
        `There is no coordinator for keys of type ${request.keyType}; 0 is a group, 1 a transactional id, 2 a share partition.`,
      )
    if (isShare && !request.coordinatorKeys.every((key) => shareKey.test(key)))
      throw new Refusal(errorCode.INVALID_REQUEST, 'Share coordinator key is invalid')
    const here = { nodeId: engine.nodeId, ...advertised(), errorCode: errorCode.NONE, errorMessage: version >= 4 ? '' : 'NONE' }
    if (version < 4) return respond({ throttleTimeMs: 0, ...here, coordinators: [] })
    const coordinators = request.coordinatorKeys.map((key) => ({ key, ...here }))
    return respond({ throttleTimeMs: 0, errorCode: errorCode.NONE, errorMessage: null, nodeId: -1, host: '', port: -1, coordinators })
  },
  {
    refuse: ({ errorCode: code, errorMessage }, request) => ({
      throttleTimeMs: 0,
      errorCode: code,
      errorMessage,
      nodeId: -1,
      host: '',
      port: -1,
      coordinators: request.coordinatorKeys.map((key) => ({ key, nodeId: -1, host: '', port: -1, errorCode: code, errorMessage })),
    }),
  },
)
