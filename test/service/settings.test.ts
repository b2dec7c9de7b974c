// Settings: their table, sources, precedence, messages, and changes while running.
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import {
  declarations,
  environmentName,
  type Given,
  givenByEnvironment,
  givenByFile,
  givenByObject,
  type SettingName,
  Settings,
  SettingsInvalid,
} from '../../src/config.ts'

const problemsOf = (given: Given[]): readonly string[] => {
  try {
    new Settings(given)
    return []
  } catch (error) {
    expect(error).toBeInstanceOf(SettingsInvalid)
    return (error as SettingsInvalid).problems
  }
}

describe('the table', () => {
  it.each(Object.entries(declarations))('%s has a default that fits its own rule', (_name, { defaultText, parse, meaning }) => {
    if (defaultText !== null && defaultText !== '') parse(defaultText)
    expect(meaning).toMatch(/[.!]$/)
  })

  it('has an environment variable of its own for each setting', () => {
    const names = Object.keys(declarations).map(environmentName)
    expect(new Set(names).size).toBe(names.length)
  })

  it('says of a setting that it acts exactly where something reads it', () => {
    const folders = ['src', 'src/engine', 'src/coordinators', 'src/kafka', 'src/kinesis', 'src/auth']
    const files = folders.flatMap((folder) => readdirSync(folder, { recursive: folder !== 'src' }).map((file) => join(folder, String(file))))
    const product = files
      .filter((file) => file.endsWith('.ts'))
      .map((file) => readFileSync(file, 'utf8'))
      .join()
    const families = ['group', 'group.consumer', 'group.share', 'group.streams'].flatMap((kind) =>
      ['min', 'max'].map((edge) => `${kind}.${edge}.session.timeout.ms`),
    )
    // The default of a group's own config, and the bounds of it, are read together.
    const boundsGroups = (name: string): boolean => {
      const [, kind, what] = /^group\.(\w+)\.(?:min\.|max\.)?(.+)$/.exec(name) ?? []
      return new RegExp(`bounded\\(\\s*'${kind}',\\s*'${what}'`).test(product)
    }
    for (const [name, { acts }] of Object.entries(declarations)) {
      if (acts) expect(product.includes(`'${name}'`) || boundsGroups(name), `${name} says that it acts, and nothing reads it`).toBe(true)
      else if (!families.includes(name)) expect(product.includes(`.get('${name}')`), `${name} is read, and says that it has no effect`).toBe(false)
    }
  })

  const observed = '../shared/models/kafka-4.4.0-observed/broker-config.json'
  it.skipIf(!existsSync(observed))('agrees with Kafka 4.4.0 in type, default and dynamic, but for the differences that are meant', () => {
    const rows = JSON.parse(readFileSync(observed, 'utf8')) as { name: SettingName; type: string; default: string | null; readOnly: boolean }[]
    const differing = rows
      .filter(({ name }) => Object.hasOwn(declarations, name))
      .filter(({ name, type, default: text, readOnly }) => {
        const ours = declarations[name]
        return ours.type.toUpperCase() !== type || ours.defaultText !== text || ours.dynamic === readOnly
      })
      .map(({ name }) => name)
    expect(differing.sort()).toEqual([
      'group.consumer.assignment.interval.ms',
      'group.initial.rebalance.delay.ms',
      'group.share.assignment.interval.ms',
      'group.streams.assignment.interval.ms',
      'group.streams.initial.rebalance.delay.ms',
      'listener.security.protocol.map',
      'listeners',
      'log.retention.check.interval.ms',
      'max.connections',
      'metric.reporters',
      'node.id',
      'principal.builder.class',
      'queued.max.request.bytes',
      'socket.listen.backlog.size',
    ])
  })
})

