// Consumer groups (KIP-848) with a real client over real sockets: @platformatic/kafka with `groupProtocol: 'consumer'`. Who reads what, who takes over, and what a
// restart of the broker changes (nothing).
import { type ChildProcess, spawn } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Admin, Consumer, Producer, stringDeserializers, stringSerializers } from '@platformatic/kafka'
import { afterEach, describe, expect, test } from 'vitest'
import { reservedPort } from '../../benchmarks/reserved-port.ts'
import { type Broker, type BrokerOptions, createBroker } from '../../src/broker.ts'
import { until } from '../until.ts'
import { leave, patient } from './patient.ts'

/** Heartbeats short enough for a test that waits for them, and sessions that outlast whatever keeps this process busy. */
const settings = {
  'group.consumer.min.heartbeat.interval.ms': 50,
  'group.consumer.heartbeat.interval.ms': 50,
  'group.consumer.min.session.timeout.ms': 500,
  'group.consumer.session.timeout.ms': 60_000,
}
const closing: (() => unknown)[] = []
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close()
})

type GroupConsumer = Consumer<string, string, string, string>

interface Member {
  readonly consumer: GroupConsumer
  readonly read: string[]
  leave(): Promise<void>
}

async function start(options: BrokerOptions = {}): Promise<Broker> {
  const broker = await createBroker({ settings, ...options })
  closing.push(() => broker.close())
  return broker
}

async function createTopic(bootstrapBrokers: string[], topic: string, partitions: number): Promise<void> {
  const admin = new Admin({ clientId: 'admin', bootstrapBrokers, ...patient })
  await admin.createTopics({ topics: [topic], partitions, replicas: 1 })
  await admin.close()
}

/** One message per partition: `p0-a`, `p1-a` … */
async function produce(bootstrapBrokers: string[], topic: string, partitions: number, name: string): Promise<void> {
  const producer = new Producer({ clientId: 'p', bootstrapBrokers, serializers: stringSerializers, ...patient })
  await producer.send({ messages: Array.from({ length: partitions }, (_, partition) => ({ topic, partition, value: `p${partition}-${name}` })) })
  await producer.close()
}

async function enter(bootstrapBrokers: string[], clientId: string, topics: string[], more: { groupInstanceId?: string } = {}): Promise<Member> {
  const consumer: GroupConsumer = new Consumer({
    clientId,
    groupId: 'g',
    groupProtocol: 'consumer',
    bootstrapBrokers,
    deserializers: stringDeserializers,
    rebalanceTimeout: 60_000,
    ...patient,
    ...more,
  })
  const stream = await consumer.consume({ topics, mode: 'committed', fallbackMode: 'earliest', autocommit: 50, maxWaitTime: 50 })
  const read: string[] = []
  stream.on('data', (message) => read.push(message.value))
  stream.on('error', () => {})
  const member = { consumer, read, leave: () => leave(consumer, stream) }
  closing.push(member.leave)
  return member
}

const partitionsOf = ({ consumer }: Member): number[] => consumer.assignments?.flatMap(({ partitions }) => partitions) ?? []

/** A member in a process of its own, which prints a line once it has its partitions. */
function spawnMember(address: string): ChildProcess {
  const script = `
    import { Consumer } from '@platformatic/kafka'
    const consumer = new Consumer({ clientId: 'v', groupId: 'g', groupProtocol: 'consumer', bootstrapBrokers: ['${address}'], rebalanceTimeout: 60000 })
    const stream = await consumer.consume({ topics: ['t'], mode: 'latest' })
    stream.on('data', () => {})
    console.log('joined')`
  const child = spawn(process.execPath, ['--input-type=module', '--eval', script], { stdio: ['ignore', 'pipe', 'inherit'] })
  closing.push(() => child.kill('SIGKILL'))
  return child
}

describe('@platformatic/kafka with the consumer protocol', () => {
  test('two members share the partitions, every message is read, and the one that stays takes over', async () => {
    const { brokers } = await start()
    await createTopic(brokers, 't', 4)
    const a = await enter(brokers, 'a', ['t'])
    await until('a has all', () => partitionsOf(a).length === 4)
    const b = await enter(brokers, 'b', ['t'])
    await until('each has two', () => partitionsOf(a).length === 2 && partitionsOf(b).length === 2)
    expect([...partitionsOf(a), ...partitionsOf(b)].sort()).toEqual([0, 1, 2, 3])
    await produce(brokers, 't', 4, 'one')
    await until('both read', () => new Set([...a.read, ...b.read]).size === 4)
    await b.leave()
    await until('a has all again', () => partitionsOf(a).length === 4)
    await produce(brokers, 't', 4, 'two')
    await until('a reads all', () => a.read.filter((value) => value.endsWith('two')).length === 4)
  })

  test('a member that is killed without leaving loses its partitions when its session ends', async () => {
    const { brokers } = await start({ settings: { ...settings, 'group.consumer.session.timeout.ms': 2000 } })
    await createTopic(brokers, 't', 2)
    const victim = spawnMember(brokers[0]!)
    await new Promise((joined) => victim.stdout!.once('data', joined))
    const a = await enter(brokers, 'a', ['t'])
    await until('each has one', () => partitionsOf(a).length === 1)
    victim.kill('SIGKILL')
    await until('a has both', () => partitionsOf(a).length === 2)
    await produce(brokers, 't', 2, 'one')
    // A busy machine may make a itself miss its session, and come back to read again.
    await until('a reads both', () => new Set(a.read).size === 2)
  })

  test('after a restart of the broker the member carries on where it was', async () => {
    const data = mkdtempSync(join(tmpdir(), 'twinlog-consumer-groups-'))
    closing.push(() => rmSync(data, { recursive: true, force: true }))
    const address = { host: '127.0.0.1', port: await reservedPort() }
    const broker = await start({ data, kafka: address })
    const { brokers } = broker
    await createTopic(brokers, 't', 2)
    const a = await enter(brokers, 'a', ['t'])
    await produce(brokers, 't', 2, 'one')
    await until('it reads', () => a.read.length === 2)
    await until('its offsets are there', async () => (await committed(brokers)) === 2)
    await broker.close()
    await start({ data, kafka: address })
    await produce(brokers, 't', 2, 'two')
    await until('it reads on', () => a.read.length >= 4)
    expect([...a.read].sort()).toEqual(['p0-one', 'p0-two', 'p1-one', 'p1-two'])
    expect(partitionsOf(a).sort()).toEqual([0, 1])
    await a.leave()
  })
})

/** How many partitions of t have a committed offset of 1. */
async function committed(bootstrapBrokers: string[]): Promise<number> {
  const admin = new Admin({ clientId: 'admin', bootstrapBrokers, ...patient })
  try {
    const offsets = await admin.listConsumerGroupOffsets({ groups: [{ groupId: 'g', topics: [{ name: 't', partitionIndexes: [0, 1] }] }] })
    return offsets.flatMap(({ topics }) => topics.flatMap(({ partitions }) => partitions)).filter(({ committedOffset }) => committedOffset === 1n)
      .length
  } finally {
    await admin.close()
  }
}
