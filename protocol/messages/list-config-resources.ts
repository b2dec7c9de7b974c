// ListConfigResources (74): resources that have configs. KIP-1142.
import { arrayOf, defineApi, int8, int16, int32, string, struct } from '../schema.ts'

export const listConfigResources = defineApi({
  key: 74,
  name: 'ListConfigResources',
  versions: [0, 1],
  flexibleSince: 0,
  request: struct({
    resourceTypes: arrayOf(int8(), { since: 1 }),
  }),
  response: struct({
    throttleTimeMs: int32(),
    errorCode: int16(),
    configResources: arrayOf(
      struct({
        resourceName: string(),
        resourceType: int8({ since: 1, default: 16, ignorable: true }),
      }),
    ),
  }),
})
