// CreateDelegationToken (38): a token that stands for a principal. KIP-48.
import { arrayOf, bytes, defineApi, int16, int32, int64, string, struct } from '../schema.ts'

export const createDelegationToken = defineApi({
  key: 38,
  name: 'CreateDelegationToken',
  versions: [0, 3],
  flexibleSince: 2,
  request: struct({
    ownerPrincipalType: string({ since: 3, nullableSince: 3 }),
    ownerPrincipalName: string({ since: 3, nullableSince: 3 }),
    renewers: arrayOf(
      struct({
        principalType: string(),
        principalName: string(),
      }),
    ),
    maxLifetimeMs: int64(),
  }),
  response: struct({
    errorCode: int16(),
    principalType: string(),
    principalName: string(),
    tokenRequesterPrincipalType: string({ since: 3 }),
    tokenRequesterPrincipalName: string({ since: 3 }),
    issueTimestampMs: int64(),
    expiryTimestampMs: int64(),
    maxTimestampMs: int64(),
    tokenId: string(),
    hmac: bytes(),
    throttleTimeMs: int32(),
  }),
})
