// UnregisterBroker (64): removes a broker that is gone.
import { defineApi, int16, int32, string, struct } from '../schema.ts'

export const unregisterBroker = defineApi({
  key: 64,
  name: 'UnregisterBroker',
  versions: [0, 0],
  flexibleSince: 0,
  request: struct({
    brokerId: int32(),
  }),
  response: struct({
    throttleTimeMs: int32(),
    errorCode: int16(),
    errorMessage: string({ nullableSince: 0 }),
  }),
})
