// Topic configs: what a topic's overrides and the broker's settings come to, whether a change may be made, and where each value comes from.
// The table of names, types and meanings is topic-config-table.ts. Stores nothing; topics.ts does.
import { canonicalText, listItems } from './config-values.ts'
import type { TopicConfigEntry, TopicConfigName } from './topic-config-table.ts'
import { topicConfigEntry, topicConfigNames, topicConfigTable } from './topic-config-table.ts'

export type { TopicConfigEntry, TopicConfigName } from './topic-config-table.ts'
export { topicConfigEntry, topicConfigNames } from './topic-config-table.ts'

/** Where a value of DescribeConfigs comes from, nearest first. */
export type ConfigSource = 'topic' | 'dynamic-broker' | 'dynamic-default-broker' | 'static-broker' | 'default'

/** What topic configs ask of the broker's settings. src/config.ts's Settings is one. */
export interface BrokerDefaults {
  /** Every place that gives the setting a value, nearest first (the default last); empty for a setting that is not known or has no value. */
  sources(name: string): readonly { readonly text: string; readonly source: Exclude<ConfigSource, 'topic'> }[]
}

export type CompressionType = 'producer' | 'uncompressed' | 'gzip' | 'snappy' | 'lz4' | 'zstd'

/** The configs of one topic as typed values, those that act. Times in milliseconds, sizes in bytes. */
export interface ActingConfig {
  readonly cleanupPolicy: { readonly compact: boolean; readonly delete: boolean }
  /** -1: without end. Acts only where cleanupPolicy.delete. */
  readonly retentionMs: number
  /** Per partition; -1: without limit (every negative value is read as -1). Acts only where cleanupPolicy.delete. */
  readonly retentionBytes: number
  readonly segmentBytes: number
  readonly segmentMs: number
  /** The largest stored batch that may be appended. */
  readonly maxMessageBytes: number
  readonly maxDecompressedMessageBytes: number
  readonly timestampType: 'CreateTime' | 'LogAppendTime'
  readonly timestampBeforeMaxMs: number
  readonly timestampAfterMaxMs: number
  readonly compressionType: CompressionType
  /** -1: the codec's own choice. */
  readonly gzipLevel: number
  readonly lz4Level: number
  readonly zstdLevel: number
  readonly deleteRetentionMs: number
  readonly minCompactionLagMs: number
  readonly maxCompactionLagMs: number
  readonly minCleanableDirtyRatio: number
  readonly minInsyncReplicas: number
  readonly deadLetterQueueEnabled: boolean
}

/** One config as DescribeConfigs tells it. */
export interface ExplainedTopicConfig {
  readonly name: TopicConfigName
  readonly value: string
  readonly source: ConfigSource
  /** Every place that gives a value, under the name it has there, nearest first. */
  readonly synonyms: readonly { readonly name: string; readonly value: string; readonly source: ConfigSource }[]
  readonly entry: TopicConfigEntry
}

/** Why `text` cannot be the value of the topic config `name`, in Kafka's words; null where it can. */
export function validateTopicConfig(name: string, text: string): string | null {
  const entry = topicConfigEntry(name)
  return entry ? entry.rule.check(name, text) : `Unknown topic config name: ${name}`
}

/** Why a topic cannot have these overrides together; null where it can. Unknown names are told before bad values, as Kafka does. */
export function validateTopicConfigs(overrides: ReadonlyMap<string, string>, defaults: BrokerDefaults): string | null {
  for (const name of overrides.keys()) if (!topicConfigEntry(name)) return `Unknown topic config name: ${name}`
  for (const [name, text] of overrides) {
    const refusal = validateTopicConfig(name, text)
    if (refusal !== null) return refusal
  }
  const value = (name: TopicConfigName): string => effective(name, overrides, defaults).value
  const [minLagMs, maxLagMs] = [value('min.compaction.lag.ms'), value('max.compaction.lag.ms')]
  if (BigInt(minLagMs) > BigInt(maxLagMs)) {
    return `conflict topic config setting min.compaction.lag.ms (${minLagMs}) > max.compaction.lag.ms (${maxLagMs})`
  }
  if (value('remote.storage.enable') === 'true') {
    return 'Tiered Storage functionality is disabled in the broker. Topic cannot be configured with remote log storage.'
  }
  return null
}

/** The overrides in the text that Kafka stores and shows: `validateTopicConfigs` must have found them good. */
export function canonicalOverrides(overrides: ReadonlyMap<string, string>): Map<string, string> {
  return new Map([...overrides].map(([name, text]) => [name, canonical(name, text)]))
}

function canonical(name: string, text: string): string {
  const entry = topicConfigEntry(name)
  return entry ? canonicalText(entry.rule, text) : text
}

/** The value of a config, where it comes from and what would give it otherwise. */
function effective(name: TopicConfigName, overrides: ReadonlyMap<string, string>, defaults: BrokerDefaults): ExplainedTopicConfig {
  return overridden(inherited(name, defaults), overrides)
}

function overridden(config: ExplainedTopicConfig, overrides: ReadonlyMap<string, string>): ExplainedTopicConfig {
  const { name, entry, synonyms } = config
  const own = overrides.get(name)
  if (own === undefined) return config
  const value = canonicalText(entry.rule, own)
  return { name, value, source: 'topic', synonyms: [{ name, value, source: 'topic' }, ...synonyms], entry }
}

