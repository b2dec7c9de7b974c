// A topic's configs as a config resource. What they mean is the engine's.

import type { BrokerDefaults, ExplainedTopicConfig } from '../../engine/topic-configs.ts'
import { topicConfigExplainer } from '../../engine/topic-configs.ts'
import type { ExplainedConfig } from './resource.ts'

/** Every config of a topic with these overrides, by name. */
export type TopicExplainer = (overrides: ReadonlyMap<string, string>) => readonly ExplainedConfig[]

/** Sets of overrides whose configs are kept while one request is answered. */
const knownMax = 100

/** For the topics of one request: those with equal overrides, which most have, get the same array. */
export function topicExplainer(defaults: BrokerDefaults): TopicExplainer {
  const explain = topicConfigExplainer(defaults)
  const known = new Map<string, readonly ExplainedConfig[]>()
  return (overrides) => {
    const key = JSON.stringify([...overrides])
    const before = known.get(key)
    if (before) return before
    const configs = explain(overrides).map(asResource)
    if (known.size < knownMax) known.set(key, configs)
    return configs
  }
}

function asResource({ name, value, source, synonyms, entry }: ExplainedTopicConfig): ExplainedConfig {
  return {
    name,
    value,
    type: entry.rule.type,
    source,
    readOnly: false,
    sensitive: false,
    synonyms: synonyms.map((synonym) => ({ ...synonym })),
    documentation: entry.meaning,
  }
}
