// broker.fail(): real clients of both doors meet the errors that a test asks for, as often as it asks, and recover as they do from a real broker's.
import { KinesisClient, ListStreamsCommand, PutRecordCommand } from '@aws-sdk/client-kinesis'
import { NodeHttp2Handler } from '@smithy/node-http-handler'
import kafkajs, { type Kafka, type Producer } from 'kafkajs'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { type Broker, createBroker, type Fault } from '../../src/index.ts'

let broker: Broker
let kafka: Kafka
let kinesis: KinesisClient
beforeAll(async () => {
  broker = await createBroker({ settings: { 'create.topics': 'orders' } })
  kafka = new kafkajs.Kafka({ brokers: broker.brokers, logLevel: kafkajs.logLevel.NOTHING, retry: { initialRetryTime: 5, retries: 4 } })
  kinesis = clientOf({ maxAttempts: 1 })
})
beforeEach(() => broker.reset())
afterAll(async () => {
  kinesis?.destroy()
  await broker?.close()
})

const clientOf = (options: object): KinesisClient =>
  new KinesisClient({ endpoint: broker.aws.url, region: 'us-east-1', credentials: { accessKeyId: 'x', secretAccessKey: 'x' }, ...options })

async function produce(options: { idempotent?: boolean; acks?: number }, ...values: string[]): Promise<void> {
  const producer: Producer = kafka.producer({ createPartitioner: kafkajs.Partitioners.DefaultPartitioner, idempotent: options.idempotent ?? false })
  await producer.connect()
  try {
    for (const value of values)
      await producer.send({ topic: 'orders', messages: [{ value }], ...(options.acks !== undefined && { acks: options.acks }) })
  } finally {
    await producer.disconnect()
  }
}

const put = (client: KinesisClient, data: string): Promise<unknown> =>
  client.send(new PutRecordCommand({ StreamName: 'orders', PartitionKey: 'k', Data: Buffer.from(data) }))

/** How many records the topic has. */
async function stored(): Promise<string | undefined> {
  const admin = kafka.admin()
  await admin.connect()
  const [partition] = await admin.fetchTopicOffsets('orders')
  await admin.disconnect()
  return partition?.high
}

const requests = async (operation: string, error: string): Promise<number> => {
  const text = await (await fetch(`${broker.admin.url}/metrics`)).text()
  return Number(new RegExp(`operation="${operation}",error="${error}"\\} (\\d+)`).exec(text)?.[1] ?? 0)
}

describe('a Kafka client', () => {
  it('meets an error as often as it is asked for, and its retry gets through', async () => {
    broker.fail({ operation: 'Produce', error: 'NOT_LEADER_OR_FOLLOWER', times: 2 })
    await produce({}, 'a')
    expect([await stored(), await requests('Produce', 'NOT_LEADER_OR_FOLLOWER')]).toEqual(['1', 2])
  })

  it('that is cut off after the deed writes twice, and with idempotence once', async () => {
    const lost: Fault = { operation: 'Produce', error: 'disconnect', when: 'after' }
    broker.fail(lost)
    await produce({}, 'a')
    expect(await stored()).toBe('2')
    broker.fail(lost)
    await produce({ idempotent: true }, 'b')
    expect(await stored()).toBe('3')
  })

  it('that is cut off before the deed has done nothing', async () => {
    broker.fail({ operation: 'Produce', error: 'disconnect' })
    await produce({}, 'a')
    expect(await stored()).toBe('1')
  })

  it('sees nothing any more of a fault that was taken back, or that came before a reset', async () => {
    const takeBack = broker.fail({ operation: 'Produce', error: 'TOPIC_AUTHORIZATION_FAILED', times: Number.POSITIVE_INFINITY })
    await expect(produce({}, 'a')).rejects.toThrow(/authorized/i)
    takeBack()
    await produce({}, 'a')
    broker.fail({ operation: 'Produce', error: 'TOPIC_AUTHORIZATION_FAILED' })
    await broker.reset()
    await produce({}, 'a')
    expect(await stored()).toBe('1')
  })

  it('joins its group although the coordinator moved, was loading, and hung up', async () => {
    await produce({}, 'a')
    broker.fail({ operation: 'JoinGroup', error: 'NOT_COORDINATOR' })
    broker.fail({ operation: 'SyncGroup', error: 'REBALANCE_IN_PROGRESS' })
    broker.fail({ operation: 'OffsetFetch', error: 'disconnect' })
    const consumer = kafka.consumer({ groupId: 'g', maxWaitTimeInMs: 50 })
    await consumer.connect()
    await consumer.subscribe({ topic: 'orders', fromBeginning: true })
    const value = await new Promise<string>((seen) => void consumer.run({ eachMessage: async ({ message }) => seen(String(message.value)) }))
    await consumer.disconnect()
    expect(value).toBe('a')
  })
})

describe('an AWS client', () => {
  it('meets an error as often as it is asked for, and its retry gets through', async () => {
    broker.fail({ operation: 'PutRecord', error: 'ProvisionedThroughputExceededException' })
    await expect(put(kinesis, 'a')).rejects.toMatchObject({ name: 'ProvisionedThroughputExceededException', $metadata: { httpStatusCode: 400 } })
    broker.fail({ operation: 'PutRecord', error: 'InternalFailure' })
    await expect(put(kinesis, 'a')).rejects.toMatchObject({ name: 'InternalFailure', $metadata: { httpStatusCode: 500 } })
    broker.fail({ operation: 'PutRecord', error: 'InternalFailure' })
    const patient = clientOf({ maxAttempts: 3 })
    await put(patient, 'a')
    patient.destroy()
    expect(await stored()).toBe('1')
  })

  it.each([
    ['HTTP/1.1', {}],
    ['HTTP/2', { requestHandler: new NodeHttp2Handler() }],
  ])('is cut off over %s, before or after the deed, and other operations go on', async (_name, options) => {
    const client = clientOf({ maxAttempts: 1, ...options })
    broker.fail({ operation: 'PutRecord', error: 'disconnect' })
    await expect(put(client, 'a')).rejects.toThrow()
    expect(await stored()).toBe('0')
    broker.fail({ operation: 'PutRecord', error: 'disconnect', when: 'after' })
    await expect(put(client, 'a')).rejects.toThrow()
    expect(await stored()).toBe('1')
    expect((await client.send(new ListStreamsCommand())).StreamNames).toEqual(['orders'])
    client.destroy()
  })
})

it.each([
  [{ operation: 'Produse', error: 'NOT_LEADER_OR_FOLLOWER' }, 'Produse is neither a Kafka API nor a Kinesis operation that is served'],
  [{ operation: 'Produce', error: 'NONE' }, "NONE is neither 'disconnect' nor an error of Kafka’s protocol"],
  [{ operation: 'PutRecord', error: 'NOT_LEADER_OR_FOLLOWER' }, "NOT_LEADER_OR_FOLLOWER is neither 'disconnect' nor an error of AWS’s"],
  [{ operation: 'PutRecord', error: 'disconnect', when: 'later' }, "later is neither 'before' nor 'after'"],
  [{ operation: 'PutRecord', error: 'disconnect', times: 0 }, '0 is not a number of times from 1'],
])('%j cannot be', (fault, message) => {
  expect(() => broker.fail(fault as Fault)).toThrow(new TypeError(message))
})
