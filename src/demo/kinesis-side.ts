// The demo as a Kinesis user sees it: the AWS SDK for JavaScript v3 puts records in batches, and reads every shard from its start.
import {
  CreateStreamCommand,
  DescribeStreamSummaryCommand,
  GetRecordsCommand,
  GetShardIteratorCommand,
  KinesisClient,
  ListShardsCommand,
  PutRecordsCommand,
} from '@aws-sdk/client-kinesis'
import type { DemoRecord } from './data.ts'
import { Readings } from './readings.ts'

/** PutRecords takes this many. */
const batchRecords = 500
/** In a sequence number, the 64 bits from the 80th hold the Kafka offset. */
const offsetOf = (sequenceNumber: string): number => Number((BigInt(sequenceNumber) >> 80n) & 0xffff_ffff_ffff_ffffn)

/** The SDK tells of a version of Node's that it will leave next year: not this demo's matter. */
process.env['AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED'] ??= 'true'

export const kinesisClient = (endpoint: string): KinesisClient =>
  new KinesisClient({ endpoint, region: 'us-east-1', credentials: { accessKeyId: 'demo', secretAccessKey: 'demo' } })

export async function createStream(kinesis: KinesisClient, stream: string, shards: number): Promise<void> {
  await kinesis.send(new CreateStreamCommand({ StreamName: stream, ShardCount: shards }))
  for (;;) {
    const { StreamDescriptionSummary } = await kinesis.send(new DescribeStreamSummaryCommand({ StreamName: stream }))
    if (StreamDescriptionSummary?.StreamStatus === 'ACTIVE') return
  }
}

/** Puts in order; `told` hears how many are acknowledged. */
export async function put(kinesis: KinesisClient, stream: string, records: readonly DemoRecord[], told: (count: number) => void): Promise<undefined> {
  for (let at = 0; at < records.length; at += batchRecords) {
    const batch = records.slice(at, at + batchRecords)
    const Records = batch.map(({ key, value }) => ({ PartitionKey: key, Data: Buffer.from(value) }))
    const { FailedRecordCount } = await kinesis.send(new PutRecordsCommand({ StreamName: stream, Records }))
    if (FailedRecordCount) throw new Error(`${FailedRecordCount} records of a PutRecords failed`)
    told(at + batch.length)
  }
}

/** Reads every shard from TRIM_HORIZON until `count` records have come. */
export async function read(kinesis: KinesisClient, stream: string, count: number, told: (count: number) => void): Promise<Readings> {
  const readings = new Readings()
  const { Shards = [] } = await kinesis.send(new ListShardsCommand({ StreamName: stream }))
  const iterators = await Promise.all(
    Shards.map(async ({ ShardId }) => {
      const { ShardIterator } = await kinesis.send(new GetShardIteratorCommand({ StreamName: stream, ShardId, ShardIteratorType: 'TRIM_HORIZON' }))
      return { shard: Number(ShardId?.split('-')[1]), iterator: ShardIterator }
    }),
  )
  while (readings.records < count) {
    const before = readings.records
    for (const at of iterators) {
      const { Records = [], NextShardIterator } = await kinesis.send(new GetRecordsCommand({ ShardIterator: at.iterator, Limit: 10_000 }))
      at.iterator = NextShardIterator
      for (const { SequenceNumber = '0', PartitionKey = '', Data } of Records) {
        readings.add(at.shard, offsetOf(SequenceNumber), Buffer.from(PartitionKey), Buffer.from(Data ?? []))
      }
      told(readings.records)
    }
    if (readings.records === before) throw new Error(`only ${readings.records} of ${count} records came`)
  }
  return readings
}
