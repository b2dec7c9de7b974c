// FindCoordinator (10): which broker looks after a group or a transactional id.
import { arrayOf, defineApi, int8, int16, int32, string, struct } from '../schema.ts'

export const findCoordinator = defineApi({
  key: 10,
  name: 'FindCoordinator',
  versions: [0, 6],
  flexibleSince: 3,
  request: struct({
    key: string({ until: 3 }),
    keyType: int8({ since: 1, default: 0 }),
    coordinatorKeys: arrayOf(string(), { since: 4 }),
  }),
  response: struct({
    throttleTimeMs: int32({ since: 1, ignorable: true }),
    errorCode: int16({ until: 3 }),
    errorMessage: string({ since: 1, until: 3, nullableSince: 1, ignorable: true }),
    nodeId: int32({ until: 3 }),
    host: string({ until: 3 }),
    port: int32({ until: 3 }),
    coordinators: arrayOf(
      struct({
        key: string({ since: 4 }),
        nodeId: int32({ since: 4 }),
        host: string({ since: 4 }),
        port: int32({ since: 4 }),
        errorCode: int16({ since: 4 }),
        errorMessage: string({ since: 4, nullableSince: 4, ignorable: true }),
      }),
      { since: 4 },
    ),
  }),
})
