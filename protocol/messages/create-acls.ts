// CreateAcls (30): new access rules.
import { arrayOf, defineApi, int8, int16, int32, string, struct } from '../schema.ts'

export const createAcls = defineApi({
  key: 30,
  name: 'CreateAcls',
  versions: [0, 3],
  flexibleSince: 2,
  request: struct({
    creations: arrayOf(
      struct({
        resourceType: int8(),
        resourceName: string(),
        resourcePatternType: int8({ since: 1, default: 3 }),
        principal: string(),
        host: string(),
        operation: int8(),
        permissionType: int8(),
      }),
    ),
  }),
  response: struct({
    throttleTimeMs: int32(),
    results: arrayOf(
      struct({
        errorCode: int16(),
        errorMessage: string({ nullableSince: 0 }),
      }),
    ),
  }),
})
