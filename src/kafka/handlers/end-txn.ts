// EndTxn (26), versions 0-5. v2: PRODUCER_FENCED for an older epoch. v3: flexible. v4: TRANSACTION_ABORTABLE. v5: the end raises the producer's epoch and tells it, so that
// nothing late can touch the next transaction (KIP-890).
//
// Differs from Apache Kafka 4.4: markers, offsets and state are stored at once, before the answer, so CONCURRENT_TRANSACTIONS is never the answer to the request after this.

import { errorCode } from '../../../protocol/error-code.ts'
import { endTxn } from '../../../protocol/messages/end-txn.ts'
import { handler } from '../context.ts'
import { producerError } from '../transactions.ts'

export const handleEndTxn = handler(endTxn, async (request, { version, transactions, respond }) => {
  const { transactionalId, producerId, producerEpoch, committed } = request
  if (transactionalId === '') return respond({ throttleTimeMs: 0, errorCode: errorCode.INVALID_REQUEST })
  const raisesEpoch = version >= 5
  const told = await transactions.end(transactionalId, { producerId, producerEpoch, committed, raisesEpoch })
  const code = producerError(told.error, version >= 2)
  if (code !== errorCode.NONE || !raisesEpoch) return respond({ throttleTimeMs: 0, errorCode: code })
  return respond({ throttleTimeMs: 0, errorCode: code, producerId: told.producerId, producerEpoch: told.producerEpoch })
})
