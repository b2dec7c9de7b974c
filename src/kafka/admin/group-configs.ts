// Configs of one group as Kafka's GROUP resource: what overrides the broker's group.* settings for it. Kept by the engine; the group coordinator asks groupConfig().
import { errorCode } from '../../../protocol/error-code.ts'
import { isSettingName, type SettingName, type Settings } from '../../config.ts'
import { configSourceOf } from '../../engine/broker-defaults.ts'
import { boolean, canonicalText, int, list, oneOf, string, type ValueRule } from '../../engine/config-values.ts'
import { type ExplainedConfig, ResourceRefusal, type SourceName } from './resource.ts'

interface GroupConfigEntry {
  readonly rule: ValueRule
  /** The setting that gives the default; some keys have one in Kafka that exists only as the key's own name. */
  readonly synonym: string
  readonly default: string
  /** Settings that bound the value. */
  readonly min?: SettingName
  readonly max?: SettingName
  readonly meaning: string
}

const bounded = (kind: 'consumer' | 'share' | 'streams', what: string, initial: string, least: number, meaning: string): GroupConfigEntry => ({
  rule: int(least),
  synonym: `group.${kind}.${what}`,
  default: initial,
  min: `group.${kind}.min.${what}` as SettingName,
  max: `group.${kind}.max.${what}` as SettingName,
  meaning,
})

const offsetReset: ValueRule = {
  type: 'STRING',
  allowed: 'earliest, latest, by_duration:PnDTnHnMn.nS',
  check: (name, text) =>
    /^(earliest|latest|by_duration:[pP](?=.)(\d+[dD])?([tT](?=.)(\d+[hH])?(\d+[mM])?(\d+(\.\d+)?[sS])?)?)$/.test(text.trim())
      ? null
      : `Invalid value ${text} for configuration ${name}: Invalid value \`${text.trim()}\` for configuration ${name}. The value must be either 'earliest', 'latest' or of the format 'by_duration:<PnDTnHnMn.nS>'.`,
}

const deadLetterTopic: ValueRule = {
  ...string,
  check: (name, text) => (text.trim().startsWith('__') ? `${name}: DLQ topic name must not start with '__'` : null),
}

/** There is one. */
const taskAssignor: ValueRule = {
  ...string,
  check: (name, text) =>
    text.trim() === 'sticky' ? null : `${name} '${text.trim()}' is not a registered task assignor. Registered assignors are: [sticky].`,
}

const tagList = list('any', () => null)
const clientTags: ValueRule = {
  ...tagList,
  check(name, text) {
    const tags = text.split(',').map((tag) => tag.trim())
    return new Set(tags).size === tags.length ? tagList.check(name, text) : `${name} must not contain duplicate tag keys.`
  },
}

const session = 'How long a member may be silent before it is taken for dead.'
const heartbeat = 'How often a member is told to heartbeat.'
const assignment = 'The least time between two assignments of the group.'

export const groupConfigTable = {
  'consumer.assignment.interval.ms': bounded('consumer', 'assignment.interval.ms', '1000', 0, assignment),
  'consumer.heartbeat.interval.ms': bounded('consumer', 'heartbeat.interval.ms', '5000', 1, heartbeat),
  'consumer.session.timeout.ms': bounded('consumer', 'session.timeout.ms', '45000', 1, session),
  'errors.deadletterqueue.copy.record.enable': {
    rule: boolean,
    synonym: 'errors.deadletterqueue.copy.record.enable',
    default: 'false',
    meaning: 'Whether a record’s own bytes go to the dead letter queue, or only headers that say where it is.',
  },
  'errors.deadletterqueue.topic.name': {
    rule: deadLetterTopic,
    synonym: 'errors.deadletterqueue.topic.name',
    default: '',
    meaning: 'The topic that takes records which a share group gave up on; empty for none.',
  },
  'share.assignment.interval.ms': bounded('share', 'assignment.interval.ms', '1000', 0, assignment),
  'share.auto.offset.reset': {
    rule: offsetReset,
    synonym: 'share.auto.offset.reset',
    default: 'latest',
    meaning: 'Where a share group begins on a partition: earliest, latest, or a time back from now.',
  },
  'share.delivery.count.limit': bounded('share', 'delivery.count.limit', '5', 2, 'How often a record is delivered before the group gives it up.'),
  'share.heartbeat.interval.ms': bounded('share', 'heartbeat.interval.ms', '5000', 1, heartbeat),
  'share.isolation.level': {
    rule: oneOf('read_committed', 'read_uncommitted'),
    synonym: 'share.isolation.level',
    default: 'read_uncommitted',
    meaning: 'Whether a share group sees records of open and aborted transactions.',
  },
  'share.partition.max.record.locks': bounded(
    'share',
    'partition.max.record.locks',
    '2000',
    100,
    'Records of one partition that may be out for delivery.',
  ),
  'share.record.lock.duration.ms': bounded(
    'share',
    'record.lock.duration.ms',
    '30000',
    1000,
    'How long a delivered record is held for its consumer.',
  ),
  'share.renew.acknowledge.enable': {
    rule: boolean,
    synonym: 'share.renew.acknowledge.enable',
    default: 'true',
    meaning: 'Whether a consumer may ask for more time with a record.',
  },
  'share.session.timeout.ms': bounded('share', 'session.timeout.ms', '45000', 1, session),
  'streams.assignment.interval.ms': bounded('streams', 'assignment.interval.ms', '1000', 0, assignment),
  'streams.assignor.name': {
    rule: taskAssignor,
    synonym: 'group.streams.assignors',
    default: 'sticky',
    meaning: 'The assignor of tasks, one of the broker’s group.streams.assignors.',
  },
  'streams.heartbeat.interval.ms': bounded('streams', 'heartbeat.interval.ms', '5000', 1, heartbeat),
  'streams.initial.rebalance.delay.ms': {
    rule: int(0),
    synonym: 'group.streams.initial.rebalance.delay.ms',
    default: '3000',
    meaning: 'How long a new streams group waits for more members before its first assignment.',
  },
  'streams.num.standby.replicas': {
    rule: int(0),
    synonym: 'group.streams.num.standby.replicas',
    default: '0',
    max: 'group.streams.max.standby.replicas',
    meaning: 'Standby copies of each stateful task.',
  },
  'streams.rack.aware.assignment.tags': {
    rule: clientTags,
    synonym: 'group.streams.rack.aware.assignment.tags',
    default: '',
    meaning: 'Client tags that members must have; one that lacks a tag is told so.',
  },
  'streams.session.timeout.ms': bounded('streams', 'session.timeout.ms', '45000', 1, session),
} as const satisfies Record<string, GroupConfigEntry>

