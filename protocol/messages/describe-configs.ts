// DescribeConfigs (32): configs of topics, brokers and groups with their sources.
import { arrayOf, bool, defineApi, int8, int16, int32, string, struct } from '../schema.ts'

export const describeConfigs = defineApi({
  key: 32,
  name: 'DescribeConfigs',
  versions: [0, 4],
  flexibleSince: 4,
  request: struct({
    resources: arrayOf(
      struct({
        resourceType: int8(),
        resourceName: string(),
        configurationKeys: arrayOf(string(), { nullableSince: 0 }),
      }),
    ),
    includeSynonyms: bool({ since: 1, default: false }),
    includeDocumentation: bool({ since: 3, default: false }),
  }),
  response: struct({
    throttleTimeMs: int32(),
    results: arrayOf(
      struct({
        errorCode: int16(),
        errorMessage: string({ nullableSince: 0 }),
        resourceType: int8(),
        resourceName: string(),
        configs: arrayOf(
          struct({
            name: string(),
            value: string({ nullableSince: 0 }),
            readOnly: bool(),
            isDefault: bool({ until: 0 }),
            configSource: int8({ since: 1, default: -1, ignorable: true }),
            isSensitive: bool(),
            synonyms: arrayOf(
              struct({
                name: string({ since: 1 }),
                value: string({ since: 1, nullableSince: 0 }),
                source: int8({ since: 1 }),
              }),
              { since: 1, ignorable: true },
            ),
            configType: int8({ since: 3, default: 0, ignorable: true }),
            documentation: string({ since: 3, nullableSince: 0, ignorable: true }),
          }),
        ),
      }),
    ),
  }),
})