describe('sources', () => {
  const file = givenByFile('num.partitions=2\nmessage.max.bytes=2000', 'server.properties')
  const environment = givenByEnvironment({ TWINLOG_NUM_PARTITIONS: '3', TWINLOG_DATA: '/tmp/x' })
  const options = givenByObject({ 'num.partitions': 4 }, '--set')

  it('an option wins over the environment, that over the file, that over the default', () => {
    expect(new Settings([...options, ...environment, ...file]).get('num.partitions')).toBe(4)
    expect(new Settings([...file, ...environment]).get('num.partitions')).toBe(3)
    expect(new Settings(file).get('num.partitions')).toBe(2)
    expect(new Settings().get('num.partitions')).toBe(1)
  })

  it('says where each value comes from, strongest first', () => {
    const settings = new Settings([...file, ...options, ...environment])
    expect(settings.candidates('num.partitions').map(({ source, text }) => `${source}=${text}`)).toEqual([
      'option=4',
      'environment=3',
      'file=2',
      'default=1',
    ])
    expect(settings.source('message.max.bytes')).toBe('file')
    expect(settings.source('flush')).toBe('default')
    expect(settings.get('data')).toBe('/tmp/x')
  })

  it('of two words from one source the later one stands', () => {
    expect(new Settings(givenByFile('num.partitions=2\nnum.partitions=5', 'f')).get('num.partitions')).toBe(5)
  })

  it('reads a properties file with comments, continuation lines, other separators and escapes', () => {
    const text = [
      '# comment',
      '! another',
      '',
      '  num.partitions : 3',
      'log.cleanup.policy=\\',
      '   delete,\\',
      '   compact',
      'broker.rack = a\\u0062\\tc',
      'super.users',
    ].join('\r\n')
    const given = givenByFile(text, 'f')
    expect(given.map(({ name, text: value }) => [name, value])).toEqual([
      ['num.partitions', '3'],
      ['log.cleanup.policy', 'delete,compact'],
      ['broker.rack', 'ab\tc'],
      ['super.users', ''],
    ])
    expect(given.map(({ where }) => where)).toEqual(['f line 4', 'f line 5', 'f line 8', 'f line 9'])
    expect(new Settings(given).get('log.cleanup.policy')).toEqual(['delete', 'compact'])
  })

  it('an even number of backslashes ends no line in continuation', () => {
    expect(givenByFile('broker.rack=a\\\\\nnum.partitions=2', 'f').map(({ name }) => name)).toEqual(['broker.rack', 'num.partitions'])
  })

  it('TWINLOG_MEMORY=true stands for data=memory', () => {
    expect(new Settings(givenByEnvironment({ TWINLOG_MEMORY: 'true' })).get('data')).toBe('memory')
  })

  it('leaves alone what Kubernetes sets for services called twinlog and twinlog-kafka', () => {
    const kubernetes = {
      TWINLOG_SERVICE_HOST: '10.0.0.1',
      TWINLOG_SERVICE_PORT: '9092',
      TWINLOG_PORT: 'tcp://10.0.0.1:9092',
      TWINLOG_PORT_9092_TCP_ADDR: '10.0.0.1',
    }
    expect(givenByEnvironment(kubernetes)).toEqual([])
    const kafkaService = {
      TWINLOG_KAFKA_SERVICE_HOST: '10.0.0.1',
      TWINLOG_KAFKA_SERVICE_PORT_BROKER: '9092',
      TWINLOG_KAFKA_PORT: 'tcp://10.0.0.1:9092',
      TWINLOG_KAFKA_PORT_9092_TCP_PROTO: 'tcp',
    }
    expect(givenByEnvironment(kafkaService)).toEqual([])
    expect(givenByEnvironment({ TWINLOG_KAFKA: '127.0.0.1:9093' })).toHaveLength(1)
    expect(givenByEnvironment({ TWINLOG_CONFIG: 'server.properties', TWINLOG_BOOTSTRAP: '127.0.0.1:9092' })).toEqual([])
  })
})

describe('messages', () => {
  it('an unknown name comes with its place and the nearest names', () => {
    expect(problemsOf(givenByEnvironment({ TWINLOG_NUM_PARTITION: '4' }))).toEqual([
      'unknown setting num.partition (environment variable TWINLOG_NUM_PARTITION); did you mean num.partitions?',
    ])
    expect(problemsOf([{ name: 'auto_create_topics_enable', text: 'true', source: 'option', where: '--set' }])[0]).toContain(
      'did you mean auto.create.topics.enable?',
    )
    expect(problemsOf([{ name: 'zzz', text: '1', source: 'option', where: '--set' }])).toEqual([
      'unknown setting zzz (--set); `twinlog config` lists every setting',
    ])
  })

  it('a bad value comes with what would be right, and all problems are told at once', () => {
    expect(problemsOf(givenByFile('num.partitions=zero\nflush=maybe\nkafka=here', 'f'))).toEqual([
      'num.partitions=zero (f line 1) is not a whole number from 1',
      'flush=maybe (f line 2) is not sync or async',
      'kafka=here (f line 3) is not HOST:PORT (a port up to 65535, an IPv6 address in brackets)',
    ])
  })

  it.each([
    ['num.partitions', '0'],
    ['num.partitions', '2147483648'],
    ['num.partitions', '1.5'],
    ['log.retention.ms', '-2'],
    ['auto.create.topics.enable', 'yes'],
    ['log.cleanup.policy', 'compact,shred'],
    ['aws.account.id', '12'],
    ['kafka', '127.0.0.1:65536'],
    ['log.cleaner.min.cleanable.ratio', '1.1'],
  ] as const)('%s does not take %s', (name, text) => {
    expect(new Settings().check(name, text)).not.toBeNull()
  })

  it('two doors at one port are told so, and free ports are not', () => {
    expect(problemsOf(givenByFile('kafka=127.0.0.1:4567', 'f'))).toEqual([
      'kafka and aws are both 127.0.0.1:4567: each needs a port of its own (0: any free one)',
    ])
    expect(problemsOf(givenByFile('kafka=127.0.0.1:0\naws=127.0.0.1:0\nadmin=127.0.0.1:0', 'f'))).toEqual([])
  })

  it('a secret is not repeated in a message or shown', () => {
    const settings = new Settings(givenByFile('ssl.key.password=hunter2', 'f'))
    expect(settings.get('ssl.key.password')).toBe('hunter2')
    expect(declarations['ssl.key.password'].sensitive).toBe(true)
  })

  it('broker.id, the older name, counts as node.id where that is not given; two numbers for one broker are refused', () => {
    const older = new Settings(givenByFile('broker.id=5', 'server.properties'))
    expect([older.get('node.id'), older.source('node.id'), older.inertGiven()]).toEqual([5, 'file', []])
    expect(Settings.of({ 'broker.id': 5, 'node.id': 5 }).get('node.id')).toBe(5)
    expect(Settings.of({ 'broker.id': -1 }).get('node.id')).toBe(1)
    expect(() => Settings.of({ 'broker.id': 5, 'node.id': 6 })).toThrow('broker.id=5 and node.id=6 name one broker')
  })

  it('values that contradict each other are refused', () => {
    expect(problemsOf(givenByFile('group.min.session.timeout.ms=7000\ngroup.max.session.timeout.ms=6500', 'f'))[0]).toContain('is above')
    expect(problemsOf(givenByFile('log.retention.hours=0', 'f'))[0]).toContain('log.retention')
  })
})

