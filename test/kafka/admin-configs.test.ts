// Configs over the wire: DescribeConfigs, IncrementalAlterConfigs, AlterConfigs, for every kind of resource that has configs.
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { alterConfigs } from '../../protocol/messages/alter-configs.ts'
import { createTopics } from '../../protocol/messages/create-topics.ts'
import { describeConfigs } from '../../protocol/messages/describe-configs.ts'
import { incrementalAlterConfigs } from '../../protocol/messages/incremental-alter-configs.ts'
import { type Broker, createBroker } from '../../src/broker.ts'
import { RawClient } from './raw-client.ts'

const [topic, brokers, loggers, clientMetrics, group] = [2, 4, 8, 16, 32]
const [set, remove, append, subtract] = [0, 1, 2, 3]

let broker: Broker
let client: RawClient

beforeAll(async () => {
  broker = await createBroker({ settings: { 'log.retention.hours': 2 } })
  client = await RawClient.connect(broker.kafka)
})
afterAll(async () => {
  client?.close()
  await broker?.close()
})
beforeEach(async () => {
  await broker.reset()
  await client.ask(createTopics, 7, { topics: [{ name: 't', numPartitions: 1, replicationFactor: 1, assignments: [], configs: [] }] })
})

type Change = [name: string, operation: number, value: string | null]
const resource = (resourceType: number, resourceName: string, ...configs: Change[]) => ({
  resourceType,
  resourceName,
  configs: configs.map(([name, configOperation, value]) => ({ name, configOperation, value })),
})
const alter = async (resources: ReturnType<typeof resource>[], validateOnly = false, version = 1) => {
  const { responses } = await client.ask(incrementalAlterConfigs, version, { resources, validateOnly })
  return responses.map(({ errorCode, errorMessage }) => `${errorCode} ${errorMessage}`)
}
const replace = async (resourceType: number, resourceName: string, configs: Record<string, string | null>, validateOnly = false, version = 2) => {
  const entries = Object.entries(configs).map(([name, value]) => ({ name, value }))
  const resources = [{ resourceType, resourceName, configs: entries }]
  const { responses } = await client.ask(alterConfigs, version, { resources, validateOnly })
  return `${responses[0]?.errorCode} ${responses[0]?.errorMessage}`
}
const tell = async (resourceType: number, resourceName: string, keys: string[] | null = null, version = 4) => {
  const resources = [{ resourceType, resourceName, configurationKeys: keys }]
  const { results } = await client.ask(describeConfigs, version, { resources, includeSynonyms: version > 0, includeDocumentation: version > 2 })
  const result = results[0]
  if (!result) throw new Error('no result')
  return { ...result, values: Object.fromEntries(result.configs.map(({ name, value, configSource }) => [name, `${value} from ${configSource}`])) }
}

