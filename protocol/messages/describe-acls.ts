// DescribeAcls (29): access rules that match a filter.
import { arrayOf, defineApi, int8, int16, int32, string, struct } from '../schema.ts'

export const describeAcls = defineApi({
  key: 29,
  name: 'DescribeAcls',
  versions: [0, 3],
  flexibleSince: 2,
  request: struct({
    resourceTypeFilter: int8(),
    resourceNameFilter: string({ nullableSince: 0 }),
    patternTypeFilter: int8({ since: 1, default: 3 }),
    principalFilter: string({ nullableSince: 0 }),
    hostFilter: string({ nullableSince: 0 }),
    operation: int8(),
    permissionType: int8(),
  }),
  response: struct({
    throttleTimeMs: int32(),
    errorCode: int16(),
    errorMessage: string({ nullableSince: 0 }),
    resources: arrayOf(
      struct({
        resourceType: int8(),
        resourceName: string(),
        patternType: int8({ since: 1, default: 3 }),
        acls: arrayOf(
          struct({
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
