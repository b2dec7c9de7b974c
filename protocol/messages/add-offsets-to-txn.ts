// AddOffsetsToTxn (25): a group whose offsets a transaction will commit.
import { defineApi, int16, int32, int64, string, struct } from '../schema.ts'

export const addOffsetsToTxn = defineApi({
  key: 25,
  name: 'AddOffsetsToTxn',
  versions: [0, 4],
  flexibleSince: 3,
  request: struct({
    transactionalId: string(),
    producerId: int64(),
    producerEpoch: int16(),
    groupId: string(),
  }),
  response: struct({
    throttleTimeMs: int32(),
    errorCode: int16(),
  }),
})
