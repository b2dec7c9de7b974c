// ExpireDelegationToken (40): an end for a delegation token.
import { bytes, defineApi, int16, int32, int64, struct } from '../schema.ts'

export const expireDelegationToken = defineApi({
  key: 40,
  name: 'ExpireDelegationToken',
  versions: [0, 2],
  flexibleSince: 2,
  request: struct({
    hmac: bytes(),
    expiryTimePeriodMs: int64(),
  }),
  response: struct({
    errorCode: int16(),
    expiryTimestampMs: int64(),
    throttleTimeMs: int32(),
  }),
})
