// ListConfigResources (74), versions 0-1. v0: client metrics subscriptions (KIP-714). v1: any kind, all where none is named (KIP-1142).
//
// As Apache Kafka 4.4, with no known difference.

import { errorCode } from '../../../protocol/error-code.ts'
import { listConfigResources } from '../../../protocol/messages/list-config-resources.ts'
import type { Engine } from '../../engine/engine.ts'
import { resourceType } from '../admin/resource.ts'
import { handler } from '../context.ts'

const allTypes: readonly number[] = Object.values(resourceType)

export const handleListConfigResources = handler(listConfigResources, ({ resourceTypes }, { version, engine, respond }) => {
  const wanted = version === 0 ? [resourceType.clientMetrics] : resourceTypes.length === 0 ? allTypes : [...new Set(resourceTypes)]
  const code = wanted.every((type) => allTypes.includes(type)) ? errorCode.NONE : errorCode.UNSUPPORTED_VERSION
  const types = code === errorCode.NONE ? wanted : []
  const configResources = types.flatMap((type) => namesOf(type, engine).map((resourceName) => ({ resourceName, resourceType: type })))
  return respond({ throttleTimeMs: 0, errorCode: code, configResources })
})

function namesOf(type: number, engine: Engine): string[] {
  switch (type) {
    case resourceType.topic:
      return engine.topics.all().map(({ name }) => name)
    case resourceType.clientMetrics:
      return engine.configs.names('client-metrics')
    case resourceType.group:
      return engine.configs.names('group')
    default:
      return [String(engine.nodeId)]
  }
}
