// Classic groups with real clients over real sockets: kafkajs and @platformatic/kafka. Who reads what, who takes over, and what a restart changes (nothing).
import { type ChildProcess, spawn } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Consumer as PlatformaticConsumer, stringDeserializers } from '@platformatic/kafka'
import { type Consumer, type Kafka, Partitioners } from 'kafkajs'
import { afterEach, describe, expect, test } from 'vitest'
import { reservedPort } from '../../benchmarks/reserved-port.ts'
import { type Broker, type BrokerOptions, createBroker } from '../../src/broker.ts'
import { until } from '../until.ts'
import { kafkaJs, leave, patient } from './patient.ts'

/** Sessions outlast whatever keeps this process busy, but for that of a member that is killed. */
const settings = { 'group.min.session.timeout.ms': 100 }
const session = { sessionTimeout: 60_000, rebalanceTimeout: 60_000, heartbeatInterval: 100 }
const closing: (() => unknown)[] = []
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close()
})

async function start(options: BrokerOptions = {}): Promise<{ broker: Broker; kafka: Kafka }> {
  const broker = await createBroker({ settings, ...options })
  closing.push(() => broker.close())
  return { broker, kafka: kafkaJs(broker.brokers, { retry: { initialRetryTime: 50, maxRetryTime: 500, retries: 100 } }) }
}

async function createTopic(kafka: Kafka, topic: string, numPartitions: number): Promise<void> {
  const admin = kafka.admin()
  await admin.connect()
  await admin.createTopics({ topics: [{ topic, numPartitions }] })
  await admin.disconnect()
}

/** One message per partition and round: `p0-a`, `p1-a` … */
async function produce(kafka: Kafka, topic: string, partitions: number, name: string): Promise<void> {
  const producer = kafka.producer({ createPartitioner: Partitioners.DefaultPartitioner })
  await producer.connect()
  await producer.send({ topic, messages: Array.from({ length: partitions }, (_, partition) => ({ partition, value: `p${partition}-${name}` })) })
  await producer.disconnect()
}

/** A kafkajs consumer that notes what it reads and what it is assigned. */
class Reader {
  readonly read: string[] = []
  readonly joins: { partitions: number[]; generation: number }[] = []
  readonly consumer: Consumer

  constructor(kafka: Kafka, groupId: string) {
    this.consumer = kafka.consumer({ groupId, ...session, maxWaitTimeInMs: 100 })
    this.consumer.on('consumer.group_join', ({ payload }) => {
      this.joins.push({ partitions: Object.values(payload.memberAssignment).flat(), generation: this.joins.length })
    })
    closing.push(() => this.consumer.disconnect())
  }

  async run(topic: string): Promise<this> {
    await this.consumer.connect()
    await this.consumer.subscribe({ topic, fromBeginning: true })
    await this.consumer.run({
      autoCommitInterval: 50,
      eachMessage: async ({ message }) => {
        this.read.push(String(message.value))
      },
    })
    return this
  }

  get partitions(): number[] {
    return this.joins.at(-1)?.partitions ?? []
  }
}

