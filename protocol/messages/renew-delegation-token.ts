// RenewDelegationToken (39): a longer life for a delegation token.
import { bytes, defineApi, int16, int32, int64, struct } from '../schema.ts'

export const renewDelegationToken = defineApi({
  key: 39,
  name: 'RenewDelegationToken',
  versions: [0, 2],
  flexibleSince: 2,
  request: struct({
    hmac: bytes(),
    renewPeriodMs: int64(),
  }),
  response: struct({
    errorCode: int16(),
    expiryTimestampMs: int64(),
    throttleTimeMs: int32(),
  }),
})
