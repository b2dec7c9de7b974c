// Kinesis's CloudWatch metrics in /metrics: counted from what the AWS SDK did, read as Prometheus reads them.
import {
  CreateStreamCommand,
  DeleteStreamCommand,
  DeregisterStreamConsumerCommand,
  DisableEnhancedMonitoringCommand,
  EnableEnhancedMonitoringCommand,
  GetRecordsCommand,
  GetShardIteratorCommand,
  KinesisClient,
  PutRecordCommand,
  PutRecordsCommand,
  RegisterStreamConsumerCommand,
  SubscribeToShardCommand,
} from '@aws-sdk/client-kinesis'
import { afterEach, expect, it } from 'vitest'
import { type Broker, createBroker } from '../../src/broker.ts'
import { ManualClock } from '../../src/clock.ts'
import { type Family, parsePrometheus, sampleOf } from './prometheus-text.ts'

let clock: ManualClock
let broker: Broker
let client: KinesisClient

async function start(settings: Record<string, string | number> = {}): Promise<void> {
  clock = new ManualClock()
  broker = await createBroker({ clock, settings: settings as never })
  client = new KinesisClient({
    endpoint: broker.aws.url,
    region: 'us-east-1',
    credentials: { accessKeyId: 'x', secretAccessKey: 'x' },
    maxAttempts: 1,
  })
}
afterEach(async () => {
  client.destroy()
  await broker.close()
})

async function scrape(): Promise<Map<string, Family>> {
  const response = await fetch(`${broker.admin.url}/metrics`)
  return parsePrometheus(await response.text())
}
const create = (StreamName: string, ShardCount = 1) => client.send(new CreateStreamCommand({ StreamName, ShardCount }))
const put = (StreamName: string, count: number, bytes = 10, key = 'key') =>
  client.send(new PutRecordsCommand({ StreamName, Records: Array.from({ length: count }, () => ({ PartitionKey: key, Data: Buffer.alloc(bytes) })) }))
async function read(StreamName: string, Limit = 100) {
  const { ShardIterator } = await client.send(new GetShardIteratorCommand({ StreamName, ShardId: '0', ShardIteratorType: 'TRIM_HORIZON' }))
  return client.send(new GetRecordsCommand({ ShardIterator, Limit }))
}

it('shows CloudWatch’s names for what was put and read, by stream', async () => {
  await start()
  await create('s')
  await client.send(new PutRecordCommand({ StreamName: 's', PartitionKey: 'key', Data: Buffer.alloc(20) }))
  await put('s', 4)
  await clock.advance(7000)
  await put('s', 1)
  await read('s', 2)
  await read('s')
  await expect(put('s', 1, 2 ** 20 + 1)).rejects.toThrow('less than or equal to 1048576')
  const families = await scrape()
  const of = (name: string): number | undefined => sampleOf(families, name, { stream: 's' })
  expect(of('twinlog_kinesis_incoming_bytes_total')).toBe(23 + 5 * 13)
  expect(of('twinlog_kinesis_incoming_records_total')).toBe(6)
  expect(of('twinlog_kinesis_put_record_bytes_total')).toBe(23)
  expect(of('twinlog_kinesis_put_record_success_total')).toBe(1)
  expect(of('twinlog_kinesis_put_record_latency_milliseconds_count')).toBe(1)
  expect(of('twinlog_kinesis_put_record_latency_milliseconds_sum')).toBeGreaterThan(0)
  expect(of('twinlog_kinesis_put_records_bytes_total')).toBe(65)
  expect(of('twinlog_kinesis_put_records_success_total')).toBe(2)
  expect(of('twinlog_kinesis_put_records_latency_milliseconds_count')).toBe(3)
  expect(of('twinlog_kinesis_put_records_total_records_total')).toBe(5)
  expect(of('twinlog_kinesis_put_records_successful_records_total')).toBe(5)
  expect(of('twinlog_kinesis_get_records_records_total')).toBe(8)
  expect(of('twinlog_kinesis_get_records_bytes_total')).toBe(23 + 13 + 88)
  expect(of('twinlog_kinesis_get_records_success_total')).toBe(2)
  // The slower of the two readers: seven seconds behind after its first two records.
  expect(of('twinlog_kinesis_get_records_iterator_age_milliseconds')).toBe(7000)
  expect(families.get('twinlog_kinesis_put_records_throttled_records_total')!.help).toContain('PutRecords.ThrottledRecords')
  await clock.advance(60_000)
  expect(sampleOf(await scrape(), 'twinlog_kinesis_get_records_iterator_age_milliseconds')).toBeUndefined()
})

