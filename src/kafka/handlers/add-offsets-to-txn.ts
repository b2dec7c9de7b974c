// AddOffsetsToTxn (25), versions 0-4. v2: PRODUCER_FENCED for an older epoch. v3: flexible. v4: TRANSACTION_ABORTABLE.
//
// As Apache Kafka 4.4, but that there is no offsets topic whose partition would be added: the group itself is.

import { errorCode } from '../../../protocol/error-code.ts'
import { addOffsetsToTxn } from '../../../protocol/messages/add-offsets-to-txn.ts'
import { handler } from '../context.ts'
import { producerError } from '../transactions.ts'

export const handleAddOffsetsToTxn = handler(addOffsetsToTxn, async (request, { version, transactions, respond }) => {
  const { transactionalId, producerId, producerEpoch, groupId } = request
  if (transactionalId === '') return respond({ throttleTimeMs: 0, errorCode: errorCode.INVALID_REQUEST })
  const { error } = await transactions.add(transactionalId, { producerId, producerEpoch, partitions: [], groups: [groupId], verifyOnly: false })
  return respond({ throttleTimeMs: 0, errorCode: producerError(error, version >= 2) })
})