describe('values', () => {
  it('milliseconds of retention win over minutes, those over hours', () => {
    expect(new Settings().retentionMs).toBe(168 * 3_600_000)
    expect(Settings.of({ 'log.retention.minutes': 5 }).retentionMs).toBe(300_000)
    expect(Settings.of({ 'log.retention.minutes': 5, 'log.retention.ms': 7 }).retentionMs).toBe(7)
    expect(Settings.of({ 'log.retention.hours': -1 }).retentionMs).toBe(-1)
    expect(Settings.of({ 'log.roll.ms': 9 }).rollMs).toBe(9)
    expect(new Settings().rollMs).toBe(168 * 3_600_000)
  })

  it('the text of a number above 2^53 stays exact', () => {
    expect(new Settings().text('log.message.timestamp.before.max.ms')).toBe('9223372036854775807')
    expect(Settings.of({ 'log.cleaner.max.compaction.lag.ms': '9223372036854775806' }).text('log.cleaner.max.compaction.lag.ms')).toBe(
      '9223372036854775806',
    )
  })

  it('texts come back in their plain form', () => {
    const settings = Settings.of({ 'num.partitions': ' +4 ', 'auto.create.topics.enable': 'FALSE', 'log.cleanup.policy': 'compact , delete' })
    expect([settings.text('num.partitions'), settings.text('auto.create.topics.enable'), settings.text('log.cleanup.policy')]).toEqual([
      '4',
      'false',
      'compact,delete',
    ])
  })

  it('an empty text takes back what may be absent', () => {
    expect(new Settings(givenByFile('advertise=', 'f')).get('advertise')).toBeNull()
  })

  it('settings that are given but have no effect are known', () => {
    expect(new Settings(givenByFile('num.io.threads=8\nnum.partitions=2', 'f')).inertGiven()).toEqual(['num.io.threads'])
  })
})

describe('changes while running', () => {
  it('win over everything, are told to listeners, and can be taken back', () => {
    const settings = Settings.of({ 'message.max.bytes': 2000 })
    const told: string[] = []
    const end = settings.onChange((name) => told.push(`${name}=${settings.get(name)}`))
    settings.set('message.max.bytes', '3000', 'dynamic-default')
    settings.set('message.max.bytes', '4000')
    expect(settings.source('message.max.bytes')).toBe('dynamic')
    settings.set('message.max.bytes', null)
    settings.set('message.max.bytes', null, 'dynamic-default')
    end()
    settings.set('message.max.bytes', '5000')
    expect(told).toEqual(['message.max.bytes=3000', 'message.max.bytes=4000', 'message.max.bytes=3000', 'message.max.bytes=2000'])
  })

  it('are refused for what needs a restart, and for values that do not fit', () => {
    const settings = new Settings()
    expect(() => settings.set('num.partitions', '3')).toThrow('cannot be changed while the broker runs')
    expect(() => settings.set('message.max.bytes', 'many')).toThrow('is not a whole number')
    expect(settings.get('message.max.bytes')).toBe(1048588)
  })

  it('two brokers do not see each other’s', () => {
    const [one, two] = [new Settings(), new Settings()]
    one.set('message.max.bytes', '3000')
    expect(two.get('message.max.bytes')).toBe(1048588)
  })
})
