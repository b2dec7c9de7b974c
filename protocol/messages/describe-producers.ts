// DescribeProducers (61): producers active on partitions. KIP-664.
import { arrayOf, defineApi, int16, int32, int64, string, struct } from '../schema.ts'

export const describeProducers = defineApi({
  key: 61,
  name: 'DescribeProducers',
  versions: [0, 0],
  flexibleSince: 0,
  request: struct({
    topics: arrayOf(
      struct({
        name: string(),
        partitionIndexes: arrayOf(int32()),
      }),
    ),
  }),
  response: struct({
    throttleTimeMs: int32(),
    topics: arrayOf(
      struct({
        name: string(),
        partitions: arrayOf(
          struct({
            partitionIndex: int32(),
            errorCode: int16(),
            errorMessage: string({ nullableSince: 0, default: null }),
            activeProducers: arrayOf(
              struct({
                producerId: int64(),
                producerEpoch: int32(),
                lastSequence: int32({ default: -1 }),
                lastTimestamp: int64({ default: -1 }),
                coordinatorEpoch: int32(),
                currentTxnStartOffset: int64({ default: -1 }),
              }),
            ),
          }),
        ),
      }),
    ),
  }),
})
