// IncrementalAlterConfigs (44): sets, unsets, appends to and subtracts from single configs. KIP-339.
import { arrayOf, bool, defineApi, int8, int16, int32, string, struct } from '../schema.ts'

export const incrementalAlterConfigs = defineApi({
  key: 44,
  name: 'IncrementalAlterConfigs',
  versions: [0, 1],
  flexibleSince: 1,
  request: struct({
    resources: arrayOf(
      struct({
        resourceType: int8(),
        resourceName: string(),
        configs: arrayOf(
          struct({
            name: string(),
            configOperation: int8(),
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
