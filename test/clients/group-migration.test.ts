// A rolling change of a live group's clients, over real sockets: kafkajs (classic protocol), then @platformatic/kafka in both protocols, member by member, there and back.
// Each round's messages are read once, whoever has the partition, and the next reader goes on where the one before it stopped.
import { Admin, Consumer, Producer, stringDeserializers, stringSerializers } from '@platformatic/kafka'
import type { Consumer as KafkaJsConsumer } from 'kafkajs'
import { afterEach, describe, expect, test } from 'vitest'
import { consumerGroupDescribe } from '../../protocol/messages/consumer-group-describe.ts'
import { describeGroups } from '../../protocol/messages/describe-groups.ts'
import { type Broker, createBroker } from '../../src/broker.ts'
import { Wire } from '../kafka/harness.ts'
import { until } from '../until.ts'
import { kafkaJs, leave, patient } from './patient.ts'

const partitionCount = 4
const settings = {
  'group.min.session.timeout.ms': 1000,
  'group.consumer.min.heartbeat.interval.ms': 50,
  'group.consumer.heartbeat.interval.ms': 50,
  'group.consumer.min.session.timeout.ms': 500,
  'group.consumer.session.timeout.ms': 60_000,
}
/** Nobody is to lose its place because this process is busy. */
const session = { sessionTimeout: 60_000, rebalanceTimeout: 60_000, heartbeatInterval: 50 }
const closing: (() => unknown)[] = []
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close()
})

/** Who read what; one list for all, so that a message that is read twice stands there twice. */
interface Reading {
  readonly by: string
  readonly partition: number
  readonly value: string
}

interface Member {
  leave(): Promise<void>
}

class Town {
  readonly broker: Broker
  readonly admin: Admin
  readonly producer: Producer<string, string, string, string>
  readonly readings: Reading[] = []
  readonly wire: Wire
  rounds = 0

  constructor(broker: Broker, wire: Wire) {
    this.wire = wire
    this.broker = broker
    this.admin = new Admin({ clientId: 'admin', bootstrapBrokers: broker.brokers, ...patient })
    this.producer = new Producer({ clientId: 'p', bootstrapBrokers: broker.brokers, serializers: stringSerializers, ...patient })
    closing.push(() => this.admin.close())
    closing.push(() => this.producer.close())
  }

  static async start(): Promise<Town> {
    const broker = await createBroker({ settings })
    closing.push(() => broker.close())
    const wire = await Wire.open(broker.kafka.port)
    closing.push(() => wire[Symbol.asyncDispose]())
    const town = new Town(broker, wire)
    await town.admin.createTopics({ topics: ['t'], partitions: partitionCount, replicas: 1 })
    return town
  }

  async old(name: string): Promise<Member> {
    const kafka = kafkaJs(this.broker.brokers, { clientId: name })
    const consumer: KafkaJsConsumer = kafka.consumer({ groupId: 'g', ...session, maxWaitTimeInMs: 50 })
    await consumer.connect()
    await consumer.subscribe({ topics: ['t'], fromBeginning: true })
    await consumer.run({
      eachMessage: async ({ partition, message }) => void this.readings.push({ by: name, partition, value: String(message.value) }),
    })
    const leave = async (): Promise<void> => consumer.disconnect()
    closing.push(leave)
    return { leave }
  }

  async modern(name: string, groupProtocol: 'consumer' | 'classic'): Promise<Member> {
    const consumer = new Consumer({
      clientId: name,
      groupId: 'g',
      groupProtocol,
      bootstrapBrokers: this.broker.brokers,
      deserializers: stringDeserializers,
      ...(groupProtocol === 'classic' ? session : { rebalanceTimeout: session.rebalanceTimeout }),
      ...patient,
    })
    const stream = await consumer.consume({ topics: ['t'], mode: 'committed', fallbackMode: 'earliest', autocommit: 50, maxWaitTime: 50 })
    stream.on('data', ({ partition, value }) => void this.readings.push({ by: name, partition, value }))
    stream.on('error', () => {})
    let left = false
    const member = {
      async leave(): Promise<void> {
        if (!left) await leave(consumer, stream)
        left = true
      },
    }
    closing.push(member.leave)
    return member
  }

