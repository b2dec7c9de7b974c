// InitProducerId (22), versions 0-5. v2: flexible. v3: a producer may name the id and epoch that it had (KIP-360). v4: PRODUCER_FENCED. v5: TRANSACTION_ABORTABLE (KIP-890).
//
// Without a transactional id every request gets a new producer id with epoch 0, whatever it had before, as in Kafka.
//
// Differs from Apache Kafka 4.4: an open transaction is aborted before the answer; Kafka answers CONCURRENT_TRANSACTIONS until it is done.

import { errorCode } from '../../../protocol/error-code.ts'
import { initProducerId } from '../../../protocol/messages/init-producer-id.ts'
import { handler, Refusal } from '../context.ts'
import { producerError } from '../transactions.ts'

export const handleInitProducerId = handler(
  initProducerId,
  async (request, { version, engine, transactions, respond }) => {
    const { transactionalId, transactionTimeoutMs: timeoutMs, producerId, producerEpoch } = request
    if (transactionalId === '') throw new Refusal(errorCode.INVALID_REQUEST)
    // One without the other means nothing.
    if ((producerId === -1) !== (producerEpoch === -1)) throw new Refusal(errorCode.INVALID_REQUEST)
    if (transactionalId === null) {
      const given = await engine.newProducerId()
      return respond({ throttleTimeMs: 0, errorCode: errorCode.NONE, ...given })
    }
    const { error, ...told } = await transactions.init(transactionalId, { timeoutMs, producerId, producerEpoch })
    return respond({ throttleTimeMs: 0, errorCode: producerError(error, version >= 4), ...told })
  },
  {
    refuse: ({ errorCode: code }) => ({
      throttleTimeMs: 0,
      // Ids could not be stored: as in Kafka, what producers know as a reason to ask again.
      errorCode: code === errorCode.KAFKA_STORAGE_ERROR ? errorCode.COORDINATOR_LOAD_IN_PROGRESS : code,
      producerId: -1,
      producerEpoch: -1,
    }),
  },
)
