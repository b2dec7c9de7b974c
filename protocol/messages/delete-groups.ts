// DeleteGroups (42): groups to be forgotten.
import { arrayOf, defineApi, int16, int32, string, struct } from '../schema.ts'

export const deleteGroups = defineApi({
  key: 42,
  name: 'DeleteGroups',
  versions: [0, 3],
  flexibleSince: 2,
  request: struct({
    groupsNames: arrayOf(string()),
  }),
  response: struct({
    throttleTimeMs: int32(),
    results: arrayOf(
      struct({
        groupId: string(),
        errorCode: int16(),
        errorMessage: string({ since: 3, nullableSince: 3, default: null, ignorable: true }),
      }),
    ),
  }),
})