/** What the config is where the topic does not override it. */
function inherited(name: TopicConfigName, defaults: BrokerDefaults): ExplainedTopicConfig {
  const entry: TopicConfigEntry = topicConfigTable[name]
  const found = synonymValues(entry, defaults)
  // As Kafka: where nobody set any of the names, those before the first of them are not told (retention.ms has no synonyms then).
  const told = found.every(({ source }) => source === 'default') ? found.filter(({ name: synonym }) => synonym === entry.synonyms[0]) : found
  const synonyms = told.map(({ name: synonym, text, source }) => ({ name: synonym.name, value: text, source }))
  const nearest = found[0]
  if (nearest === undefined) return { name, value: entry.default, source: 'default', synonyms, entry }
  return { name, value: scaled(entry, nearest.text, nearest.name.factor), source: nearest.source, synonyms, entry }
}

/** What the broker's settings say, nearest first: a value that someone set for any of the names goes before any default. */
function synonymValues({ synonyms, default: fallback }: TopicConfigEntry, defaults: BrokerDefaults) {
  const all = synonyms.flatMap((name) => defaults.sources(name.name).map(({ text, source }) => ({ name, text, source })))
  const [only] = synonyms
  // A setting that this broker has no use for: Kafka has it all the same, at the topic config's own default.
  if (all.length === 0 && only && synonyms.length === 1) all.push({ name: only, text: fallback, source: 'default' })
  const rank: readonly ConfigSource[] = ['topic', 'dynamic-broker', 'dynamic-default-broker', 'static-broker', 'default']
  return all.map((one, order) => ({ ...one, order })).sort((a, b) => rank.indexOf(a.source) - rank.indexOf(b.source) || a.order - b.order)
}

/** A setting's text in the topic config's unit. Negative times mean "for ever" in every unit. */
function scaled(entry: TopicConfigEntry, text: string, factor: number): string {
  if (factor === 1 || text.trim().startsWith('-')) return canonicalText(entry.rule, text)
  return (BigInt(text.trim()) * BigInt(factor)).toString()
}

/** One config of a topic for DescribeConfigs. */
export function explainTopicConfig(name: TopicConfigName, overrides: ReadonlyMap<string, string>, defaults: BrokerDefaults): ExplainedTopicConfig {
  return effective(name, overrides, defaults)
}

/** All configs of a topic for DescribeConfigs and CreateTopics, by name; for many topics at one moment. */
export function topicConfigExplainer(defaults: BrokerDefaults): (overrides: ReadonlyMap<string, string>) => ExplainedTopicConfig[] {
  const plain = topicConfigNames.map((name) => inherited(name, defaults))
  return (overrides) => plain.map((config) => overridden(config, overrides))
}

/** The values that act on a topic with these overrides. Long.MAX_VALUE becomes the nearest number above it: compare, do not print. */
export function resolveTopicConfig(overrides: ReadonlyMap<string, string>, defaults: BrokerDefaults): ActingConfig {
  const text = (name: TopicConfigName): string => effective(name, overrides, defaults).value
  const number = (name: TopicConfigName): number => Number(text(name))
  const policies = listItems(text('cleanup.policy'))
  const internalSegmentBytes = overrides.get('internal.segment.bytes')
  return {
    cleanupPolicy: { compact: policies.includes('compact'), delete: policies.includes('delete') },
    retentionMs: number('retention.ms'),
    retentionBytes: Math.max(-1, number('retention.bytes')),
    segmentBytes: internalSegmentBytes === undefined ? number('segment.bytes') : Math.max(1, Number(internalSegmentBytes)),
    // As Kafka: the active segment is not compacted, so it must not outlive the lag that is allowed.
    segmentMs: policies.includes('compact') ? Math.min(number('segment.ms'), number('max.compaction.lag.ms')) : number('segment.ms'),
    maxMessageBytes: number('max.message.bytes'),
    maxDecompressedMessageBytes: number('max.decompressed.message.bytes'),
    timestampType: text('message.timestamp.type') as ActingConfig['timestampType'],
    timestampBeforeMaxMs: number('message.timestamp.before.max.ms'),
    timestampAfterMaxMs: number('message.timestamp.after.max.ms'),
    compressionType: text('compression.type') as CompressionType,
    gzipLevel: number('compression.gzip.level'),
    lz4Level: number('compression.lz4.level'),
    zstdLevel: number('compression.zstd.level'),
    deleteRetentionMs: number('delete.retention.ms'),
    minCompactionLagMs: number('min.compaction.lag.ms'),
    maxCompactionLagMs: number('max.compaction.lag.ms'),
    minCleanableDirtyRatio: number('min.cleanable.dirty.ratio'),
    minInsyncReplicas: number('min.insync.replicas'),
    deadLetterQueueEnabled: text('errors.deadletterqueue.group.enable') === 'true',
  }
}

/** The same for many topics at one moment: those with equal overrides, which most have, share one answer. */
export function topicConfigResolver(defaults: BrokerDefaults): (overrides: ReadonlyMap<string, string>) => ActingConfig {
  const known = new Map<string, ActingConfig>()
  return (overrides) => {
    const key = JSON.stringify([...overrides])
    let config = known.get(key)
    if (!config) known.set(key, (config = resolveTopicConfig(overrides, defaults)))
    return config
  }
}
