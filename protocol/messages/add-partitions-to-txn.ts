// AddPartitionsToTxn (24): partitions that a transaction will write to.
import { arrayOf, bool, defineApi, int16, int32, int64, string, struct } from '../schema.ts'

const addPartitionsToTxnTopic = struct({
  name: string(),
  partitions: arrayOf(int32()),
})

const addPartitionsToTxnPartitionResult = struct({
  partitionIndex: int32(),
  partitionErrorCode: int16(),
})

const addPartitionsToTxnTopicResult = struct({
  name: string(),
  resultsByPartition: arrayOf(addPartitionsToTxnPartitionResult),
})

export const addPartitionsToTxn = defineApi({
  key: 24,
  name: 'AddPartitionsToTxn',
  versions: [0, 5],
  flexibleSince: 3,
  request: struct({
    transactions: arrayOf(
      struct({
        transactionalId: string({ since: 4 }),
        producerId: int64({ since: 4 }),
        producerEpoch: int16({ since: 4 }),
        verifyOnly: bool({ since: 4, default: false }),
        topics: arrayOf(addPartitionsToTxnTopic, { since: 4 }),
      }),
      { since: 4 },
    ),
    v3AndBelowTransactionalId: string({ until: 3 }),
    v3AndBelowProducerId: int64({ until: 3 }),
    v3AndBelowProducerEpoch: int16({ until: 3 }),
    v3AndBelowTopics: arrayOf(addPartitionsToTxnTopic, { until: 3 }),
  }),
  response: struct({
    throttleTimeMs: int32(),
    errorCode: int16({ since: 4, ignorable: true }),
    resultsByTransaction: arrayOf(
      struct({
        transactionalId: string({ since: 4 }),
        topicResults: arrayOf(addPartitionsToTxnTopicResult, { since: 4 }),
      }),
      { since: 4 },
    ),
    resultsByTopicV3AndBelow: arrayOf(addPartitionsToTxnTopicResult, { until: 3 }),
  }),
})