describe('kafkajs groups', () => {
  test('two members share the partitions, and the one that stays takes over', async () => {
    const { kafka } = await start()
    await createTopic(kafka, 't', 4)
    const a = await new Reader(kafka, 'g').run('t')
    await until('a has all', () => a.partitions.length === 4)
    await produce(kafka, 't', 4, 'one')
    await until('a reads all', () => a.read.length === 4)
    const b = await new Reader(kafka, 'g').run('t')
    await until('each has two', () => a.partitions.length === 2 && b.partitions.length === 2)
    expect([...a.partitions, ...b.partitions].sort()).toEqual([0, 1, 2, 3])
    await produce(kafka, 't', 4, 'two')
    await until('both read', () => a.read.length === 6 && b.read.length === 2)
    expect(b.read.sort()).toEqual(b.partitions.map((partition) => `p${partition}-two`).sort())
    await b.consumer.disconnect()
    await until('a has all again', () => a.partitions.length === 4)
    await produce(kafka, 't', 4, 'three')
    await until('a reads all again', () => a.read.filter((value) => value.endsWith('three')).length === 4)
    expect([...a.read, ...b.read].sort()).toEqual(['one', 'three', 'two'].flatMap((name) => [0, 1, 2, 3].map((p) => `p${p}-${name}`)).sort())
  })

  test('a group resumes where it committed', async () => {
    const { kafka } = await start()
    await createTopic(kafka, 't', 2)
    await produce(kafka, 't', 2, 'one')
    const a = await new Reader(kafka, 'g').run('t')
    await until('a reads', () => a.read.length === 2)
    await a.consumer.disconnect()
    await produce(kafka, 't', 2, 'two')
    const b = await new Reader(kafka, 'g').run('t')
    await until('b reads', () => b.read.length === 2)
    expect(b.read.sort()).toEqual(['p0-two', 'p1-two'])
    await b.consumer.disconnect()
    const admin = kafka.admin()
    await admin.connect()
    closing.push(() => admin.disconnect())
    const [fetched] = await admin.fetchOffsets({ groupId: 'g', topics: ['t'] })
    expect(fetched?.partitions.map(({ partition, offset }) => [partition, offset]).sort()).toEqual([
      [0, '2'],
      [1, '2'],
    ])
    expect((await admin.listGroups()).groups).toEqual([{ groupId: 'g', protocolType: 'consumer' }])
    expect((await admin.describeGroups(['g'])).groups).toMatchObject([{ groupId: 'g', state: 'Empty', members: [] }])
    const c = await new Reader(kafka, 'g').run('t')
    await until('c is in', () => c.partitions.length === 2)
    await expect(admin.deleteGroups(['g'])).rejects.toThrow()
    await c.consumer.disconnect()
    await admin.deleteGroups(['g'])
    expect((await admin.listGroups()).groups).toEqual([])
  })

  test('a member that is killed is missed after its session, and its partitions move', async () => {
    const { broker, kafka } = await start()
    await createTopic(kafka, 't', 2)
    const victim = spawnMember(broker.brokers[0]!, 1500)
    const a = await new Reader(kafka, 'g').run('t')
    await until('each has one', () => a.partitions.length === 1)
    victim.kill('SIGKILL')
    await until('a has both', () => a.partitions.length === 2)
    await produce(kafka, 't', 2, 'one')
    await until('a reads both', () => a.read.length === 2)
  })

  test('after a restart live members carry on: the same generation, no rebalance, nothing read twice', async () => {
    const data = mkdtempSync(join(tmpdir(), 'twinlog-groups-'))
    closing.push(() => rmSync(data, { recursive: true, force: true }))
    const address = { host: '127.0.0.1', port: await reservedPort() }
    const { broker, kafka } = await start({ data, kafka: address })
    await createTopic(kafka, 't', 2)
    const a = await new Reader(kafka, 'g').run('t')
    await until('a has all', () => a.partitions.length === 2)
    const b = await new Reader(kafka, 'g').run('t')
    await until('each has one', () => a.partitions.length === 1 && b.partitions.length === 1)
    await produce(kafka, 't', 2, 'one')
    await until('both read', () => a.read.length === 1 && b.read.length === 1)
    const joins = a.joins.length + b.joins.length
    await broker.close()
    const again = await createBroker({ settings, data, kafka: address })
    closing.push(() => again.close())
    await produce(kafka, 't', 2, 'two')
    await until('both read on', () => a.read.length === 2 && b.read.length === 2)
    expect(a.joins.length + b.joins.length).toBe(joins)
    expect([...a.read, ...b.read].sort()).toEqual(['p0-one', 'p0-two', 'p1-one', 'p1-two'])
    await Promise.all([a.consumer.disconnect(), b.consumer.disconnect()])
  })
})

