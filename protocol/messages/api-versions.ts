// ApiVersions (18): what this broker speaks; the first request of most clients.
import { arrayOf, bool, defineApi, int16, int32, int64, string, struct } from '../schema.ts'

export const apiVersions = defineApi({
  key: 18,
  name: 'ApiVersions',
  versions: [0, 5],
  flexibleSince: 3,
  request: struct({
    clientSoftwareName: string({ since: 3, ignorable: true }),
    clientSoftwareVersion: string({ since: 3, ignorable: true }),
    clusterId: string({ since: 5, nullableSince: 5, default: null, ignorable: true }),
    nodeId: int32({ since: 5, default: -1, ignorable: true }),
  }),
  response: struct({
    errorCode: int16(),
    apiKeys: arrayOf(
      struct({
        apiKey: int16(),
        minVersion: int16(),
        maxVersion: int16(),
      }),
    ),
    throttleTimeMs: int32({ since: 1, ignorable: true }),
    supportedFeatures: arrayOf(
      struct({
        name: string({ since: 3 }),
        minVersion: int16({ since: 3 }),
        maxVersion: int16({ since: 3 }),
      }),
      { since: 3, tag: 0, taggedSince: 3, default: [], ignorable: true },
    ),
    finalizedFeaturesEpoch: int64({ since: 3, tag: 1, taggedSince: 3, default: -1, ignorable: true }),
    finalizedFeatures: arrayOf(
      struct({
        name: string({ since: 3 }),
        maxVersionLevel: int16({ since: 3 }),
        minVersionLevel: int16({ since: 3 }),
      }),
      { since: 3, tag: 2, taggedSince: 3, default: [], ignorable: true },
    ),
    zkMigrationReady: bool({ since: 3, tag: 3, taggedSince: 3, default: false, ignorable: true }),
  }),
})
