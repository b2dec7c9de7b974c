// Topic configs: ranges and messages as a real Kafka 4.4 gave them, precedence of sources, and what resolves.
import { describe, expect, test } from 'vitest'
import { Settings } from '../../src/config.ts'
import { brokerDefaults } from '../../src/engine/broker-defaults.ts'
import {
  canonicalOverrides,
  explainTopicConfig,
  resolveTopicConfig,
  topicConfigExplainer,
  topicConfigNames,
  validateTopicConfig,
  validateTopicConfigs,
} from '../../src/engine/topic-configs.ts'

const kafkaDefaults = brokerDefaults(Settings.of({}))
const overrides = (of: Record<string, string>) => new Map(Object.entries(of))

describe('validation speaks Kafka’s words', () => {
  test.each([
    ['foo.bar', '1', 'Unknown topic config name: foo.bar'],
    ['toString', '1', 'Unknown topic config name: toString'],
    ['message.downconversion.enable', 'true', 'Unknown topic config name: message.downconversion.enable'],
    ['retention.ms', '-2', 'Invalid value -2 for configuration retention.ms: Value must be at least -1'],
    ['retention.ms', 'abc', 'Invalid value abc for configuration retention.ms: Not a number of type LONG'],
    ['retention.ms', '', 'Invalid value  for configuration retention.ms: Not a number of type LONG'],
    ['retention.ms', '1e3', 'Invalid value 1e3 for configuration retention.ms: Not a number of type LONG'],
    ['retention.ms', '9223372036854775808', 'Invalid value 9223372036854775808 for configuration retention.ms: Not a number of type LONG'],
    ['segment.bytes', '1048575', 'Invalid value 1048575 for configuration segment.bytes: Value must be at least 1048576'],
    ['segment.bytes', '99999999999', 'Invalid value 99999999999 for configuration segment.bytes: Not a number of type INT'],
    ['cleanup.policy', 'foo', 'Invalid value foo for configuration cleanup.policy: String must be one of: compact, delete'],
    ['cleanup.policy', ',', "Configuration 'cleanup.policy' values must not be empty."],
    ['min.cleanable.dirty.ratio', '1.5', 'Invalid value 1.5 for configuration min.cleanable.dirty.ratio: Value must be no more than 1'],
    ['min.cleanable.dirty.ratio', '-1', 'Invalid value -1.0 for configuration min.cleanable.dirty.ratio: Value must be at least 0'],
    ['min.cleanable.dirty.ratio', 'x', 'Invalid value x for configuration min.cleanable.dirty.ratio: Not a number of type DOUBLE'],
    ['preallocate', 'yes', 'Invalid value yes for configuration preallocate: Expected value to be either true or false'],
    ['compression.gzip.level', '0', 'Invalid value 0 for configuration compression.gzip.level: Value must be between 1 and 9 or equal to -1'],
    ['compression.zstd.level', '23', 'Invalid value 23 for configuration compression.zstd.level: Value must be no more than 22'],
    [
      'compression.type',
      'GZIP',
      'Invalid value GZIP for configuration compression.type: String must be one of: uncompressed, zstd, lz4, snappy, gzip, producer',
    ],
    [
      'leader.replication.throttled.replicas',
      '*,*',
      "Invalid value [*, *] for configuration leader.replication.throttled.replicas: leader.replication.throttled.replicas must be the literal '*' or a list of replicas in the following format: [partitionId]:[brokerId],[partitionId]:[brokerId],...",
    ],
  ])('%s=%s', (name, text, message) => {
    expect(validateTopicConfig(name, text)).toBe(message)
  })

  test.each([
    ['retention.ms', '-1'],
    ['retention.ms', ' 5 '],
    ['retention.bytes', '-5'],
    ['cleanup.policy', ''],
    ['cleanup.policy', 'compact , delete'],
    ['cleanup.policy', 'delete,delete'],
    ['unclean.leader.election.enable', 'TRUE'],
    ['leader.replication.throttled.replicas', '0:1,1:1'],
    ['internal.segment.bytes', '100'],
  ])('%s=%s is good', (name, text) => {
    expect(validateTopicConfig(name, text)).toBeNull()
  })

  test('values that contradict each other are refused together, also against the broker’s defaults', () => {
    const text = 'conflict topic config setting min.compaction.lag.ms (10) > max.compaction.lag.ms (5)'
    expect(validateTopicConfigs(overrides({ 'min.compaction.lag.ms': '10', 'max.compaction.lag.ms': '5' }), kafkaDefaults)).toBe(text)
    const strict = brokerDefaults(Settings.of({ 'log.cleaner.max.compaction.lag.ms': 5 }))
    expect(validateTopicConfigs(overrides({ 'min.compaction.lag.ms': '10' }), strict)).toBe(text)
  })

  test('an unknown name is told before a bad value, and tiered storage is refused', () => {
    expect(validateTopicConfigs(overrides({ 'retention.ms': '-5', foo: '1' }), kafkaDefaults)).toBe('Unknown topic config name: foo')
    expect(validateTopicConfigs(overrides({ 'remote.storage.enable': 'true' }), kafkaDefaults)).toMatch(/^Tiered Storage functionality is disabled/)
  })
})

