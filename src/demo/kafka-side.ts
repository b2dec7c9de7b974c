// The demo as a Kafka user sees it: kafkajs produces, and a consumer group of two reads.
import { randomUUID } from 'node:crypto'
import kafkajs, { type Consumer, type Kafka } from 'kafkajs'
import type { DemoRecord } from './data.ts'
import { Readings } from './readings.ts'

const { Kafka: KafkaClient, logLevel, Partitioners } = kafkajs
const batchRecords = 1000

/** Silent: kafkajs reports the rebalance that a second member brings as an error. What really fails is thrown. */
export const kafkaClient = (broker: string): Kafka => new KafkaClient({ clientId: 'twinlog-demo', brokers: [broker], logLevel: logLevel.NOTHING })

export async function createTopic(kafka: Kafka, topic: string, partitions: number): Promise<void> {
  const admin = kafka.admin()
  await admin.connect()
  await admin.createTopics({ topics: [{ topic, numPartitions: partitions }] })
  await admin.disconnect()
}

/** Produces in order; `told` hears how many are acknowledged. */
export async function produce(kafka: Kafka, topic: string, records: readonly DemoRecord[], told: (count: number) => void): Promise<undefined> {
  const producer = kafka.producer({ createPartitioner: Partitioners.DefaultPartitioner })
  await producer.connect()
  for (let at = 0; at < records.length; at += batchRecords) {
    await producer.send({ topic, messages: records.slice(at, at + batchRecords), acks: -1 })
    told(Math.min(records.length, at + batchRecords))
  }
  await producer.disconnect()
}

/** Reads `count` records as a group of two members, one after the other in each partition. */
export async function consume(kafka: Kafka, topic: string, count: number, told: (count: number) => void): Promise<Readings> {
  const readings = new Readings()
  const groupId = `demo-${randomUUID()}`
  const members: Consumer[] = [kafka.consumer({ groupId, maxWaitTimeInMs: 100 }), kafka.consumer({ groupId, maxWaitTimeInMs: 100 })]
  try {
    await new Promise<void>((done, failed) => {
      const join = async (member: Consumer) => {
        await member.connect()
        await member.subscribe({ topic, fromBeginning: true })
        member.on(member.events.CRASH, ({ payload }) => failed(payload.error))
        await member.run({
          eachMessage: async ({ partition, message }) => {
            // A record that a rebalance made come again is not another record.
            if (!readings.add(partition, Number(message.offset), message.key ?? Buffer.alloc(0), message.value ?? Buffer.alloc(0))) return
            told(readings.records)
            if (readings.records >= count) done()
          },
        })
      }
      Promise.all(members.map(join)).catch(failed)
    })
    return readings
  } finally {
    await Promise.all(members.map((member) => member.disconnect()))
  }
}
