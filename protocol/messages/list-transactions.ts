// ListTransactions (66): transactions by state, producer and age. KIP-664.
import { arrayOf, defineApi, int16, int32, int64, string, struct } from '../schema.ts'

export const listTransactions = defineApi({
  key: 66,
  name: 'ListTransactions',
  versions: [0, 2],
  flexibleSince: 0,
  request: struct({
    stateFilters: arrayOf(string()),
    producerIdFilters: arrayOf(int64()),
    durationFilter: int64({ since: 1, default: -1 }),
    transactionalIdPattern: string({ since: 2, nullableSince: 2, default: null }),
  }),
  response: struct({
    throttleTimeMs: int32(),
    errorCode: int16(),
    unknownStateFilters: arrayOf(string()),
    transactionStates: arrayOf(
      struct({
        transactionalId: string(),
        producerId: int64(),
        transactionState: string(),
      }),
    ),
  }),
})