describe('DescribeConfigs', () => {
  test.each([0, 1, 2, 3, 4])('version %i tells every config of a topic with its source', async (version) => {
    await alter([resource(topic, 't', ['retention.ms', set, '77'])])
    const told = await tell(topic, 't', null, version)
    expect(told.errorCode).toBe(0)
    expect(told.configs).toHaveLength(37)
    const retention = told.configs.find(({ name }) => name === 'retention.ms')
    expect(retention).toMatchObject({ value: '77', readOnly: false, isSensitive: false })
    const policy = told.configs.find(({ name }) => name === 'cleanup.policy')
    if (version === 0) expect([retention?.isDefault, policy?.isDefault]).toEqual([false, true])
    else expect([retention?.configSource, policy?.configSource]).toEqual([1, 5])
    if (version >= 1) {
      expect(retention?.synonyms).toEqual([
        { name: 'retention.ms', value: '77', source: 1 },
        { name: 'log.retention.hours', value: '2', source: 4 },
        { name: 'log.retention.hours', value: '168', source: 5 },
      ])
    }
    if (version >= 3) {
      expect([retention?.configType, policy?.configType]).toEqual([5, 7])
      expect(told.configs.every(({ documentation }) => (documentation ?? '').length > 20)).toBe(true)
    }
  })

  test('named keys narrow the answer, unknown ones are left out, and none named means all', async () => {
    expect((await tell(topic, 't', ['retention.ms', 'none'])).values).toEqual({ 'retention.ms': '7200000 from 4' })
    expect((await tell(topic, 't', [])).configs).toHaveLength(37)
  })

  test('synonyms and documentation come only when asked for', async () => {
    const resources = [{ resourceType: topic, resourceName: 't', configurationKeys: ['cleanup.policy'] }]
    const { results } = await client.ask(describeConfigs, 4, { resources, includeSynonyms: false, includeDocumentation: false })
    expect(results[0]?.configs[0]).toMatchObject({ synonyms: [], documentation: null })
  })

  test('a broker tells its settings by id, and only what is set for all under the empty name', async () => {
    const told = await tell(brokers, '1')
    expect(told.values).toMatchObject({ 'num.partitions': '1 from 5', 'log.retention.hours': '2 from 4', 'message.max.bytes': '1048588 from 5' })
    expect(told.configs.length).toBeGreaterThan(350)
    const [maxBytes, hours] = ['message.max.bytes', 'log.retention.hours'].map((key) => told.configs.find(({ name }) => name === key))
    expect([maxBytes?.readOnly, hours?.readOnly]).toEqual([false, true])
    expect((await tell(brokers, '')).configs).toEqual([])
  })

  test.each([
    [topic, 'none', 3],
    [topic, 'a b', 17],
    [topic, '', 17],
    [brokers, '2', 42],
    [brokers, 'abc', 42],
    [loggers, '', 42],
    [loggers, '3', 42],
    [clientMetrics, '', 42],
    [group, '', 42],
    [77, 'x', 42],
  ])('resource %i %j is refused with %i', async (type, name, code) => {
    expect(await tell(type, name)).toMatchObject({ errorCode: code, configs: [] })
  })

  test('a group and a subscription that nobody configured show their defaults', async () => {
    const told = await tell(group, 'g')
    expect(told.configs).toHaveLength(21)
    expect(told.configs.find(({ name }) => name === 'consumer.session.timeout.ms')).toMatchObject({
      value: '45000',
      configSource: 5,
      synonyms: [{ name: 'group.consumer.session.timeout.ms', value: '45000', source: 5 }],
    })
    expect((await tell(clientMetrics, 'm')).values).toEqual({ 'interval.ms': '300000 from 5', match: ' from 5', metrics: ' from 5' })
  })
})

describe('IncrementalAlterConfigs on a topic', () => {
  test.each([0, 1])('version %i sets, appends, subtracts and deletes, and leaves the rest alone', async (version) => {
    const change = (...configs: Change[]) => alter([resource(topic, 't', ...configs)], false, version)
    expect(await change(['retention.ms', set, '5000'], ['cleanup.policy', append, 'compact'])).toEqual(['0 null'])
    expect((await tell(topic, 't', ['retention.ms', 'cleanup.policy'])).values).toEqual({
      'retention.ms': '5000 from 1',
      'cleanup.policy': 'delete,compact from 1',
    })
    await change(['cleanup.policy', append, 'compact'])
    await change(['cleanup.policy', subtract, 'delete,other'])
    expect((await tell(topic, 't', ['cleanup.policy'])).values).toEqual({ 'cleanup.policy': 'compact from 1' })
    expect(await change(['cleanup.policy', remove, 'ignored'], ['none', remove, null])).toEqual(['0 null'])
    expect((await tell(topic, 't', ['retention.ms', 'cleanup.policy'])).values).toEqual({
      'retention.ms': '5000 from 1',
      'cleanup.policy': 'delete from 5',
    })
  })

  test('each resource is changed or refused for itself, in Kafka’s words', async () => {
    const answers = await alter([
      resource(topic, 't', ['none', set, '1']),
      resource(topic, 'unknown', ['retention.ms', set, '1']),
      resource(topic, ''),
      resource(topic, 'a b'),
    ])
    expect(answers).toEqual([
      '40 Unknown topic config name: none',
      "3 The topic 'unknown' does not exist.",
      '42 Default topic resources are not allowed.',
      "17 Topic name is invalid: 'a b' contains one or more characters other than ASCII alphanumerics, '.', '_' and '-'",
    ])
    expect(await alter([resource(topic, 't', ['retention.ms', append, '1'])])).toEqual([
      "40 Can't APPEND to key retention.ms because its type is not LIST.",
    ])
    expect(await alter([resource(topic, 't', ['retention.ms', set, null])])).toEqual(['42 Null value not supported for : retention.ms'])
    expect(await alter([resource(topic, 't', ['retention.ms', 9, '1'])])).toEqual(['42 Unknown operation 9 on retention.ms'])
    expect(await alter([resource(topic, 't', ['retention.ms', set, '1'], ['retention.ms', remove, null])])).toEqual([
      '42 Error due to duplicate config keys',
    ])
    const twice = '42 Each resource must appear at most once.'
    expect(await alter([resource(topic, 't', ['retention.ms', set, '1']), resource(topic, 't', ['segment.ms', set, '1'])])).toEqual([twice, twice])
    expect((await tell(topic, 't')).configs.filter(({ configSource }) => configSource === 1)).toEqual([])
  })

  test('one bad value of several changes nothing', async () => {
    expect(await alter([resource(topic, 't', ['segment.ms', set, '5'], ['retention.ms', set, 'x'])])).toEqual([
      '40 Invalid value x for configuration retention.ms: Not a number of type LONG',
    ])
    expect((await tell(topic, 't', ['segment.ms'])).values).toEqual({ 'segment.ms': '604800000 from 5' })
  })

  test('what is only validated is not set', async () => {
    expect(await alter([resource(topic, 't', ['retention.ms', set, '5'])], true)).toEqual(['0 null'])
    expect((await tell(topic, 't', ['retention.ms'])).values).toEqual({ 'retention.ms': '7200000 from 4' })
  })

  test('changes that arrive together lose nothing', async () => {
    const clients = await Promise.all(Array.from({ length: 8 }, () => RawClient.connect(broker.kafka)))
    const names = [
      'retention.ms',
      'segment.ms',
      'flush.ms',
      'file.delete.delay.ms',
      'delete.retention.ms',
      'flush.messages',
      'preallocate',
      'index.interval.bytes',
    ]
    await Promise.all(
      clients.map((one, index) => {
        const name = names[index] ?? ''
        const resources = [resource(topic, 't', [name, set, name === 'preallocate' ? 'true' : '9'])]
        return one.ask(incrementalAlterConfigs, 1, { resources, validateOnly: false })
      }),
    )
    for (const one of clients) one.close()
    expect((await tell(topic, 't')).configs.filter(({ configSource }) => configSource === 1).map(({ name }) => name)).toEqual([...names].sort())
  })
})

