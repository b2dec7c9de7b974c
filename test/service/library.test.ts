// createBroker() as a program uses it: many brokers in one process, reset, close, and nothing left behind.
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import kafkajs, { type Kafka } from 'kafkajs'
import { afterEach, describe, expect, it } from 'vitest'
import { reservedPort } from '../../benchmarks/reserved-port.ts'
import { type Broker, type BrokerOptions, createBroker, SettingsInvalid } from '../../src/index.ts'
import { version } from '../../src/version.ts'
import { kafkaJs } from '../clients/patient.ts'
import { executable, Product } from './process.ts'
import { parsePrometheus, sampleOf } from './prometheus-text.ts'

const open: Broker[] = []
afterEach(async () => {
  await Promise.all(open.splice(0).map((broker) => broker.close()))
})

async function broker(options: BrokerOptions = {}): Promise<Broker> {
  const made = await createBroker(options)
  open.push(made)
  return made
}

const clientOf = ({ brokers }: Broker): Kafka => kafkaJs(brokers, { retry: { retries: 2 } })

async function produce(made: Broker, topic: string, values: string[]): Promise<void> {
  const producer = clientOf(made).producer({ createPartitioner: kafkajs.Partitioners.DefaultPartitioner })
  await producer.connect()
  await producer.send({ topic, messages: values.map((value) => ({ value })) })
  await producer.disconnect()
}

async function topicsOf(made: Broker): Promise<string[]> {
  const admin = clientOf(made).admin()
  await admin.connect()
  const topics = await admin.listTopics()
  await admin.disconnect()
  return topics.sort()
}

describe('brokers in one process', () => {
  it('ten of them do not see each other', async () => {
    const ten = await Promise.all(Array.from({ length: 10 }, () => broker()))
    expect(new Set(ten.flatMap(({ kafka, aws, admin }) => [kafka.port, aws.port, admin.port])).size).toBe(30)
    await Promise.all(ten.map((made, i) => produce(made, `topic-${i}`, [`${i}`])))
    expect(await Promise.all(ten.map(topicsOf))).toEqual(ten.map((_made, i) => [`topic-${i}`]))
    const scrapes = await Promise.all(ten.map(async ({ admin }) => parsePrometheus(await (await fetch(`${admin.url}/metrics`)).text())))
    for (const [i, families] of scrapes.entries()) {
      expect(families.get('twinlog_topic_records_total')?.samples.map(({ labels, value }) => [labels['topic'], value])).toEqual([[`topic-${i}`, 1]])
    }
  })

  it('close() lets go of its ports and can be called twice', async () => {
    const [kafka, aws, admin] = [{ port: await reservedPort() }, { port: await reservedPort() }, { port: await reservedPort() }]
    const made = await broker({ kafka, aws, admin })
    await Promise.all([made.close(), made.close()])
    await made.close()
    const again = await broker({ kafka, aws, admin })
    expect(again.kafka.address).toBe(made.kafka.address)
  })

  it('what cannot start leaves nothing listening', async () => {
    const first = await broker()
    await expect(createBroker({ aws: { port: first.aws.port } })).rejects.toThrow(/EADDRINUSE/)
    await expect(createBroker({ settings: { 'num.partitions': 0 } })).rejects.toThrow(SettingsInvalid)
  })

  it('is disposed of by await using', async () => {
    let url = ''
    {
      await using made = await createBroker({ admin: { port: await reservedPort() } })
      url = made.admin.url
      expect((await fetch(`${url}/readyz`)).status).toBe(200)
    }
    await expect(fetch(`${url}/readyz`)).rejects.toThrow()
  })
})

describe('settings', () => {
  it('act on the broker that was given them', async () => {
    const made = await broker({ settings: { 'num.partitions': 4, 'auto.create.topics.enable': true } })
    await produce(made, 'wide', ['x'])
    const admin = clientOf(made).admin()
    await admin.connect()
    expect(await admin.fetchTopicOffsets('wide')).toHaveLength(4)
    await admin.disconnect()
  })
})

describe('options', () => {
  it.each([
    [{ flush: 'async' }, "flush is a setting: createBroker({ settings: { 'flush': … } })"],
    [{ dataDir: 'x' }, 'unknown option dataDir; createBroker takes data, kafka, aws, admin, advertise, settings, clock, random, logger'],
    [{ kafka: '127.0.0.1:9092' }, 'kafka is not { host?, port? }'],
    [{ aws: { prot: 4567 } }, 'aws is not { host?, port? }'],
    [{ admin: { port: 65_536 } }, 'admin=127.0.0.1:65536 (settings) is not HOST:PORT'],
  ])('%j is refused, also where no compiler looks', async (options, message) => {
    await expect(createBroker(options as BrokerOptions)).rejects.toThrow(message)
    await expect(createBroker(options as BrokerOptions)).rejects.toThrow(SettingsInvalid)
  })
})

