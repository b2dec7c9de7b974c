// Every config that a topic of Kafka 4.4 has: name, type and range, default, the broker settings that move the default, and what it does here.
// Resolving and validating whole sets is topic-configs.ts's.
import type { ValueRule } from './config-values.ts'
import { boolean, double, int, intOr, invalidValue, list, long, oneOf } from './config-values.ts'

/** A broker setting that gives a topic config its default; `factor` turns its unit into the topic config's. */
export interface Synonym {
  readonly name: string
  readonly factor: number
}

export interface TopicConfigEntry {
  readonly rule: ValueRule
  /** Kafka's default, in the text that DescribeConfigs shows. */
  readonly default: string
  /** In falling precedence, as Kafka reads log.retention.ms before .minutes before .hours. */
  readonly synonyms: readonly Synonym[]
  /** What it does, for DescribeConfigs and the README. */
  readonly meaning: string
  /** Accepted, but not listed by DescribeConfigs: Kafka has such keys for its own tests. */
  readonly internal?: true
}

const longMax = '9223372036854775807'
const same = (...names: string[]): Synonym[] => names.map((name) => ({ name, factor: 1 }))
const hourMs = 3_600_000

const replicaList = list("'*' or partition:broker pairs", (name, items) => {
  const good = (items.length === 1 && items[0] === '*') || items.every((item) => /^\d+:\d+$/.test(item))
  const why = `${name} must be the literal '*' or a list of replicas in the following format: [partitionId]:[brokerId],[partitionId]:[brokerId],...`
  return good ? null : invalidValue(name, `[${items.join(', ')}]`, why)
})

const cleanupPolicies = list('compact, delete', (name, items) => {
  if (items.includes('')) return `Configuration '${name}' values must not be empty.`
  const stranger = items.find((item) => item !== 'compact' && item !== 'delete')
  return stranger === undefined ? null : invalidValue(name, stranger, 'String must be one of: compact, delete')
})

const notTiered = 'Kept for tools that read and write it; there is no tiered storage here, so it has no effect.'
const fileDetail = 'Kept for tools that read and write it; the log is kept in LMDB, which has no such file, so it has no effect.'

