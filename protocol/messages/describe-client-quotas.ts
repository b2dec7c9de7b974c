// DescribeClientQuotas (48): quotas by user, client id and address. KIP-546.
import { arrayOf, bool, defineApi, float64, int8, int16, int32, string, struct } from '../schema.ts'

export const describeClientQuotas = defineApi({
  key: 48,
  name: 'DescribeClientQuotas',
  versions: [0, 1],
  flexibleSince: 1,
  request: struct({
    components: arrayOf(
      struct({
        entityType: string(),
        matchType: int8(),
        match: string({ nullableSince: 0 }),
      }),
    ),
    strict: bool(),
  }),
  response: struct({
    throttleTimeMs: int32(),
    errorCode: int16(),
    errorMessage: string({ nullableSince: 0 }),
    entries: arrayOf(
      struct({
        entity: arrayOf(
          struct({
            entityType: string(),
            entityName: string({ nullableSince: 0 }),
          }),
        ),
        values: arrayOf(
          struct({
            key: string(),
            value: float64(),
          }),
        ),
      }),
      { nullableSince: 0 },
    ),
  }),
})