  /** The group as its describe APIs show it: `consumer Stable 3`. */
  async group(): Promise<string> {
    const modern = (await this.wire.ask(consumerGroupDescribe, 1, { groupIds: ['g'], includeAuthorizedOperations: false })).groups[0]!
    if (modern.errorCode === 0) return `consumer ${modern.groupState} ${modern.members.length}`
    const classic = (await this.wire.ask(describeGroups, 6, { groups: ['g'], includeAuthorizedOperations: false })).groups[0]!
    return `classic ${classic.groupState} ${classic.members.length}`
  }

  /**
   * A message to each partition; each is read once, by as many members as there are, and its offset is committed before this ends. One goes ahead of it that answers
   * fetches which clients still had under way for partitions that they have let go of.
   */
  async round(members: number, state: string): Promise<void> {
    const name = `round${++this.rounds}`
    await until(`${name}: ${state}`, async () => (await this.group()) === `${state} ${members}`)
    await this.#send(`ahead${this.rounds}`, this.rounds * 2 - 1)
    const read = await this.#send(name, this.rounds * 2)
    expect(read.map(({ value }) => value).sort()).toEqual(Array.from({ length: partitionCount }, (_, partition) => `${name}-${partition}`))
    expect(new Set(read.map(({ by }) => by)).size).toBe(members)
  }

  async #send(name: string, endOffset: number): Promise<Reading[]> {
    await this.producer.send({
      messages: Array.from({ length: partitionCount }, (_, partition) => ({ topic: 't', partition, value: `${name}-${partition}` })),
    })
    const read = (): Reading[] => this.readings.filter(({ value }) => value.startsWith(`${name}-`))
    await until(`${name} is read`, () => new Set(read().map(({ value }) => value)).size === partitionCount)
    await until(`${name} is committed`, async () => (await this.#committed()).every((offset) => offset === endOffset))
    return read()
  }

  async #committed(): Promise<number[]> {
    const [group] = await this.admin.listConsumerGroupOffsets({ groups: ['g'] })
    const topic = group?.topics.find(({ name }) => name === 't')
    return Array.from({ length: partitionCount }, (_, at) =>
      Number(topic?.partitions.find(({ partitionIndex }) => partitionIndex === at)?.committedOffset ?? -1),
    )
  }
}

describe('a live group changes its protocol, client by client', () => {
  test('kafkajs members give way to the consumer protocol and come back; nothing is read twice and nothing is left out', async () => {
    const town = await Town.start()
    const one = await town.old('kafkajs-1')
    const two = await town.old('kafkajs-2')
    await town.round(2, 'classic Stable')
    const three = await town.modern('modern-3', 'consumer')
    await town.round(3, 'consumer Stable')
    await one.leave()
    await town.round(2, 'consumer Stable')
    const four = await town.modern('modern-4', 'consumer')
    await two.leave()
    await town.round(2, 'consumer Stable')
    const five = await town.old('kafkajs-5')
    await town.round(3, 'consumer Stable')
    await three.leave()
    await four.leave()
    await town.round(1, 'classic Stable')
    await five.leave()
  })

  test('the classic members of @platformatic/kafka live in a consumer group too', async () => {
    const town = await Town.start()
    const one = await town.modern('classic-1', 'classic')
    const two = await town.modern('modern-2', 'consumer')
    await town.round(2, 'consumer Stable')
    const three = await town.modern('classic-3', 'classic')
    await town.round(3, 'consumer Stable')
    await two.leave()
    await town.round(2, 'classic Stable')
    await one.leave()
    await town.round(1, 'classic Stable')
    await three.leave()
  })
})
