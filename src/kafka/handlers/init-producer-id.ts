// InitProducerId (22), versions 0-5. v2: flexible. v3: a producer may name the id and epoch that it had (KIP-360). v4: PRODUCER_FENCED. v5: TRANSACTION_ABORTABLE (KIP-890).
//
// Without a transactional id every request gets a new producer id with epoch 0, whatever it had before, as in Kafka.
//
// Differs from Apache Kafka 4.4: transactions are not served yet: a transactional id gets TRANSACTIONAL_ID_AUTHORIZATION_FAILED, which no client retries.

import { errorCode } from '../../../protocol/error-code.ts'
import { initProducerId } from '../../../protocol/messages/init-producer-id.ts'
import { handler, Refusal } from '../context.ts'

export const handleInitProducerId = handler(
  initProducerId,
  async (request, { engine, respond }) => {
    const { transactionalId, producerId, producerEpoch } = request
    if (transactionalId === '') throw new Refusal(errorCode.INVALID_REQUEST)
    // One without the other means nothing.
    if ((producerId === -1) !== (producerEpoch === -1)) throw new Refusal(errorCode.INVALID_REQUEST)
    if (transactionalId !== null) throw new Refusal(errorCode.TRANSACTIONAL_ID_AUTHORIZATION_FAILED)
    const given = await engine.newProducerId()
    return respond({ throttleTimeMs: 0, errorCode: errorCode.NONE, ...given })
  },
  { refuse: ({ errorCode: code }) => ({ throttleTimeMs: 0, errorCode: code, producerId: -1, producerEpoch: -1 }) },
)
