// SaslHandshake (17): which SASL mechanism a connection will use.
import { arrayOf, defineApi, int16, string, struct } from '../schema.ts'

export const saslHandshake = defineApi({
  key: 17,
  name: 'SaslHandshake',
  versions: [0, 1],
  flexibleSince: Number.POSITIVE_INFINITY,
  request: struct({
    mechanism: string(),
  }),
  response: struct({
    errorCode: int16(),
    mechanisms: arrayOf(string()),
  }),
})