/** A member in a process of its own, so that it can be killed without leaving. */
function spawnMember(address: string, sessionTimeoutMs: number): ChildProcess {
  const script = `
    import kafkajs from 'kafkajs'
    const kafka = new kafkajs.Kafka({ brokers: ['${address}'], logLevel: kafkajs.logLevel.NOTHING })
    const consumer = kafka.consumer({ groupId: 'g', sessionTimeout: ${sessionTimeoutMs}, heartbeatInterval: 100, rebalanceTimeout: 10000 })
    await consumer.connect()
    await consumer.subscribe({ topic: 't' })
    await consumer.run({ eachMessage: async () => {} })`
  const child = spawn(process.execPath, ['--input-type=module', '--eval', script], { stdio: 'inherit' })
  closing.push(() => child.kill('SIGKILL'))
  return child
}

describe('@platformatic/kafka groups', () => {
  async function join(
    broker: Broker,
    clientId: string,
    groupInstanceId?: string,
  ): Promise<{ consumer: PlatformaticConsumer<string, string, string, string>; read: string[]; leave(): Promise<void> }> {
    const consumer = new PlatformaticConsumer({
      clientId,
      groupId: 'g',
      bootstrapBrokers: broker.brokers,
      deserializers: stringDeserializers,
      ...session,
      ...patient,
      ...(groupInstanceId === undefined ? {} : { groupInstanceId }),
    })
    const stream = await consumer.consume({ topics: ['t'], mode: 'committed', fallbackMode: 'earliest', autocommit: 50, maxWaitTime: 100 })
    const read: string[] = []
    stream.on('data', (message) => read.push(message.value))
    stream.on('error', () => {})
    const member = { consumer, read, leave: () => leave(consumer, stream) }
    closing.push(member.leave)
    return member
  }

  const partitionsOf = (consumer: PlatformaticConsumer<string, string, string, string>): number[] =>
    consumer.assignments?.flatMap(({ partitions }) => partitions) ?? []

  test('two members share the partitions with the newest protocol versions', async () => {
    const { broker, kafka } = await start()
    await createTopic(kafka, 't', 4)
    const a = await join(broker, 'a')
    expect(partitionsOf(a.consumer).length).toBe(4)
    const b = await join(broker, 'b')
    await until('each has two', () => partitionsOf(a.consumer).length === 2 && partitionsOf(b.consumer).length === 2)
    await produce(kafka, 't', 4, 'one')
    // A fetch that was under way when the partitions moved may bring a message twice; nobody may miss one.
    const readsItsOwn = ({ consumer, read }: typeof a): boolean => partitionsOf(consumer).every((partition) => read.includes(`p${partition}-one`))
    await until('both read', () => readsItsOwn(a) && readsItsOwn(b))
    await b.leave()
    await until('a has all', () => partitionsOf(a.consumer).length === 4)
    await produce(kafka, 't', 4, 'two')
    await until('a reads all', () => a.read.filter((value) => value.endsWith('two')).length === 4)
  })

  test('a static member that comes back within its session finds its partitions, and nobody rebalances', async () => {
    const { broker, kafka } = await start()
    await createTopic(kafka, 't', 2)
    const a = await join(broker, 'a', 'ia')
    const b = await join(broker, 'b', 'ib')
    await until('each has one', () => partitionsOf(a.consumer).length === 1 && partitionsOf(b.consumer).length === 1)
    const before = partitionsOf(b.consumer)
    const generation = a.consumer.generationId
    // The same instance again, as after a crash: it takes the other one's place.
    const again = await join(broker, 'b', 'ib')
    expect(partitionsOf(again.consumer)).toEqual(before)
    await produce(kafka, 't', 2, 'one')
    // The former self still runs, and may be faster until its next heartbeat is fenced.
    await until('both read', () => new Set([...a.read, ...b.read, ...again.read]).size === 2)
    expect(a.consumer.generationId).toBe(generation)
    expect(again.consumer.generationId).toBe(generation)
  })
})
