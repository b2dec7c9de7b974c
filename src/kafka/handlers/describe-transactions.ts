// DescribeTransactions (65), version 0. KIP-664.
//
// As Apache Kafka 4.4, but that an end is never seen half done: PrepareCommit and PrepareAbort do not occur.

import { errorCode } from '../../../protocol/error-code.ts'
import { describeTransactions } from '../../../protocol/messages/describe-transactions.ts'
import { handler } from '../context.ts'

const unknown = { transactionState: '', transactionTimeoutMs: 0, transactionStartTimeMs: 0, producerId: 0, producerEpoch: 0, topics: [] }

export const handleDescribeTransactions = handler(
  describeTransactions,
  async (request, { engine, transactions, respond }) => {
    const transactionStates = await Promise.all(
      request.transactionalIds.map(async (transactionalId) => {
        if (transactionalId === '') return { ...unknown, errorCode: errorCode.INVALID_REQUEST, transactionalId }
        const found = await transactions.describe(transactionalId)
        if (!found) return { ...unknown, errorCode: errorCode.TRANSACTIONAL_ID_NOT_FOUND, transactionalId }
        const topics = new Map<string, number[]>()
        for (const { topicId, partition } of found.partitions) {
          const name = engine.topics.byId(topicId)?.name
          if (name === undefined) continue
          topics.set(name, [...(topics.get(name) ?? []), partition])
        }
        return {
          errorCode: errorCode.NONE,
          transactionalId,
          transactionState: found.state,
          transactionTimeoutMs: found.timeoutMs,
          transactionStartTimeMs: found.startedMs,
          producerId: found.producerId,
          producerEpoch: found.producerEpoch,
          topics: [...topics].map(([topic, partitions]) => ({ topic, partitions })),
        }
      }),
    )
    return respond({ throttleTimeMs: 0, transactionStates })
  },
  {
    refuse: (refused, { transactionalIds }) => ({
      throttleTimeMs: 0,
      transactionStates: transactionalIds.map((transactionalId) => ({ ...unknown, errorCode: refused.errorCode, transactionalId })),
    }),
  },
)
