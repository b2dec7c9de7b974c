// RemoveRaftVoter (81): removes a voter from the metadata quorum. KIP-853.
import { defineApi, int16, int32, string, struct, uuid } from '../schema.ts'

export const removeRaftVoter = defineApi({
  key: 81,
  name: 'RemoveRaftVoter',
  versions: [0, 0],
  flexibleSince: 0,
  request: struct({
    clusterId: string({ nullableSince: 0 }),
    voterId: int32(),
    voterDirectoryId: uuid(),
  }),
  response: struct({
    throttleTimeMs: int32(),
    errorCode: int16(),
    errorMessage: string({ nullableSince: 0, ignorable: true }),
  }),
})