export type GroupConfigName = keyof typeof groupConfigTable
const names = Object.keys(groupConfigTable) as GroupConfigName[]
export const isGroupConfigName = (name: string): name is GroupConfigName => Object.hasOwn(groupConfigTable, name)

/** Every config of a group; of one that does not exist too, as Kafka does. */
export function explainGroup(set: ReadonlyMap<string, string>, settings: Settings): ExplainedConfig[] {
  return names.map((name) => {
    const entry: GroupConfigEntry = groupConfigTable[name]
    const broker = brokerValues(entry, settings)
    const own = set.get(name)
    const synonyms = broker.map(({ text, source }) => ({ name: entry.synonym, value: text, source }))
    const facts = { name, type: entry.rule.type, readOnly: false, sensitive: false, documentation: entry.meaning }
    if (own === undefined) return { ...facts, value: broker[0]?.text ?? entry.default, source: broker[0]?.source ?? 'default', synonyms }
    const value = canonicalText(entry.rule, own)
    return { ...facts, value, source: 'group', synonyms: [{ name, value, source: 'group' }, ...synonyms] }
  })
}

function brokerValues({ synonym, default: fallback }: GroupConfigEntry, settings: Settings): { text: string; source: SourceName }[] {
  if (!isSettingName(synonym)) return [{ text: fallback, source: 'default' }]
  return settings.candidates(synonym).flatMap(({ text, source }) => (text === null ? [] : [{ text, source: configSourceOf[source] }]))
}

/** The value that acts on a group: its own, else the broker's. */
export function groupConfig(name: GroupConfigName, set: ReadonlyMap<string, string>, settings: Settings): string {
  const entry: GroupConfigEntry = groupConfigTable[name]
  const own = set.get(name)
  return own === undefined ? (brokerValues(entry, settings)[0]?.text ?? entry.default) : canonicalText(entry.rule, own)
}

/** Refuses what no group can have, in Kafka's words. */
export function checkGroupConfigs(configs: ReadonlyMap<string, string>, settings: Settings): void {
  for (const [name, text] of configs) {
    if (!isGroupConfigName(name)) throw new ResourceRefusal(errorCode.INVALID_CONFIG, `Unknown group config name: ${name}`)
    const entry: GroupConfigEntry = groupConfigTable[name]
    const refusal = entry.rule.check(name, text)
    if (refusal !== null) throw new ResourceRefusal(errorCode.INVALID_CONFIG, refusal)
    const min = settingNumber(entry.min, settings) ?? Number.NEGATIVE_INFINITY
    const max = settingNumber(entry.max, settings) ?? Number.POSITIVE_INFINITY
    if (Number(text) >= min && Number(text) <= max) continue
    if (entry.min !== undefined || entry.max !== undefined) throw new ResourceRefusal(errorCode.INVALID_CONFIG, outside(name, min, max))
  }
  const ofGroup = (name: GroupConfigName): number => Number(groupConfig(name, configs, settings))
  for (const kind of ['consumer', 'share', 'streams'] as const) {
    if (ofGroup(`${kind}.heartbeat.interval.ms`) < ofGroup(`${kind}.session.timeout.ms`)) continue
    const reason = `${kind}.session.timeout.ms must be greater than ${kind}.heartbeat.interval.ms`
    throw new ResourceRefusal(errorCode.INVALID_CONFIG, reason)
  }
}

function settingNumber(name: SettingName | undefined, settings: Settings): number | null {
  if (name === undefined || !isSettingName(name)) return null
  const text = settings.text(name)
  return text === null ? null : Number(text)
}

function outside(name: string, min: number, max: number): string {
  if (min === Number.NEGATIVE_INFINITY) return `${name} must be less than or equal to ${max}`
  if (max === Number.POSITIVE_INFINITY) return `${name} must be greater than or equal to ${min}`
  return `${name} must be in the range ${min} to ${max} inclusive.`
}