describe('where a value comes from', () => {
  test('a topic without overrides has Kafka’s defaults', () => {
    const config = resolveTopicConfig(new Map(), kafkaDefaults)
    expect(config).toMatchObject({
      cleanupPolicy: { compact: false, delete: true },
      retentionMs: 604_800_000,
      retentionBytes: -1,
      segmentBytes: 1_073_741_824,
      segmentMs: 604_800_000,
      maxMessageBytes: 1_048_588,
      timestampType: 'CreateTime',
      compressionType: 'producer',
      timestampBeforeMaxMs: 2 ** 63,
      timestampAfterMaxMs: 3_600_000,
      minInsyncReplicas: 1,
    })
    expect(topicConfigExplainer(kafkaDefaults)(new Map()).every(({ source }) => source === 'default')).toBe(true)
  })

  test('the nearest unit that someone set wins, and a topic’s own value wins over it', () => {
    const hours = brokerDefaults(Settings.of({ 'log.retention.hours': 2 }))
    expect(resolveTopicConfig(new Map(), hours).retentionMs).toBe(7_200_000)
    const both = brokerDefaults(Settings.of({ 'log.retention.hours': 2, 'log.retention.minutes': 3 }))
    expect(explainTopicConfig('retention.ms', new Map(), both)).toMatchObject({ value: '180000', source: 'static-broker' })
    const forever = brokerDefaults(Settings.of({ 'log.retention.ms': -1 }))
    expect(resolveTopicConfig(new Map(), forever).retentionMs).toBe(-1)
    expect(explainTopicConfig('retention.ms', overrides({ 'retention.ms': '77' }), both)).toMatchObject({
      value: '77',
      source: 'topic',
      synonyms: [
        { name: 'retention.ms', value: '77', source: 'topic' },
        { name: 'log.retention.minutes', value: '3', source: 'static-broker' },
        { name: 'log.retention.hours', value: '2', source: 'static-broker' },
        { name: 'log.retention.hours', value: '168', source: 'default' },
      ],
    })
  })

  test('a change while the broker runs wins over what it was started with', () => {
    const settings = Settings.of({ 'message.max.bytes': 2000 })
    settings.set('message.max.bytes', '3000', 'dynamic-default')
    settings.set('message.max.bytes', '4000', 'dynamic')
    const told = explainTopicConfig('max.message.bytes', new Map(), brokerDefaults(settings))
    expect(told.value).toBe('4000')
    expect(told.synonyms.map(({ value, source }) => `${source} ${value}`)).toEqual([
      'dynamic-broker 4000',
      'dynamic-default-broker 3000',
      'static-broker 2000',
      'default 1048588',
    ])
  })

  test('as Kafka, retention.ms names no synonyms while all are defaults, cleanup.policy names one', () => {
    expect(explainTopicConfig('retention.ms', new Map(), kafkaDefaults).synonyms).toEqual([])
    expect(explainTopicConfig('cleanup.policy', new Map(), kafkaDefaults).synonyms).toEqual([
      { name: 'log.cleanup.policy', value: 'delete', source: 'default' },
    ])
  })

  test('overrides act as typed values and show in their plain form', () => {
    const own = overrides({
      'cleanup.policy': 'compact , delete',
      'retention.ms': ' +5 ',
      preallocate: 'FALSE',
      'min.cleanable.dirty.ratio': '1',
      'retention.bytes': '-7',
    })
    const config = resolveTopicConfig(own, kafkaDefaults)
    expect(config).toMatchObject({ cleanupPolicy: { compact: true, delete: true }, retentionMs: 5, retentionBytes: -1, minCleanableDirtyRatio: 1 })
    expect(Object.fromEntries(canonicalOverrides(own))).toMatchObject({
      'cleanup.policy': 'compact,delete',
      'retention.ms': '5',
      preallocate: 'false',
      'min.cleanable.dirty.ratio': '1.0',
    })
    expect(resolveTopicConfig(overrides({ 'cleanup.policy': '' }), kafkaDefaults).cleanupPolicy).toEqual({ compact: false, delete: false })
    expect(resolveTopicConfig(overrides({ 'internal.segment.bytes': '100' }), kafkaDefaults).segmentBytes).toBe(100)
  })
})

test('the list is Kafka 4.4’s, without the keys that Kafka keeps to itself', () => {
  expect(topicConfigNames).toHaveLength(37)
  expect(topicConfigNames).not.toContain('internal.segment.bytes')
  expect(topicConfigNames).toContain('max.decompressed.message.bytes')
  expect([...topicConfigNames].sort()).toEqual(topicConfigNames)
})
