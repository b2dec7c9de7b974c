// DescribeConfigs (32), versions 0-4. v1: sources and synonyms. v3: types and documentation. v4: flexible.
// Topics, this broker by its id, all brokers under the empty name, broker loggers, groups and client metrics subscriptions. Null or no keys: every config.
//
// Where we differ from Apache Kafka 4.4: version 0, which it dropped, is served for old clients. Configs come in alphabetical order. The broker's list has our own
// settings beside all of Kafka's; those that do nothing here say so in their documentation. There is one logger, root. An unknown kind of resource refuses that
// resource, not the whole request. min.insync.replicas shows its default as such; Kafka shows a value that its controller writes.

import { errorCode } from '../../../protocol/error-code.ts'
import { type Items, itemsOf } from '../../../protocol/items.ts'
import { describeConfigs } from '../../../protocol/messages/describe-configs.ts'
import type { Piecewise, RequestOf, ResponseInput } from '../../../protocol/schema.ts'
import { ResourceDescriber } from '../admin/describe-resource.ts'
import { type ExplainedConfig, ResourceRefusal, sourceCode, typeCode } from '../admin/resource.ts'
import { handler } from '../context.ts'

type Request = RequestOf<typeof describeConfigs>
type Resource = Request['resources'][number]
type PlainResult = ResponseInput<typeof describeConfigs>['results'][number]
type Result = Piecewise<PlainResult>
type Config = Piecewise<PlainResult['configs'][number]>
type Configs = Items<Config>

const resultsField = describeConfigs.response.fields.results

export const handleDescribeConfigs = handler(
  describeConfigs,
  async (request, { version, engine, turns, respond }) => {
    const describer = new ResourceDescriber(engine)
    const results = itemsOf(describeConfigs, version, resultsField)
    const known = new WeakMap<readonly ExplainedConfig[], Configs>()
    let firstError: number = errorCode.NONE
    for (const resource of request.resources) {
      if (turns.over) await turns.next()
      results.add(describeOne(resource))
    }
    return respond({ throttleTimeMs: 0, results }, firstError)

    function describeOne({ resourceType, resourceName, configurationKeys }: Resource): Result {
      try {
        const all = describer.describe(resourceType, resourceName)
        // Most topics have the same configs: what is all of them is encoded once.
        const isWhole = configurationKeys === null || configurationKeys.length === 0
        const configs = (isWhole ? known.get(all) : undefined) ?? encoded(all, isWhole ? null : new Set(configurationKeys))
        if (isWhole) known.set(all, configs)
        return { errorCode: errorCode.NONE, errorMessage: '', resourceType, resourceName, configs }
      } catch (error) {
        if (!(error instanceof ResourceRefusal)) throw error
        if (firstError === errorCode.NONE) firstError = error.code
        return { errorCode: error.code, errorMessage: error.message, resourceType, resourceName, configs: [] }
      }
    }

    function encoded(all: readonly ExplainedConfig[], wanted: ReadonlySet<string> | null): Configs {
      const configs = itemsOf(describeConfigs, version, resultsField.element.fields.configs)
      for (const config of all) if (wanted === null || wanted.has(config.name)) configs.add(told(config, request))
      return configs
    }
  },
  {
    refuse: ({ errorCode: code, errorMessage }, { resources }) => ({
      throttleTimeMs: 0,
      results: resources.map(({ resourceType, resourceName }) => ({ errorCode: code, errorMessage, resourceType, resourceName, configs: [] })),
    }),
  },
)

function told(config: ExplainedConfig, { includeSynonyms, includeDocumentation }: Request): Config {
  const { name, value, type, source, readOnly, sensitive, synonyms, documentation } = config
  return {
    name,
    value,
    readOnly,
    isDefault: source === 'default',
    configSource: sourceCode[source],
    isSensitive: sensitive,
    synonyms: includeSynonyms ? synonyms.map((synonym) => ({ ...synonym, source: sourceCode[synonym.source] })) : [],
    configType: typeCode[type],
    documentation: includeDocumentation ? documentation : null,
  }
}
