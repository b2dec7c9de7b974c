// JoinGroup (11): a member of a classic group asks for a place in the next generation.
import { arrayOf, bool, bytes, defineApi, int16, int32, string, struct } from '../schema.ts'

export const joinGroup = defineApi({
  key: 11,
  name: 'JoinGroup',
  versions: [0, 9],
  flexibleSince: 6,
  request: struct({
    groupId: string(),
    sessionTimeoutMs: int32(),
    rebalanceTimeoutMs: int32({ since: 1, default: -1, ignorable: true }),
    memberId: string(),
    groupInstanceId: string({ since: 5, nullableSince: 5, default: null }),
    protocolType: string(),
    protocols: arrayOf(
      struct({
        name: string(),
        metadata: bytes(),
      }),
    ),
    reason: string({ since: 8, nullableSince: 8, default: null, ignorable: true }),
  }),
  response: struct({
    throttleTimeMs: int32({ since: 2, ignorable: true }),
    errorCode: int16(),
    generationId: int32({ default: -1 }),
    protocolType: string({ since: 7, nullableSince: 7, default: null, ignorable: true }),
    protocolName: string({ nullableSince: 7 }),
    leader: string(),
    skipAssignment: bool({ since: 9, default: false }),
    memberId: string(),
    members: arrayOf(
      struct({
        memberId: string(),
        groupInstanceId: string({ since: 5, nullableSince: 5, default: null, ignorable: true }),
        metadata: bytes(),
      }),
    ),
  }),
})