describe('AlterConfigs', () => {
  test.each([0, 1, 2])('version %i sets what is named, everything else goes back to its default', async (version) => {
    await alter([resource(topic, 't', ['retention.ms', set, '5'], ['segment.ms', set, '6'])])
    expect(await replace(topic, 't', { 'retention.ms': '7' }, true, version)).toBe('0 null')
    expect(await replace(topic, 't', { 'segment.ms': '8' }, false, version)).toBe('0 null')
    expect((await tell(topic, 't', ['retention.ms', 'segment.ms'])).values).toEqual({ 'retention.ms': '7200000 from 4', 'segment.ms': '8 from 1' })
    expect(await replace(topic, 't', {}, false, version)).toBe('0 null')
    expect((await tell(topic, 't', ['segment.ms'])).values).toEqual({ 'segment.ms': '604800000 from 5' })
  })

  test('what cannot be is refused in Kafka’s words', async () => {
    expect(await replace(topic, 't', { 'retention.ms': 'x' })).toBe('40 Invalid value x for configuration retention.ms: Not a number of type LONG')
    expect(await replace(topic, 'unknown', {})).toBe("3 The topic 'unknown' does not exist.")
    expect(await replace(topic, 't', { 'retention.ms': null })).toBe('42 Null value not supported for : retention.ms')
    expect(await replace(brokers, '1', { 'num.partitions': '2' })).toBe('42 Cannot update these configs dynamically: [num.partitions]')
    expect(await replace(loggers, '1', { root: 'INFO' })).toBe('42 Unknown resource type 8')
    expect(await replace(1, '1', {})).toBe('42 Unknown resource type 1')
  })
})

