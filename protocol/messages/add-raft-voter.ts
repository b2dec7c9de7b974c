// AddRaftVoter (80): adds a voter to the metadata quorum. KIP-853.
import { arrayOf, bool, defineApi, int16, int32, string, struct, uint16, uuid } from '../schema.ts'

export const addRaftVoter = defineApi({
  key: 80,
  name: 'AddRaftVoter',
  versions: [0, 1],
  flexibleSince: 0,
  request: struct({
    clusterId: string({ nullableSince: 0 }),
    timeoutMs: int32(),
    voterId: int32(),
    voterDirectoryId: uuid(),
    listeners: arrayOf(
      struct({
        name: string(),
        host: string(),
        port: uint16(),
      }),
    ),
    ackWhenCommitted: bool({ since: 1, default: true }),
  }),
  response: struct({
    throttleTimeMs: int32(),
    errorCode: int16(),
    errorMessage: string({ nullableSince: 0, ignorable: true }),
  }),
})
