// A topic's configs as a config resource. What they mean is the engine's.

import type { BrokerDefaults } from '../../engine/topic-configs.ts'
import { explainTopicConfigs } from '../../engine/topic-configs.ts'
import type { ExplainedConfig } from './resource.ts'

/** Every config of a topic with these overrides, by name. */
export function explainTopic(overrides: ReadonlyMap<string, string>, defaults: BrokerDefaults): ExplainedConfig[] {
  return explainTopicConfigs(overrides, defaults).map(({ name, value, source, synonyms, entry }) => ({
    name,
    value,
    type: entry.rule.type,
    source,
    readOnly: false,
    sensitive: false,
    synonyms: synonyms.map((synonym) => ({ ...synonym })),
    documentation: entry.meaning,
  }))
}
