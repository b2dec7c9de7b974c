// Shards split and merge while both protocols write and read: nothing is lost, nothing is seen twice, and order holds.
import {
  type ChildShard,
  CreateStreamCommand,
  GetRecordsCommand,
  GetShardIteratorCommand,
  MergeShardsCommand,
  PutRecordsCommand,
  SplitShardCommand,
  UpdateShardCountCommand,
} from '@aws-sdk/client-kinesis'
import { Partitioners } from 'kafkajs'
import { expect, test } from 'vitest'
import { twoDoors } from './two-doors.ts'

const StreamName = 'traffic'
const doors = twoDoors()

/** Reads a stream as a Kinesis consumer library does: shards in parallel, a child once all its parents are done. */
class StreamReader {
  readonly seen: string[] = []
  #parentsDone = new Map<string, number>()
  #shards: Promise<void>[] = []
  #stopped = false

  start(shardId: string): void {
    this.#shards.push(this.#read(shardId))
  }

  async #read(ShardId: string): Promise<void> {
    let { ShardIterator } = await doors.kinesis.send(new GetShardIteratorCommand({ StreamName, ShardId, ShardIteratorType: 'TRIM_HORIZON' }))
    while (ShardIterator) {
      const page = await doors.kinesis.send(new GetRecordsCommand({ ShardIterator, Limit: 50 }))
      this.seen.push(...page.Records!.map(({ PartitionKey, Data }) => `${PartitionKey} ${Buffer.from(Data!)}`))
      ShardIterator = page.NextShardIterator
      for (const child of page.ChildShards ?? []) this.#parentDone(child)
      if (this.#stopped && page.Records!.length === 0) return
    }
  }

  #parentDone({ ShardId, ParentShards }: ChildShard): void {
    const done = (this.#parentsDone.get(ShardId!) ?? 0) + 1
    this.#parentsDone.set(ShardId!, done)
    if (done === ParentShards!.length) this.start(ShardId!)
  }

  /** Until every open shard is read to its end. */
  async stop(): Promise<void> {
    this.#stopped = true
    for (let waited = 0; waited < this.#shards.length; waited++) await this.#shards[waited]
  }
}

test('records of both producers reach both readers once, and in order, through splits, merges and a new shard count', async () => {
  await doors.kinesis.send(new CreateStreamCommand({ StreamName, ShardCount: 2 }))
  const sent: string[] = []
  let writing = true

  const kinesisProducer = (async () => {
    for (let round = 0; writing; round++) {
      const Records = Array.from({ length: 20 }, (_, i) => ({ PartitionKey: `aws-${i}`, Data: Buffer.from(`${round}`) }))
      const answer = await doors.kinesis.send(new PutRecordsCommand({ StreamName, Records }))
      expect(answer.FailedRecordCount).toBe(0)
      sent.push(...Records.map(({ PartitionKey, Data }) => `${PartitionKey} ${Data}`))
    }
  })()
  // To one partition, which no merge retires: which ones do, a Kafka producer cannot know.
  const producer = doors.kafka.producer({ createPartitioner: Partitioners.DefaultPartitioner })
  await producer.connect()
  const kafkaProducer = (async () => {
    for (let round = 0; writing; round++) {
      const messages = Array.from({ length: 5 }, (_, i) => ({ key: `kafka-${i}`, value: `${round}`, partition: 0 }))
      await producer.send({ topic: StreamName, messages })
      sent.push(...messages.map(({ key, value }) => `${key} ${value}`))
    }
  })()

  const reader = new StreamReader()
  reader.start('shardId-000000000000')
  reader.start('shardId-000000000001')
  const consumer = doors.kafka.consumer({ groupId: 'group', metadataMaxAge: 200 })
  await consumer.connect()
  await consumer.subscribe({ topic: StreamName, fromBeginning: true })
  const consumed: string[] = []
  const places = new Set<string>()
  await consumer.run({
    eachMessage: async ({ partition, message }) => {
      places.add(`${partition}/${message.offset}`)
      consumed.push(`${message.key} ${message.value}`)
    },
  })

  const grown = async (): Promise<void> => {
    const before = sent.length
    await expect.poll(() => sent.length).toBeGreaterThan(before + 40)
  }
  await grown()
  await doors.kinesis.send(new SplitShardCommand({ StreamName, ShardToSplit: '0', NewStartingHashKey: String(2n ** 126n) }))
  await grown()
  await doors.kinesis.send(new SplitShardCommand({ StreamName, ShardToSplit: '1', NewStartingHashKey: String(3n * 2n ** 126n) }))
  await grown()
  await doors.kinesis.send(new MergeShardsCommand({ StreamName, ShardToMerge: '2', AdjacentShardToMerge: '3' }))
  await grown()
  await doors.kinesis.send(new UpdateShardCountCommand({ StreamName, TargetShardCount: 5, ScalingType: 'UNIFORM_SCALING' }))
  await grown()
  writing = false
  await Promise.all([kinesisProducer, kafkaProducer])
  await producer.disconnect()

  await expect.poll(() => consumed.length).toBe(sent.length)
  await reader.stop()
  await consumer.disconnect()
  expect(consumed.toSorted()).toEqual(sent.toSorted())
  expect(places.size).toBe(sent.length)
  expect(reader.seen.toSorted()).toEqual(sent.toSorted())
  // A Kinesis reader that honours parents sees each key in the order in which it was put.
  for (const key of new Set(sent.map((line) => line.split(' ')[0]))) {
    const rounds = reader.seen.filter((line) => line.startsWith(`${key} `)).map((line) => Number(line.split(' ')[1]))
    expect(rounds, key).toEqual(rounds.toSorted((a, b) => a - b))
  }
})