it('counts what the limits refuse', async () => {
  await start({ 'kinesis.limits': 'on' })
  await create('s')
  await client.send(new EnableEnhancedMonitoringCommand({ StreamName: 's', ShardLevelMetrics: ['ALL'] }))
  for (let i = 0; i < 2; i++) await put('s', 500, 1)
  expect((await put('s', 3, 1)).FailedRecordCount).toBe(3)
  await expect(client.send(new PutRecordCommand({ StreamName: 's', PartitionKey: 'k', Data: Buffer.alloc(1) }))).rejects.toThrow('Rate exceeded')
  const { ShardIterator } = await client.send(new GetShardIteratorCommand({ StreamName: 's', ShardId: '0', ShardIteratorType: 'TRIM_HORIZON' }))
  for (let i = 0; i < 5; i++) await client.send(new GetRecordsCommand({ ShardIterator, Limit: 1 }))
  await expect(client.send(new GetRecordsCommand({ ShardIterator }))).rejects.toThrow('Rate exceeded')
  const families = await scrape()
  const of = (name: string): number | undefined => sampleOf(families, name, { stream: 's' })
  expect(of('twinlog_kinesis_write_provisioned_throughput_exceeded_total')).toBe(4)
  expect(of('twinlog_kinesis_put_records_throttled_records_total')).toBe(3)
  expect(of('twinlog_kinesis_put_records_failed_records_total')).toBe(0)
  expect(of('twinlog_kinesis_put_records_success_total')).toBe(2)
  expect(of('twinlog_kinesis_put_record_success_total')).toBe(0)
  expect(of('twinlog_kinesis_read_provisioned_throughput_exceeded_total')).toBe(1)
  expect(of('twinlog_kinesis_get_records_latency_milliseconds_count')).toBe(6)
  expect(of('twinlog_kinesis_shard_write_provisioned_throughput_exceeded_total')).toBe(4)
  expect(of('twinlog_kinesis_shard_read_provisioned_throughput_exceeded_total')).toBe(1)
})

it('has series of shards as EnableEnhancedMonitoring switches them', async () => {
  await start()
  await create('s', 2)
  await put('s', 1)
  await client.send(new EnableEnhancedMonitoringCommand({ StreamName: 's', ShardLevelMetrics: ['IncomingRecords', 'OutgoingBytes'] }))
  // MD5('key') and MD5('b') fall into the lower and the upper half.
  await put('s', 3, 10, 'key')
  await put('s', 2, 10, 'b')
  await read('s')
  const families = await scrape()
  const shards = (name: string) => families.get(name)!.samples.map(({ labels, value }) => [labels['stream'], labels['shard']?.slice(-1), value])
  expect(shards('twinlog_kinesis_shard_incoming_records_total').toSorted()).toEqual([
    ['s', '0', 3],
    ['s', '1', 2],
  ])
  expect(sampleOf(families, 'twinlog_kinesis_shard_outgoing_bytes_total', { shard: 'shardId-000000000000' })).toBe(52)
  expect(shards('twinlog_kinesis_shard_incoming_bytes_total')).toEqual([])
  expect(shards('twinlog_kinesis_shard_iterator_age_milliseconds')).toEqual([])
  await client.send(new DisableEnhancedMonitoringCommand({ StreamName: 's', ShardLevelMetrics: ['ALL'] }))
  expect((await scrape()).get('twinlog_kinesis_shard_incoming_records_total')!.samples).toEqual([])
})

it('counts subscriptions and their events by consumer', async () => {
  await start()
  await create('s')
  await put('s', 2)
  const { Consumer } = await client.send(
    new RegisterStreamConsumerCommand({ StreamARN: 'arn:aws:kinesis:us-east-1:000000000000:stream/s', ConsumerName: 'fan' }),
  )
  const ConsumerARN = Consumer!.ConsumerARN!
  const subscribe = () => client.send(new SubscribeToShardCommand({ ConsumerARN, ShardId: '0', StartingPosition: { Type: 'TRIM_HORIZON' } }))
  const { EventStream } = await subscribe()
  const events = EventStream![Symbol.asyncIterator]()
  await events.next()
  await expect(subscribe()).rejects.toThrow('Another active subscription')
  const families = await scrape()
  const of = (name: string): number | undefined => sampleOf(families, name, { stream: 's', consumer: 'fan' })
  expect(of('twinlog_kinesis_subscribe_to_shard_success_total')).toBe(1)
  expect(of('twinlog_kinesis_subscribe_to_shard_rate_exceeded_total')).toBe(1)
  expect(of('twinlog_kinesis_subscribe_to_shard_event_success_total')).toBe(1)
  expect(of('twinlog_kinesis_subscribe_to_shard_event_records_total')).toBe(2)
  expect(of('twinlog_kinesis_subscribe_to_shard_event_bytes_total')).toBe(26)
  expect(of('twinlog_kinesis_subscribe_to_shard_event_millis_behind_latest')).toBe(0)
  await client.send(new DeregisterStreamConsumerCommand({ ConsumerARN }))
  expect((await scrape()).get('twinlog_kinesis_subscribe_to_shard_success_total')!.samples).toEqual([])
  // The exception that ends it is read, so that its connection can close.
  await expect(events.next()).rejects.toMatchObject({ name: 'ResourceNotFoundException' })
})

it('bounds its series, and forgets deleted streams', async () => {
  await start({ 'metrics.topics.max': 2, 'metrics.partitions.max': 3 })
  for (const name of ['a', 'b', 'c', 'd']) await create(name, 4)
  await client.send(new EnableEnhancedMonitoringCommand({ StreamName: 'a', ShardLevelMetrics: ['ALL'] }))
  for (const name of ['a', 'b', 'c', 'd']) for (let key = 0; key < 20; key++) await put(name, 1, 1, `${key}`)
  const families = await scrape()
  const records = families.get('twinlog_kinesis_incoming_records_total')!.samples.map(({ labels, value }) => [labels['stream'], value])
  expect(records).toEqual([
    ['a', 20],
    ['b', 20],
    ['_other', 40],
  ])
  expect(families.get('twinlog_kinesis_shard_incoming_records_total')!.samples).toHaveLength(3)
  await client.send(new DeleteStreamCommand({ StreamName: 'a' }))
  expect(sampleOf(await scrape(), 'twinlog_kinesis_incoming_records_total', { stream: 'a' })).toBeUndefined()
})
