// AddPartitionsToTxn (24), versions 0-5. v2: PRODUCER_FENCED for an older epoch. v3: flexible. v4: several transactions at once, asked by brokers, and only to verify
// (KIP-890). v5: TRANSACTION_ABORTABLE where a verification fails.
//
// Differs from Apache Kafka 4.4: an empty list of transactions is answered with an empty list; Kafka never answers it.

import { errorCode } from '../../../protocol/error-code.ts'
import { addPartitionsToTxn } from '../../../protocol/messages/add-partitions-to-txn.ts'
import { partitionKey } from '../../coordinators/transaction/state.ts'
import type { Transactions } from '../../coordinators/transaction/transactions.ts'
import type { Topics } from '../../engine/topics.ts'
import { handler } from '../context.ts'
import { producerError } from '../transactions.ts'

interface Asked {
  transactionalId: string
  producerId: number
  producerEpoch: number
  verifyOnly: boolean
  topics: readonly { name: string; partitions: readonly number[] }[]
}

interface TopicResult {
  name: string
  resultsByPartition: { partitionIndex: number; partitionErrorCode: number }[]
}

export const handleAddPartitionsToTxn = handler(addPartitionsToTxn, async (request, { version, engine, transactions, respond }) => {
  if (version >= 4) {
    const results = await Promise.all(
      request.transactions.map(async (asked) => ({
        transactionalId: asked.transactionalId,
        topicResults: await add(engine.topics, transactions, asked, version),
      })),
    )
    return respond({ throttleTimeMs: 0, errorCode: errorCode.NONE, resultsByTransaction: results, resultsByTopicV3AndBelow: [] })
  }
  const asked: Asked = {
    transactionalId: request.v3AndBelowTransactionalId,
    producerId: request.v3AndBelowProducerId,
    producerEpoch: request.v3AndBelowProducerEpoch,
    verifyOnly: false,
    topics: request.v3AndBelowTopics,
  }
  const results = await add(engine.topics, transactions, asked, version)
  const first = results
    .flatMap(({ resultsByPartition }) => resultsByPartition)
    .find(({ partitionErrorCode }) => partitionErrorCode !== errorCode.NONE)
  return respond(
    { throttleTimeMs: 0, errorCode: errorCode.NONE, resultsByTransaction: [], resultsByTopicV3AndBelow: results },
    first?.partitionErrorCode,
  )
})

/** All of them or none: where one is unknown, the others are not attempted. */
async function add(topics: Topics, transactions: Transactions, asked: Asked, version: number): Promise<TopicResult[]> {
  if (asked.transactionalId === '') return resultsOf(asked, () => errorCode.INVALID_REQUEST)
  const known = (name: string, index: number): boolean => topics.get(name)?.partitions[index] !== undefined
  const allKnown = asked.topics.every(({ name, partitions }) => partitions.every((index) => known(name, index)))
  if (!allKnown) {
    return resultsOf(asked, (name, index) => (known(name, index) ? errorCode.OPERATION_NOT_ATTEMPTED : errorCode.UNKNOWN_TOPIC_OR_PARTITION))
  }
  const partitions = asked.topics.flatMap(({ name, partitions: indexes }) => indexes.map((index) => partitionKey(topics.get(name)!.id, index)))
  const { producerId, producerEpoch, verifyOnly } = asked
  const { error } = await transactions.add(asked.transactionalId, { producerId, producerEpoch, partitions, groups: [], verifyOnly })
  return resultsOf(asked, () => producerError(error, version >= 2))
}

function resultsOf({ topics }: Asked, codeOf: (name: string, index: number) => number): TopicResult[] {
  return topics.map(({ name, partitions }) => ({
    name,
    resultsByPartition: partitions.map((partitionIndex) => ({ partitionIndex, partitionErrorCode: codeOf(name, partitionIndex) })),
  }))
}
