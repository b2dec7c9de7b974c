// UpdateFeatures (57): finalises feature levels. KIP-584.
import { arrayOf, bool, defineApi, int8, int16, int32, string, struct } from '../schema.ts'

export const updateFeatures = defineApi({
  key: 57,
  name: 'UpdateFeatures',
  versions: [0, 2],
  flexibleSince: 0,
  request: struct({
    timeoutMs: int32({ default: 60000 }),
    featureUpdates: arrayOf(
      struct({
        feature: string(),
        maxVersionLevel: int16(),
        allowDowngrade: bool({ until: 0 }),
        upgradeType: int8({ since: 1, default: 1 }),
      }),
    ),
    validateOnly: bool({ since: 1, default: false }),
  }),
  response: struct({
    throttleTimeMs: int32(),
    errorCode: int16(),
    errorMessage: string({ nullableSince: 0 }),
    results: arrayOf(
      struct({
        feature: string(),
        errorCode: int16(),
        errorMessage: string({ nullableSince: 0 }),
      }),
      { until: 1, ignorable: true },
    ),
  }),
})
