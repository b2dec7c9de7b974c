// AlterConfigs (33): replaces all overrides of a resource; IncrementalAlterConfigs is its better successor.
import { arrayOf, bool, defineApi, int8, int16, int32, string, struct } from '../schema.ts'

export const alterConfigs = defineApi({
  key: 33,
  name: 'AlterConfigs',
  versions: [0, 2],
  flexibleSince: 2,
  request: struct({
    resources: arrayOf(
      struct({
        resourceType: int8(),
        resourceName: string(),
        configs: arrayOf(
          struct({
            name: string(),
            value: string({ nullableSince: 0 }),
          }),
        ),
      }),
    ),
    validateOnly: bool(),
  }),
  response: struct({
    throttleTimeMs: int32(),
    responses: arrayOf(
      struct({
        errorCode: int16(),
        errorMessage: string({ nullableSince: 0 }),
        resourceType: int8(),
        resourceName: string(),
      }),
    ),
  }),
})
