// Heartbeat (12): a member of a classic group says that it lives. KIP-62; static members KIP-345.
import { defineApi, int16, int32, string, struct } from '../schema.ts'

export const heartbeat = defineApi({
  key: 12,
  name: 'Heartbeat',
  versions: [0, 4],
  flexibleSince: 4,
  request: struct({
    groupId: string(),
    generationId: int32(),
    memberId: string(),
    groupInstanceId: string({ since: 3, nullableSince: 3, default: null }),
  }),
  response: struct({
    throttleTimeMs: int32({ since: 1, ignorable: true }),
    errorCode: int16(),
  }),
})
