// DescribeTransactions (65): transactions by transactional id. KIP-664.
import { arrayOf, defineApi, int16, int32, int64, string, struct } from '../schema.ts'

export const describeTransactions = defineApi({
  key: 65,
  name: 'DescribeTransactions',
  versions: [0, 0],
  flexibleSince: 0,
  request: struct({
    transactionalIds: arrayOf(string()),
  }),
  response: struct({
    throttleTimeMs: int32(),
    transactionStates: arrayOf(
      struct({
        errorCode: int16(),
        transactionalId: string(),
        transactionState: string(),
        transactionTimeoutMs: int32(),
        transactionStartTimeMs: int64(),
        producerId: int64(),
        producerEpoch: int16(),
        topics: arrayOf(
          struct({
            topic: string(),
            partitions: arrayOf(int32()),
          }),
        ),
      }),
    ),
  }),
})
