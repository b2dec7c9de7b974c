// DescribeUserScramCredentials (50): which SCRAM credentials a user has. KIP-554.
import { arrayOf, defineApi, int8, int16, int32, string, struct } from '../schema.ts'

export const describeUserScramCredentials = defineApi({
  key: 50,
  name: 'DescribeUserScramCredentials',
  versions: [0, 0],
  flexibleSince: 0,
  request: struct({
    users: arrayOf(
      struct({
        name: string(),
      }),
      { nullableSince: 0 },
    ),
  }),
  response: struct({
    throttleTimeMs: int32(),
    errorCode: int16(),
    errorMessage: string({ nullableSince: 0 }),
    results: arrayOf(
      struct({
        user: string(),
        errorCode: int16(),
        errorMessage: string({ nullableSince: 0 }),
        credentialInfos: arrayOf(
          struct({
            mechanism: int8(),
            iterations: int32(),
          }),
        ),
      }),
    ),
  }),
})
