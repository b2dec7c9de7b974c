// LeaveGroup (13): members leave a classic group.
import { arrayOf, defineApi, int16, int32, string, struct } from '../schema.ts'

export const leaveGroup = defineApi({
  key: 13,
  name: 'LeaveGroup',
  versions: [0, 5],
  flexibleSince: 4,
  request: struct({
    groupId: string(),
    memberId: string({ until: 2 }),
    members: arrayOf(
      struct({
        memberId: string({ since: 3 }),
        groupInstanceId: string({ since: 3, nullableSince: 3, default: null }),
        reason: string({ since: 5, nullableSince: 5, default: null, ignorable: true }),
      }),
      { since: 3 },
    ),
  }),
  response: struct({
    throttleTimeMs: int32({ since: 1, ignorable: true }),
    errorCode: int16(),
    members: arrayOf(
      struct({
        memberId: string({ since: 3 }),
        groupInstanceId: string({ since: 3, nullableSince: 3 }),
        errorCode: int16({ since: 3 }),
      }),
      { since: 3 },
    ),
  }),
})