describe('settings of the broker while it runs', () => {
  test('one for this broker wins over one for all, topics inherit it, and both can be taken back', async () => {
    expect(await alter([resource(brokers, '1', ['message.max.bytes', set, '2000000'])])).toEqual(['0 null'])
    expect(await alter([resource(brokers, '', ['message.max.bytes', set, '3000000'], ['log.retention.ms', set, '9000'])])).toEqual(['0 null'])
    const told = await tell(brokers, '1', ['message.max.bytes', 'log.retention.ms'])
    expect(told.configs.map(({ synonyms }) => synonyms.map(({ name, value, source }) => `${name} ${value} ${source}`))).toEqual([
      ['log.retention.ms 9000 3', 'log.retention.hours 2 4', 'log.retention.hours 168 5'],
      ['message.max.bytes 2000000 2', 'message.max.bytes 3000000 3', 'message.max.bytes 1048588 5'],
    ])
    expect((await tell(brokers, '')).values).toEqual({ 'message.max.bytes': '3000000 from 3', 'log.retention.ms': '9000 from 3' })
    expect((await tell(topic, 't', ['max.message.bytes', 'retention.ms'])).values).toEqual({
      'max.message.bytes': '2000000 from 2',
      'retention.ms': '9000 from 3',
    })
    await alter([resource(brokers, '1', ['message.max.bytes', remove, null])])
    await alter([resource(brokers, '', ['message.max.bytes', remove, null], ['log.retention.ms', remove, null])])
    expect((await tell(topic, 't', ['max.message.bytes', 'retention.ms'])).values).toEqual({
      'max.message.bytes': '1048588 from 5',
      'retention.ms': '7200000 from 4',
    })
  })

  test('what a running broker cannot change, or never heard of, is refused', async () => {
    expect(await alter([resource(brokers, '1', ['num.partitions', set, '3'])])).toEqual([
      '42 Cannot update these configs dynamically: [num.partitions]',
    ])
    expect(await alter([resource(brokers, '1', ['message.max.bytes', set, 'x'])])).toEqual([
      '42 Invalid value x for configuration message.max.bytes: Not a number of type INT',
    ])
    expect(await alter([resource(brokers, '1', ['listeners', set, 'PLAINTEXT://127.0.0.1:1'])])).toEqual([
      '42 Cannot update these configs dynamically: [listeners]',
    ])
    expect(await alter([resource(brokers, '1', ['no.such', set, '3'])])).toEqual(['40 Unknown broker config name: no.such'])
    expect(await alter([resource(brokers, '7', ['message.max.bytes', set, '3'])])).toEqual(['42 Unexpected broker id, expected 1, but received 7'])
    expect(await alter([resource(brokers, 'abc', ['message.max.bytes', set, '3'])])).toEqual(['42 Node id must be an integer, but it is: abc'])
  })

  test('the throttles that kafka-reassign-partitions sets around its work are taken, and can be taken back', async () => {
    const names = ['leader.replication.throttled.rate', 'follower.replication.throttled.rate', 'replica.alter.log.dirs.io.max.bytes.per.second']
    for (const name of names) {
      expect(await alter([resource(brokers, '1', [name, set, '1000000'])])).toEqual(['0 null'])
      expect(await alter([resource(brokers, '1', [name, remove, null])])).toEqual(['0 null'])
    }
  })

  test('everything that was set is there after a restart, and acts before the first client comes', async () => {
    const data = await mkdtemp(join(tmpdir(), 'twinlog-admin-'))
    const settings = { 'log.retention.hours': 2 }
    await using first = await createBroker({ data, settings })
    await using before = await RawClient.connect(first.kafka)
    await before.ask(createTopics, 7, { topics: [{ name: 't', numPartitions: 1, replicationFactor: 1, assignments: [], configs: [] }] })
    await before.ask(incrementalAlterConfigs, 1, {
      resources: [
        resource(brokers, '1', ['message.max.bytes', set, '2000000']),
        resource(brokers, '', ['log.retention.ms', set, '9000']),
        resource(group, 'g', ['consumer.session.timeout.ms', set, '50000']),
        resource(topic, 't', ['segment.ms', set, '11']),
      ],
      validateOnly: false,
    })
    await first.close()
    await using second = await createBroker({ data, settings })
    await using after = await RawClient.connect(second.kafka)
    const resources = [
      { resourceType: topic, resourceName: 't', configurationKeys: ['max.message.bytes', 'retention.ms', 'segment.ms'] },
      { resourceType: group, resourceName: 'g', configurationKeys: ['consumer.session.timeout.ms'] },
    ]
    const { results } = await after.ask(describeConfigs, 4, { resources, includeSynonyms: false, includeDocumentation: false })
    expect(results.flatMap(({ configs }) => configs.map(({ value, configSource }) => `${value} from ${configSource}`))).toEqual([
      '2000000 from 2',
      '9000 from 3',
      '11 from 1',
      '50000 from 8',
    ])
    await second.close()
    await rm(data, { recursive: true })
  })
})

