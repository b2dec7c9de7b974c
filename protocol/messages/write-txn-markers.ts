// WriteTxnMarkers (27): transaction markers for partitions, from a coordinator.
import { arrayOf, bool, defineApi, int8, int16, int32, int64, string, struct } from '../schema.ts'

export const writeTxnMarkers = defineApi({
  key: 27,
  name: 'WriteTxnMarkers',
  versions: [1, 2],
  flexibleSince: 1,
  request: struct({
    markers: arrayOf(
      struct({
        producerId: int64(),
        producerEpoch: int16(),
        transactionResult: bool(),
        topics: arrayOf(
          struct({
            name: string(),
            partitionIndexes: arrayOf(int32()),
          }),
        ),
        coordinatorEpoch: int32(),
        transactionVersion: int8({ since: 2, default: 0, ignorable: true }),
      }),
    ),
  }),
  response: struct({
    markers: arrayOf(
      struct({
        producerId: int64(),
        topics: arrayOf(
          struct({
            name: string(),
            partitions: arrayOf(
              struct({
                partitionIndex: int32(),
                errorCode: int16(),
              }),
            ),
          }),
        ),
      }),
    ),
  }),
})
