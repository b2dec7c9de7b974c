// DeleteAcls (31): access rules to be removed, by filter.
import { arrayOf, defineApi, int8, int16, int32, string, struct } from '../schema.ts'

export const deleteAcls = defineApi({
  key: 31,
  name: 'DeleteAcls',
  versions: [0, 3],
  flexibleSince: 2,
  request: struct({
    filters: arrayOf(
      struct({
        resourceTypeFilter: int8(),
        resourceNameFilter: string({ nullableSince: 0 }),
        patternTypeFilter: int8({ since: 1, default: 3 }),
        principalFilter: string({ nullableSince: 0 }),
        hostFilter: string({ nullableSince: 0 }),
        operation: int8(),
        permissionType: int8(),
      }),
    ),
  }),
  response: struct({
    throttleTimeMs: int32(),
    filterResults: arrayOf(
      struct({
        errorCode: int16(),
        errorMessage: string({ nullableSince: 0 }),
        matchingAcls: arrayOf(
          struct({
            errorCode: int16(),
            errorMessage: string({ nullableSince: 0 }),
            resourceType: int8(),
            resourceName: string(),
            patternType: int8({ since: 1, default: 3 }),
            principal: string(),
            host: string(),
            operation: int8(),
            permissionType: int8(),
          }),
        ),
      }),
    ),
  }),
})