describe('other resources', () => {
  test('the root logger’s level can be told and changed', async () => {
    expect((await tell(loggers, '1')).values).toEqual({ root: 'INFO from 6' })
    expect(await alter([resource(loggers, '1', ['root', set, 'DEBUG'])], true)).toEqual(['0 null'])
    expect(await alter([resource(loggers, '7', ['root', set, 'WARN'])])).toEqual(['42 Unexpected node id. Expected 1, but received 7'])
    expect(await alter([resource(loggers, '1', ['root', set, 'WARN'])])).toEqual(['0 null'])
    expect((await tell(loggers, '1')).values).toEqual({ root: 'WARN from 6' })
    await alter([resource(loggers, '1', ['root', set, 'INFO'])])
  })

  test.each([
    ['kafka.foo', set, 'DEBUG', '40 Logger kafka.foo does not exist!'],
    [
      'root',
      set,
      'CHATTY',
      '40 Cannot set the log level of root to CHATTY as it is not a supported log level. Valid log levels are DEBUG, ERROR, FATAL, INFO, TRACE, WARN',
    ],
    ['root', remove, null, '42 Removing the log level of the root logger is not allowed'],
    ['root', append, 'INFO', '42 APPEND operation is not allowed for the BROKER_LOGGER resource'],
  ])('logger %s, operation %i, %s is refused', async (name, operation, value, answer) => {
    expect(await alter([resource(loggers, '1', [name, operation, value])])).toEqual([answer])
  })

  test('a group keeps its own values, within the broker’s bounds', async () => {
    expect(await alter([resource(group, 'g', ['consumer.session.timeout.ms', set, '50000'])])).toEqual(['0 null'])
    expect((await tell(group, 'g', ['consumer.session.timeout.ms'])).configs[0]).toMatchObject({
      value: '50000',
      configSource: 8,
      synonyms: [
        { name: 'consumer.session.timeout.ms', value: '50000', source: 8 },
        { name: 'group.consumer.session.timeout.ms', value: '45000', source: 5 },
      ],
    })
    expect((await tell(group, 'other', ['consumer.session.timeout.ms'])).configs[0]).toMatchObject({ value: '45000', configSource: 5 })
    expect(await alter([resource(group, 'g', ['consumer.session.timeout.ms', set, '5'])])).toEqual([
      '40 consumer.session.timeout.ms must be in the range 45000 to 60000 inclusive.',
    ])
    expect(await alter([resource(group, 'g', ['zap', set, '5'])])).toEqual(['40 Unknown group config name: zap'])
    expect(await alter([resource(group, '', ['consumer.session.timeout.ms', set, '50000'])])).toEqual(['42 Default group resources are not allowed.'])
    expect((await alter([resource(group, 'g', ['share.auto.offset.reset', set, 'foo'])]))[0]).toMatch(/^40 .*must be either 'earliest', 'latest' or/)
    expect(await alter([resource(group, 'g', ['share.auto.offset.reset', set, 'by_duration:P1DT2H'])])).toEqual(['0 null'])
  })

  test('a client metrics subscription keeps its configs and shows the rest as defaults', async () => {
    const configs: Change[] = [
      ['metrics', set, 'a.b, c'],
      ['interval.ms', set, '10000'],
    ]
    expect(await alter([resource(clientMetrics, 'm', ...configs, ['match', set, 'client_id=x.*'])])).toEqual(['0 null'])
    expect((await tell(clientMetrics, 'm')).values).toEqual({ 'interval.ms': '10000 from 7', match: 'client_id=x.* from 7', metrics: 'a.b,c from 7' })
    const refused = async (name: string, value: string) => (await alter([resource(clientMetrics, 'n', [name, set, value])]))[0]
    expect(await refused('interval.ms', '1')).toBe('42 Invalid value 1 for interval.ms, interval must be between 100 and 3600000 (1 hour)')
    expect(await refused('match', 'foo')).toBe('40 Illegal client matching pattern: foo')
    expect(await refused('match', 'foo=a')).toBe('40 Illegal client matching pattern: foo=a')
    expect(await refused('match', 'client_id=[')).toBe('40 Illegal client matching pattern: client_id=[')
    expect(await refused('zap', '1')).toBe('42 Unknown client metrics configuration: zap')
    expect((await alter([resource(clientMetrics, '', ['metrics', set, 'a'])]))[0]).toBe("42 Subscription name can't be empty")
  })
})