export const topicConfigTable = {
  'cleanup.policy': {
    rule: cleanupPolicies,
    default: 'delete',
    synonyms: same('log.cleanup.policy'),
    meaning:
      'What happens to old records: "delete" drops whole segments by retention.ms and retention.bytes, "compact" keeps the last record of each key, and both can be listed together. An empty list keeps everything.',
  },
  'compression.gzip.level': {
    rule: intOr(-1, 1, 9),
    default: '-1',
    synonyms: same('compression.gzip.level'),
    meaning: 'The level at which the broker compresses where compression.type is gzip; -1 is the codec’s own choice.',
  },
  'compression.lz4.level': {
    rule: int(1, 17),
    default: '9',
    synonyms: same('compression.lz4.level'),
    meaning: 'The level at which the broker compresses where compression.type is lz4.',
  },
  'compression.type': {
    rule: oneOf('uncompressed', 'zstd', 'lz4', 'snappy', 'gzip', 'producer'),
    default: 'producer',
    synonyms: same('compression.type'),
    meaning:
      'The codec in which batches are stored. "producer" keeps what the producer sent; another codec makes the broker recompress each batch that differs.',
  },
  'compression.zstd.level': {
    rule: int(-131072, 22),
    default: '3',
    synonyms: same('compression.zstd.level'),
    meaning: 'The level at which the broker compresses where compression.type is zstd.',
  },
  'delete.retention.ms': {
    rule: long(0),
    default: '86400000',
    synonyms: same('log.cleaner.delete.retention.ms'),
    meaning:
      'How long a compacted topic keeps tombstones (records with a null value) after compaction has seen them, so that slow readers learn of the deletion.',
  },
  'errors.deadletterqueue.group.enable': {
    rule: boolean,
    default: 'false',
    synonyms: [],
    meaning: 'Whether share groups may use this topic as their dead letter queue.',
  },
  'file.delete.delay.ms': { rule: long(0), default: '60000', synonyms: same('log.segment.delete.delay.ms'), meaning: fileDetail },
  'flush.messages': {
    rule: long(1),
    default: longMax,
    synonyms: same('log.flush.interval.messages'),
    meaning: 'Kept for tools that read and write it; what is acknowledged has been synced already, unless the broker was started with --flush async.',
  },
  'flush.ms': {
    rule: long(0),
    default: longMax,
    synonyms: same('log.flush.interval.ms', 'log.flush.scheduler.interval.ms'),
    meaning: 'Kept for tools that read and write it; what is acknowledged has been synced already, unless the broker was started with --flush async.',
  },
  'follower.replication.throttled.replicas': {
    rule: replicaList,
    default: '',
    synonyms: [],
    meaning: 'Replicas whose catching up is throttled. One broker has no followers, so it has no effect.',
  },
  'index.interval.bytes': { rule: int(0), default: '4096', synonyms: same('log.index.interval.bytes'), meaning: fileDetail },
  'internal.segment.bytes': {
    rule: int(),
    default: '',
    synonyms: [],
    meaning: 'Stands in for segment.bytes without its lower bound; Kafka has it for tests.',
    internal: true,
  },
  'leader.replication.throttled.replicas': {
    rule: replicaList,
    default: '',
    synonyms: [],
    meaning: 'Replicas whose feeding is throttled. One broker has no followers, so it has no effect.',
  },
  'local.retention.bytes': { rule: long(-2), default: '-2', synonyms: same('log.local.retention.bytes'), meaning: notTiered },
  'local.retention.ms': { rule: long(-2), default: '-2', synonyms: same('log.local.retention.ms'), meaning: notTiered },
  'max.compaction.lag.ms': {
    rule: long(1),
    default: longMax,
    synonyms: same('log.cleaner.max.compaction.lag.ms'),
    meaning: 'The longest that a record of a compacted topic may wait for compaction, whatever the share of uncompacted bytes.',
  },
  'max.decompressed.message.bytes': {
    rule: int(1),
    default: '2147483639',
    synonyms: same('max.decompressed.message.bytes'),
    meaning: 'The most that one compressed batch may grow to when the broker opens it; a larger one is refused.',
  },
  'max.message.bytes': {
    rule: int(0),
    default: '1048588',
    synonyms: same('message.max.bytes'),
    meaning: 'The largest record batch (as stored, after compression) that a producer may append.',
  },
  'message.timestamp.after.max.ms': {
    rule: long(0),
    default: '3600000',
    synonyms: same('log.message.timestamp.after.max.ms'),
    meaning: 'How far ahead of the broker’s clock a record’s timestamp may be where message.timestamp.type is CreateTime.',
  },
  'message.timestamp.before.max.ms': {
    rule: long(0),
    default: longMax,
    synonyms: same('log.message.timestamp.before.max.ms'),
    meaning: 'How far behind the broker’s clock a record’s timestamp may be where message.timestamp.type is CreateTime.',
  },
  'message.timestamp.type': {
    rule: oneOf('CreateTime', 'LogAppendTime'),
    default: 'CreateTime',
    synonyms: same('log.message.timestamp.type'),
    meaning: 'Whether records keep the time that the producer gave them or get the time at which the broker appended them.',
  },
  'min.cleanable.dirty.ratio': {
    rule: double(0, 1),
    default: '0.5',
    synonyms: same('log.cleaner.min.cleanable.ratio'),
    meaning: 'The share of uncompacted bytes at which a partition of a compacted topic is compacted.',
  },
  'min.compaction.lag.ms': {
    rule: long(0),
    default: '0',
    synonyms: same('log.cleaner.min.compaction.lag.ms'),
    meaning: 'How long a record of a compacted topic is left alone before compaction may remove it.',
  },
  'min.insync.replicas': {
    rule: int(1),
    default: '1',
    synonyms: same('min.insync.replicas'),
    meaning: 'How many replicas must have a record before acks=all is answered. One broker has one replica: with more than 1, acks=all is refused.',
  },
  preallocate: { rule: boolean, default: 'false', synonyms: same('log.preallocate'), meaning: fileDetail },
  'remote.copy.lag.bytes': { rule: long(-1), default: '-1', synonyms: same('log.remote.copy.lag.bytes'), meaning: notTiered },
  'remote.copy.lag.ms': { rule: long(-1), default: '0', synonyms: same('log.remote.copy.lag.ms'), meaning: notTiered },
  'remote.log.copy.disable': { rule: boolean, default: 'false', synonyms: [], meaning: notTiered },
  'remote.log.delete.on.disable': { rule: boolean, default: 'false', synonyms: [], meaning: notTiered },
  'remote.storage.enable': {
    rule: boolean,
    default: 'false',
    synonyms: [],
    meaning: 'Tiered storage, which this broker does not have: only false is accepted.',
  },
  'retention.bytes': {
    rule: long(),
    default: '-1',
    synonyms: same('log.retention.bytes'),
    meaning: 'The size above which a partition’s oldest segments are dropped where cleanup.policy has "delete"; below zero there is no limit.',
  },
  'retention.ms': {
    rule: long(-1),
    default: '604800000',
    synonyms: [
      { name: 'log.retention.ms', factor: 1 },
      { name: 'log.retention.minutes', factor: 60_000 },
      { name: 'log.retention.hours', factor: hourMs },
    ],
    meaning:
      'The age at which segments are dropped where cleanup.policy has "delete"; -1 keeps them for ever. It is the RetentionPeriodHours of the stream of the same name.',
  },
  'segment.bytes': {
    rule: int(1_048_576),
    default: '1073741824',
    synonyms: same('log.segment.bytes'),
    meaning: 'The size at which a new segment starts. Retention and compaction work on whole segments, so it is their grain.',
  },
  'segment.index.bytes': { rule: int(4), default: '10485760', synonyms: same('log.index.size.max.bytes'), meaning: fileDetail },
  'segment.jitter.ms': {
    rule: long(0),
    default: '0',
    synonyms: [
      { name: 'log.roll.jitter.ms', factor: 1 },
      { name: 'log.roll.jitter.hours', factor: hourMs },
    ],
    meaning: 'Kept for tools that read and write it; segments cost nothing to start here, so their starts are not spread.',
  },
  'segment.ms': {
    rule: long(1),
    default: '604800000',
    synonyms: [
      { name: 'log.roll.ms', factor: 1 },
      { name: 'log.roll.hours', factor: hourMs },
    ],
    meaning: 'The age at which a new segment starts even when the last one is not full, so that retention and compaction can reach it.',
  },
  'unclean.leader.election.enable': {
    rule: boolean,
    default: 'false',
    synonyms: same('unclean.leader.election.enable'),
    meaning: 'Whether a replica that lags may become leader. One broker has no other replicas, so it has no effect.',
  },
} satisfies Record<string, TopicConfigEntry>

export type TopicConfigName = keyof typeof topicConfigTable

/** The entry of a topic config, or undefined for a name that no topic has. */
export function topicConfigEntry(name: string): TopicConfigEntry | undefined {
  return Object.hasOwn(topicConfigTable, name) ? topicConfigTable[name as TopicConfigName] : undefined
}

/** The names that DescribeConfigs lists, in alphabetical order. */
export const topicConfigNames: readonly TopicConfigName[] = (Object.keys(topicConfigTable) as TopicConfigName[])
  .filter((name) => !topicConfigEntry(name)?.internal)
  .sort()
