// DescribeConfigs (32), versions 0-4. v1: sources and synonyms. v3: types and documentation. v4: flexible.
// Topics, this broker by its id, all brokers under the empty name, broker loggers, groups and client metrics subscriptions. Null or no keys: every config.
//
// Where we differ from Apache Kafka 4.4: version 0, which it dropped, is served for old clients. Configs come in alphabetical order. The broker's list has our own
// settings beside all of Kafka's; those that do nothing here say so in their documentation. There is one logger, root. An unknown kind of resource refuses that
// resource, not the whole request. min.insync.replicas shows its default as such; Kafka shows a value that its controller writes.

import { errorCode } from '../../../protocol/error-code.ts'
import { describeConfigs } from '../../../protocol/messages/describe-configs.ts'
import type { RequestOf, ResponseInput } from '../../../protocol/schema.ts'
import type { Engine } from '../../engine/engine.ts'
import { describeResource } from '../admin/describe-resource.ts'
import { type ExplainedConfig, ResourceRefusal, sourceCode, typeCode } from '../admin/resource.ts'
import { handler } from '../context.ts'

type Request = RequestOf<typeof describeConfigs>
type Result = ResponseInput<typeof describeConfigs>['results'][number]

export const handleDescribeConfigs = handler(
  describeConfigs,
  (request, { engine, respond }) => {
    const results = request.resources.map((resource) => describeOne(resource, request, engine))
    return respond({ throttleTimeMs: 0, results }, results.find((result) => result.errorCode !== 0)?.errorCode)
  },
  {
    refuse: ({ errorCode: code, errorMessage }, { resources }) => ({
      throttleTimeMs: 0,
      results: resources.map(({ resourceType, resourceName }) => ({ errorCode: code, errorMessage, resourceType, resourceName, configs: [] })),
    }),
  },
)

function describeOne(resource: Request['resources'][number], request: Request, engine: Engine): Result {
  const { resourceType, resourceName, configurationKeys } = resource
  try {
    const all = describeResource(resourceType, resourceName, engine)
    const wanted = configurationKeys === null || configurationKeys.length === 0 ? null : new Set(configurationKeys)
    const configs = all.filter(({ name }) => wanted === null || wanted.has(name)).map((config) => told(config, request))
    return { errorCode: errorCode.NONE, errorMessage: '', resourceType, resourceName, configs }
  } catch (error) {
    if (!(error instanceof ResourceRefusal)) throw error
    return { errorCode: error.code, errorMessage: error.message, resourceType, resourceName, configs: [] }
  }
}

function told(config: ExplainedConfig, { includeSynonyms, includeDocumentation }: Request): Result['configs'][number] {
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
