// Client metrics subscriptions (KIP-714) as config resources: which clients shall push which metrics, how often.
import { errorCode } from '../../../protocol/error-code.ts'
import { compileRegex, type Matcher } from '../../coordinators/group/consumer/regex.ts'
import { canonicalText, int, list, listItems, type ValueRule } from '../../engine/config-values.ts'
import { type ExplainedConfig, ResourceRefusal } from './resource.ts'

const intervalMsMin = 100
const intervalMsMax = 3_600_000
/** The words by which `match` may choose clients. */
const matchKeys = [
  'client_instance_id',
  'client_id',
  'client_software_name',
  'client_software_version',
  'client_source_address',
  'client_source_port',
] as const
export type MatchKey = (typeof matchKeys)[number]

const anyList = list('any', () => null)

interface Entry {
  rule: ValueRule
  default: string
  meaning: string
}

export const clientMetricsTable: Readonly<Record<'interval.ms' | 'match' | 'metrics', Entry>> = {
  'interval.ms': { rule: int(), default: '300000', meaning: 'How often a matching client pushes its metrics, in milliseconds.' },
  match: {
    rule: anyList,
    default: '',
    meaning: `Which clients: key=pattern pairs that must all fit, the keys being ${matchKeys.join(', ')}; empty for every client.`,
  },
  metrics: { rule: anyList, default: '', meaning: 'Prefixes of the metric names to push; empty for none, "*" for all.' },
}
const names = Object.keys(clientMetricsTable) as (keyof typeof clientMetricsTable)[]

export const isClientMetricsName = (name: string): name is keyof typeof clientMetricsTable => Object.hasOwn(clientMetricsTable, name)

/** A subscription's configs; one that nobody set up shows the defaults, as Kafka's does. */
export function explainClientMetrics(set: ReadonlyMap<string, string>): ExplainedConfig[] {
  return names.map((name) => {
    const { rule, meaning, default: fallback } = clientMetricsTable[name]
    const text = set.get(name)
    const value = text === undefined ? fallback : canonicalText(rule, text)
    const source = text === undefined ? 'default' : 'client-metrics'
    const synonyms = text === undefined ? [] : [{ name, value, source: 'client-metrics' as const }]
    return { name, value, type: rule.type, source, readOnly: false, sensitive: false, synonyms, documentation: meaning }
  })
}

/** Refuses what no subscription can have, in Kafka's words. `loadRegexes` comes first. */
export function checkClientMetrics(configs: ReadonlyMap<string, string>): void {
  for (const [name, text] of configs) {
    if (!isClientMetricsName(name)) throw new ResourceRefusal(errorCode.INVALID_REQUEST, `Unknown client metrics configuration: ${name}`)
    const refusal = clientMetricsTable[name].rule.check(name, text)
    if (refusal !== null) throw new ResourceRefusal(errorCode.INVALID_CONFIG, refusal)
    if (name === 'interval.ms' && (Number(text) < intervalMsMin || Number(text) > intervalMsMax)) {
      const range = `interval must be between ${intervalMsMin} and ${intervalMsMax} (1 hour)`
      throw new ResourceRefusal(errorCode.INVALID_REQUEST, `Invalid value ${text.trim()} for interval.ms, ${range}`)
    }
    if (name === 'match') parseMatch(text)
  }
}

/**
 * The patterns of a subscription's `match`, for an engine that is loaded (`loadRegexes`). A client must fit them all, each as a whole. They meet names that clients give
 * themselves, so they are matched in linear time: RE2's syntax, where Kafka has Java's with its look-around and back-references.
 */
export function parseMatch(text: string): Map<MatchKey, Matcher> {
  const patterns = new Map<MatchKey, Matcher>()
  for (const item of listItems(text)) {
    const equals = item.indexOf('=')
    const key = item.slice(0, Math.max(0, equals)).trim() as MatchKey
    if (equals < 0 || !matchKeys.includes(key)) throw new ResourceRefusal(errorCode.INVALID_CONFIG, `Illegal client matching pattern: ${item}`)
    const { matches } = compileRegex(item.slice(equals + 1).trim())
    if (!matches) throw new ResourceRefusal(errorCode.INVALID_CONFIG, `Illegal client matching pattern: ${item}`)
    patterns.set(key, matches)
  }
  return patterns
}