describe('a data directory', () => {
  it('keeps what was written for the next broker, and is one broker’s at a time', async () => {
    const directory = mkdtempSync(join(tmpdir(), 'twinlog-library-'))
    try {
      const first = await broker({ data: directory })
      await produce(first, 'kept', ['1'])
      await expect(createBroker({ data: directory })).rejects.toThrow(directory)
      await first.close()
      const second = await broker({ data: directory })
      expect(await topicsOf(second)).toEqual(['kept'])
      await second.close()
    } finally {
      rmSync(directory, { recursive: true, force: true })
    }
  })
})

describe('/metrics', () => {
  it('tells of requests, bytes, commits, partitions and groups', async () => {
    const made = await broker()
    await produce(made, 'measured', ['a', 'b', 'c'])
    const consumer = clientOf(made).consumer({ groupId: 'meter', maxWaitTimeInMs: 100 })
    await consumer.connect()
    await consumer.subscribe({ topic: 'measured', fromBeginning: true })
    await new Promise<void>((done) => {
      let seen = 0
      void consumer.run({ eachMessage: async () => void (++seen === 3 && done()) })
    })
    const families = parsePrometheus(await (await fetch(`${made.admin.url}/metrics`)).text())
    await consumer.disconnect()
    expect(sampleOf(families, 'twinlog_requests_total', { door: 'kafka', operation: 'Produce', error: 'NONE' })).toBe(1)
    expect(sampleOf(families, 'twinlog_topic_records_total', { topic: 'measured' })).toBe(3)
    expect(sampleOf(families, 'twinlog_topic_sent_bytes_total', { topic: 'measured' })).toBeGreaterThan(0)
    expect(sampleOf(families, 'twinlog_received_bytes_total', { door: 'kafka' })).toBeGreaterThan(100)
    expect(sampleOf(families, 'twinlog_connections', { door: 'kafka' })).toBeGreaterThan(0)
    expect(sampleOf(families, 'twinlog_partition_end_offset', { topic: 'measured', partition: '0' })).toBe(3)
    expect(sampleOf(families, 'twinlog_group_members', { group: 'meter' })).toBe(1)
    expect(sampleOf(families, 'twinlog_commit_duration_seconds_count')).toBeGreaterThan(0)
  })
})

describe('the process', () => {
  it('ends by itself after close(), used and unused, in memory and on disk', async () => {
    const directory = mkdtempSync(join(tmpdir(), 'twinlog-exit-'))
    const bundle = new URL('index.cjs', `file://${executable}`).href
    const program = `
      import { createBroker } from ${JSON.stringify(bundle)}
      import kafkajs from 'kafkajs'
      for (const data of ['memory', ${JSON.stringify(directory)}]) {
        const unused = await createBroker()
        const broker = await createBroker({ data })
        const producer = new kafkajs.Kafka({ brokers: broker.brokers, logLevel: 0 }).producer({ createPartitioner: kafkajs.Partitioners.DefaultPartitioner })
        await producer.connect()
        await producer.send({ topic: 't', messages: [{ value: 'v' }] })
        await producer.disconnect()
        await (await fetch(broker.admin.url + '/metrics')).text()
        await broker.close()
        await unused.close()
      }
      console.log('closed')`
    try {
      const product = new Product(['--input-type=module', '--eval', program], { script: null })
      expect(await product.ended).toMatchObject({ code: 0, stdout: 'closed\n' })
    } finally {
      rmSync(directory, { recursive: true, force: true })
    }
  })
})

describe('the package', () => {
  it('says the same version in package.json and in the program', () => {
    const facts = JSON.parse(readFileSync('package.json', 'utf8')) as {
      version: string
      bin: Record<string, string>
      exports: Record<string, Record<string, string>>
    }
    expect(version).toBe(facts.version)
    expect(existsSync(facts.bin['twinlog']!)).toBe(true)
    expect(readFileSync(facts.bin['twinlog']!, 'utf8')).toMatch(/^#!\/usr\/bin\/env node\n/)
    for (const file of Object.values(facts.exports['.']!)) expect(existsSync(file), file).toBe(true)
  })
})
