// DescribeProducers (61), version 0. KIP-664: who writes to a partition, and which transactions are open there.
//
// As Apache Kafka 4.4; the coordinator's epoch is 0, or -1 before a transaction of the producer has ended there.

import { errorCode } from '../../../protocol/error-code.ts'
import { describeProducers } from '../../../protocol/messages/describe-producers.ts'
import type { Partition } from '../../engine/partition.ts'
import { topicNameFault } from '../../engine/topics.ts'
import { handler } from '../context.ts'

const unknownMessage = 'This server does not host this topic-partition.'

export const handleDescribeProducers = handler(
  describeProducers,
  async (request, { engine, respond }) => {
    const topics = await Promise.all(
      request.topics.map(async ({ name, partitionIndexes }) => ({
        name,
        partitions: await Promise.all(
          partitionIndexes.map(async (partitionIndex) => {
            const partition = engine.topics.get(name)?.partitions[partitionIndex]
            if (!partition) return unknownPartition(name, partitionIndex)
            await engine.open([partition])
            return { partitionIndex, errorCode: errorCode.NONE, activeProducers: producersOf(partition) }
          }),
        ),
      })),
    )
    return respond({ throttleTimeMs: 0, topics })
  },
  {
    refuse: (refused, { topics }) => ({
      throttleTimeMs: 0,
      topics: topics.map(({ name, partitionIndexes }) => ({
        name,
        partitions: partitionIndexes.map((partitionIndex) => ({
          partitionIndex,
          errorCode: refused.errorCode,
          errorMessage: refused.errorMessage,
          activeProducers: [],
        })),
      })),
    }),
  },
)

function unknownPartition(name: string, partitionIndex: number) {
  const fault = topicNameFault(name)
  const code = fault === null ? errorCode.UNKNOWN_TOPIC_OR_PARTITION : errorCode.INVALID_TOPIC_EXCEPTION
  return { partitionIndex, errorCode: code, errorMessage: fault ?? unknownMessage, activeProducers: [] }
}

function producersOf({ writers }: Partition) {
  return writers.producers.list().map(({ producerId, epoch, lastSequence, lastUsedMs, marked }) => {
    const openSince = writers.transactions.openSince(producerId)
    return {
      producerId,
      producerEpoch: epoch,
      lastSequence,
      lastTimestamp: lastUsedMs,
      coordinatorEpoch: marked ? 0 : -1,
      currentTxnStartOffset: openSince ?? -1,
    }
  })
}
