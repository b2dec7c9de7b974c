// AlterUserScramCredentials (51): sets and removes SCRAM credentials. KIP-554.
import { arrayOf, bytes, defineApi, int8, int16, int32, string, struct } from '../schema.ts'

export const alterUserScramCredentials = defineApi({
  key: 51,
  name: 'AlterUserScramCredentials',
  versions: [0, 0],
  flexibleSince: 0,
  request: struct({
    deletions: arrayOf(
      struct({
        name: string(),
        mechanism: int8(),
      }),
    ),
    upsertions: arrayOf(
      struct({
        name: string(),
        mechanism: int8(),
        iterations: int32(),
        salt: bytes(),
        saltedPassword: bytes(),
      }),
    ),
  }),
  response: struct({
    throttleTimeMs: int32(),
    results: arrayOf(
      struct({
        user: string(),
        errorCode: int16(),
        errorMessage: string({ nullableSince: 0 }),
      }),
    ),
  }),
})
