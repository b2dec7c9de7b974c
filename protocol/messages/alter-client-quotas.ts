// AlterClientQuotas (49): sets and removes quotas. KIP-546.
import { arrayOf, bool, defineApi, float64, int16, int32, string, struct } from '../schema.ts'

export const alterClientQuotas = defineApi({
  key: 49,
  name: 'AlterClientQuotas',
  versions: [0, 1],
  flexibleSince: 1,
  request: struct({
    entries: arrayOf(
      struct({
        entity: arrayOf(
          struct({
            entityType: string(),
            entityName: string({ nullableSince: 0 }),
          }),
        ),
        ops: arrayOf(
          struct({
            key: string(),
            value: float64(),
            remove: bool(),
          }),
        ),
      }),
    ),
    validateOnly: bool(),
  }),
  response: struct({
    throttleTimeMs: int32(),
    entries: arrayOf(
      struct({
        errorCode: int16(),
        errorMessage: string({ nullableSince: 0 }),
        entity: arrayOf(
          struct({
            entityType: string(),
            entityName: string({ nullableSince: 0 }),
          }),
        ),
      }),
    ),
  }),
})
