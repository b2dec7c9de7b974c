// DescribeDelegationToken (41): delegation tokens by owner.
import { arrayOf, bytes, defineApi, int16, int32, int64, string, struct } from '../schema.ts'

export const describeDelegationToken = defineApi({
  key: 41,
  name: 'DescribeDelegationToken',
  versions: [0, 3],
  flexibleSince: 2,
  request: struct({
    owners: arrayOf(
      struct({
        principalType: string(),
        principalName: string(),
      }),
      { nullableSince: 0 },
    ),
  }),
  response: struct({
    errorCode: int16(),
    tokens: arrayOf(
      struct({
        principalType: string(),
        principalName: string(),
        tokenRequesterPrincipalType: string({ since: 3 }),
        tokenRequesterPrincipalName: string({ since: 3 }),
        issueTimestamp: int64(),
        expiryTimestamp: int64(),
        maxTimestamp: int64(),
        tokenId: string(),
        hmac: bytes(),
        renewers: arrayOf(
          struct({
            principalType: string(),
            principalName: string(),
          }),
        ),
      }),
    ),
    throttleTimeMs: int32(),
  }),
})
