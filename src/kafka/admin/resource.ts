// What DescribeConfigs and both AlterConfigs share: kinds of resources, sources and types by their numbers on the wire, and one explained config.
import type { ConfigSource } from '../../engine/topic-configs.ts'

/** Kinds of resources that have configs, by Kafka's numbers. */
export const resourceType = { topic: 2, broker: 4, brokerLogger: 8, clientMetrics: 16, group: 32 } as const

/** Where a value comes from, by Kafka's numbers. */
export const sourceCode = {
  topic: 1,
  'dynamic-broker': 2,
  'dynamic-default-broker': 3,
  'static-broker': 4,
  default: 5,
  'dynamic-broker-logger': 6,
  'client-metrics': 7,
  group: 8,
} as const satisfies Record<ConfigSource | 'dynamic-broker-logger' | 'client-metrics' | 'group', number>
export type SourceName = keyof typeof sourceCode

/** Types of values, by Kafka's numbers. */
export const typeCode = { UNKNOWN: 0, BOOLEAN: 1, STRING: 2, INT: 3, SHORT: 4, LONG: 5, DOUBLE: 6, LIST: 7, CLASS: 8, PASSWORD: 9 } as const
export type TypeName = keyof typeof typeCode

export interface ExplainedSynonym {
  name: string
  value: string | null
  source: SourceName
}

/** One config of a resource with everything that DescribeConfigs may tell. */
export interface ExplainedConfig {
  name: string
  value: string | null
  type: TypeName
  source: SourceName
  readOnly: boolean
  sensitive: boolean
  synonyms: ExplainedSynonym[]
  documentation: string
}

/** A resource cannot be described or altered: the answer carries the code and the reason, other resources go on. */
export class ResourceRefusal extends Error {
  override name = 'ResourceRefusal'
  readonly code: number

  constructor(code: number, message: string) {
    super(message)
    this.code = code
  }
}
