// The AWS SDK for JavaScript v3 against the AWS door, over HTTP/2 (its default for Kinesis) and HTTP/1.1: every operation there is.
import {
  CreateStreamCommand,
  DeleteStreamCommand,
  DescribeStreamCommand,
  DescribeStreamSummaryCommand,
  GetRecordsCommand,
  GetShardIteratorCommand,
  KinesisClient,
  ListShardsCommand,
  ListStreamsCommand,
  PutRecordCommand,
  PutRecordsCommand,
  paginateListStreams,
  type ShardIteratorType,
  waitUntilStreamExists,
  waitUntilStreamNotExists,
} from '@aws-sdk/client-kinesis'
import { NodeHttpHandler } from '@smithy/node-http-handler'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type DoorUnderTest, openDoor } from '../kinesis/harness.ts'

const credentials = { accessKeyId: 'local', secretAccessKey: 'local' }
const text = (bytes: Uint8Array | undefined): string => Buffer.from(bytes ?? []).toString()

describe.each(['HTTP/2', 'HTTP/1.1'] as const)('over %s', (protocol) => {
  let door: DoorUnderTest
  let client: KinesisClient

  beforeAll(async () => {
    door = await openDoor()
    client = new KinesisClient({
      endpoint: door.url,
      region: 'us-east-1',
      credentials,
      maxAttempts: 1,
      ...(protocol === 'HTTP/1.1' ? { requestHandler: new NodeHttpHandler() } : {}),
    })
  })
  afterAll(async () => {
    client.destroy()
    await door.close()
  })

  async function iterator(stream: string, shard: string, type: ShardIteratorType, more: object = {}): Promise<string> {
    const answer = await client.send(new GetShardIteratorCommand({ StreamName: stream, ShardId: shard, ShardIteratorType: type, ...more }))
    return answer.ShardIterator!
  }

  test('a stream is created, described by name and ARN, listed, and deleted', async () => {
    await client.send(new CreateStreamCommand({ StreamName: 'first', ShardCount: 3 }))
    await waitUntilStreamExists({ client, maxWaitTime: 10, minDelay: 1, maxDelay: 1 }, { StreamName: 'first' })
    const { StreamDescription: byName } = await client.send(new DescribeStreamCommand({ StreamName: 'first' }))
    expect(byName).toMatchObject({
      StreamName: 'first',
      StreamARN: 'arn:aws:kinesis:us-east-1:000000000000:stream/first',
      StreamStatus: 'ACTIVE',
      RetentionPeriodHours: 24,
      HasMoreShards: false,
      EncryptionType: 'NONE',
      StreamModeDetails: { StreamMode: 'PROVISIONED' },
    })
    expect(byName!.StreamCreationTimestamp!.getTime()).toBeLessThanOrEqual(Date.now())
    expect(byName!.Shards!.map(({ ShardId, HashKeyRange }) => [ShardId, HashKeyRange!.StartingHashKey, HashKeyRange!.EndingHashKey])).toEqual([
      ['shardId-000000000000', '0', '113427455640312821154458202477256070484'],
      ['shardId-000000000001', '113427455640312821154458202477256070485', '226854911280625642308916404954512140969'],
      ['shardId-000000000002', '226854911280625642308916404954512140970', '340282366920938463463374607431768211455'],
    ])
    const { StreamDescription: byArn } = await client.send(new DescribeStreamCommand({ StreamARN: byName!.StreamARN }))
    expect(byArn).toEqual(byName)
    const { StreamDescriptionSummary: summary } = await client.send(new DescribeStreamSummaryCommand({ StreamARN: byName!.StreamARN }))
    expect(summary).toMatchObject({ StreamName: 'first', OpenShardCount: 3, ConsumerCount: 0 })
    const { StreamNames, StreamSummaries } = await client.send(new ListStreamsCommand({}))
    expect(StreamNames).toEqual(['first'])
    expect(StreamSummaries![0]).toMatchObject({ StreamName: 'first', StreamStatus: 'ACTIVE' })
    await client.send(new DeleteStreamCommand({ StreamName: 'first' }))
    await waitUntilStreamNotExists({ client, maxWaitTime: 10, minDelay: 1, maxDelay: 1 }, { StreamName: 'first' })
  })

  test('shards and streams come in pages', async () => {
    for (const name of ['page-a', 'page-b', 'page-c']) await client.send(new CreateStreamCommand({ StreamName: name, ShardCount: 5 }))
    const first = await client.send(new DescribeStreamCommand({ StreamName: 'page-a', Limit: 2 }))
    expect(first.StreamDescription!.HasMoreShards).toBe(true)
    const rest = await client.send(
      new DescribeStreamCommand({ StreamName: 'page-a', ExclusiveStartShardId: first.StreamDescription!.Shards![1]!.ShardId }),
    )
    expect(rest.StreamDescription!.Shards!.map(({ ShardId }) => ShardId)).toEqual([
      'shardId-000000000002',
      'shardId-000000000003',
      'shardId-000000000004',
    ])

    const listed: string[] = []
    let answer = await client.send(new ListShardsCommand({ StreamName: 'page-a', MaxResults: 2 }))
    listed.push(...answer.Shards!.map(({ ShardId }) => ShardId!))
    while (answer.NextToken) {
      answer = await client.send(new ListShardsCommand({ NextToken: answer.NextToken }))
      listed.push(...answer.Shards!.map(({ ShardId }) => ShardId!))
    }
    expect(listed).toEqual([0, 1, 2, 3, 4].map((index) => `shardId-00000000000${index}`))

    const names: string[] = []
    for await (const page of paginateListStreams({ client, pageSize: 1 }, {})) names.push(...page.StreamNames!)
    expect(names).toEqual(['page-a', 'page-b', 'page-c'])
  })

  test('records come back from each of the five iterator types', async () => {
    await client.send(new CreateStreamCommand({ StreamName: 'read', ShardCount: 1 }))
    const shard = 'shardId-000000000000'
    const latest = await iterator('read', shard, 'LATEST')
    const put = []
    for (let i = 0; i < 5; i++) {
      put.push(await client.send(new PutRecordCommand({ StreamName: 'read', PartitionKey: `key ${i} ☃`, Data: Buffer.from(`value ${i}`) })))
    }
    expect(put.every(({ ShardId }) => ShardId === shard)).toBe(true)
    const numbers = put.map(({ SequenceNumber }) => BigInt(SequenceNumber!))
    expect(numbers.toSorted((a, b) => (a < b ? -1 : 1))).toEqual(numbers)

    const read = async (from: string, limit?: number) =>
      client.send(new GetRecordsCommand({ ShardIterator: from, ...(limit ? { Limit: limit } : {}) }))
    const all = await read(await iterator('read', shard, 'TRIM_HORIZON'))
    expect(all.Records!.map(({ PartitionKey, Data, SequenceNumber }) => [PartitionKey, text(Data), SequenceNumber])).toEqual(
      put.map(({ SequenceNumber }, i) => [`key ${i} ☃`, `value ${i}`, SequenceNumber]),
    )
    expect(all.MillisBehindLatest).toBe(0)
    expect(Math.abs(all.Records![0]!.ApproximateArrivalTimestamp!.getTime() - Date.now())).toBeLessThan(60_000)
    expect((await read(all.NextShardIterator!)).Records).toEqual([])

    const values = async (from: string): Promise<string[]> => (await read(from)).Records!.map(({ Data }) => text(Data))
    expect(await values(latest)).toHaveLength(5)
    expect(await values(await iterator('read', shard, 'LATEST'))).toEqual([])
    const { SequenceNumber: StartingSequenceNumber } = put[2]!
    expect(await values(await iterator('read', shard, 'AT_SEQUENCE_NUMBER', { StartingSequenceNumber }))).toEqual(['value 2', 'value 3', 'value 4'])
    expect(await values(await iterator('read', shard, 'AFTER_SEQUENCE_NUMBER', { StartingSequenceNumber }))).toEqual(['value 3', 'value 4'])
    const arrival = all.Records![0]!.ApproximateArrivalTimestamp!
    expect(await values(await iterator('read', shard, 'AT_TIMESTAMP', { Timestamp: arrival }))).toHaveLength(5)
    expect(await values(await iterator('read', shard, 'AT_TIMESTAMP', { Timestamp: new Date(0) }))).toHaveLength(5)

    const some = await read(await iterator('read', shard, 'TRIM_HORIZON'), 2)
    expect(some.Records).toHaveLength(2)
    expect(await values(some.NextShardIterator!)).toEqual(['value 2', 'value 3', 'value 4'])
  })

  test('PutRecords spreads records by MD5 and by explicit hash keys', async () => {
    await client.send(new CreateStreamCommand({ StreamName: 'many', ShardCount: 4 }))
    const Records = Array.from({ length: 500 }, (_, i) => ({ PartitionKey: `key-${i}`, Data: Buffer.from(`value-${i}`) }))
    const answer = await client.send(new PutRecordsCommand({ StreamName: 'many', Records }))
    expect(answer.FailedRecordCount).toBe(0)
    const byShard = new Map<string, string[]>()
    for (let shard = 0; shard < 4; shard++) {
      const id = `shardId-00000000000${shard}`
      const { Records: found } = await client.send(new GetRecordsCommand({ ShardIterator: await iterator('many', id, 'TRIM_HORIZON') }))
      byShard.set(
        id,
        found!.map(({ Data, SequenceNumber }) => `${SequenceNumber} ${text(Data)}`),
      )
    }
    for (const id of byShard.keys()) {
      const wanted = answer.Records!.map((record, i) => ({ ...record, value: `value-${i}` })).filter(({ ShardId }) => ShardId === id)
      expect(byShard.get(id)).toEqual(wanted.map(({ SequenceNumber, value }) => `${SequenceNumber} ${value}`))
      expect(wanted.length).toBeGreaterThan(50)
    }
    const quarter = 2n ** 126n
    const explicit = await client.send(
      new PutRecordsCommand({
        StreamName: 'many',
        Records: [0n, quarter - 1n, quarter, 4n * quarter - 1n].map((hash) => ({
          PartitionKey: 'a',
          Data: Buffer.from(''),
          ExplicitHashKey: String(hash),
        })),
      }),
    )
    expect(explicit.Records!.map(({ ShardId }) => ShardId!.slice(-1))).toEqual(['0', '0', '1', '3'])
  })

  test('errors reach the SDK under their names', async () => {
    await expect(client.send(new DescribeStreamCommand({ StreamName: 'nothing' }))).rejects.toMatchObject({
      name: 'ResourceNotFoundException',
      message: 'Stream nothing under account 000000000000 not found.',
    })
    await expect(client.send(new CreateStreamCommand({ StreamName: 'not legal!', ShardCount: 1 }))).rejects.toMatchObject({
      name: 'ValidationException',
      message:
        "1 validation error detected: Value 'not legal!' at 'streamName' failed to satisfy constraint: Member must satisfy regular expression pattern: [a-zA-Z0-9_.-]+",
    })
    await expect(client.send(new GetRecordsCommand({ ShardIterator: 'abc' }))).rejects.toMatchObject({
      name: 'InvalidArgumentException',
      message: 'Invalid ShardIterator.',
    })
  })
})
