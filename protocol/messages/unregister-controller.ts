// UnregisterController (94): removes a controller that is gone.
import { defineApi, int16, int32, string, struct } from '../schema.ts'

export const unregisterController = defineApi({
  key: 94,
  name: 'UnregisterController',
  versions: [0, 0],
  flexibleSince: 0,
  request: struct({
    controllerId: int32(),
  }),
  response: struct({
    throttleTimeMs: int32(),
    errorCode: int16(),
    errorMessage: string({ nullableSince: 0 }),
  }),
})
