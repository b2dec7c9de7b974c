// The AWS SDK for JavaScript v3: operations that set things on streams, reshard them, and subscribe to their shards.
import {
  AddTagsToStreamCommand,
  CreateStreamCommand,
  DecreaseStreamRetentionPeriodCommand,
  DeleteResourcePolicyCommand,
  DeleteStreamCommand,
  DeregisterStreamConsumerCommand,
  DescribeAccountSettingsCommand,
  DescribeLimitsCommand,
  DescribeStreamCommand,
  DescribeStreamConsumerCommand,
  DescribeStreamSummaryCommand,
  DisableEnhancedMonitoringCommand,
  EnableEnhancedMonitoringCommand,
  GetRecordsCommand,
  GetResourcePolicyCommand,
  GetShardIteratorCommand,
  IncreaseStreamRetentionPeriodCommand,
  KinesisClient,
  ListShardsCommand,
  ListStreamConsumersCommand,
  ListTagsForResourceCommand,
  ListTagsForStreamCommand,
  MergeShardsCommand,
  PutRecordCommand,
  PutRecordsCommand,
  PutResourcePolicyCommand,
  RegisterStreamConsumerCommand,
  RemoveTagsFromStreamCommand,
  SplitShardCommand,
  StartStreamEncryptionCommand,
  StopStreamEncryptionCommand,
  SubscribeToShardCommand,
  type SubscribeToShardEvent,
  TagResourceCommand,
  UntagResourceCommand,
  UpdateAccountSettingsCommand,
  UpdateMaxRecordSizeCommand,
  UpdateShardCountCommand,
  UpdateStreamModeCommand,
  UpdateStreamRecordDistributionStrategyCommand,
  UpdateStreamWarmThroughputCommand,
} from '@aws-sdk/client-kinesis'
import { NodeHttpHandler } from '@smithy/node-http-handler'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type DoorUnderTest, openDoor } from '../kinesis/harness.ts'

let door: DoorUnderTest
let client: KinesisClient
const options = (): object => ({ endpoint: door.url, region: 'us-east-1', credentials: { accessKeyId: 'a', secretAccessKey: 'b' }, maxAttempts: 1 })

beforeAll(async () => {
  door = await openDoor()
  client = new KinesisClient(options())
})
afterAll(async () => {
  client.destroy()
  await door.close()
})

let count = 0
async function newStream(shards: number | 'on-demand' = 1): Promise<{ StreamName: string; StreamARN: string }> {
  const StreamName = `stream-${count++}`
  await client.send(
    new CreateStreamCommand({
      StreamName,
      ...(shards === 'on-demand' ? { StreamModeDetails: { StreamMode: 'ON_DEMAND' } } : { ShardCount: shards }),
    }),
  )
  return { StreamName, StreamARN: `arn:aws:kinesis:us-east-1:000000000000:stream/${StreamName}` }
}
const summary = async (StreamName: string) => (await client.send(new DescribeStreamSummaryCommand({ StreamName }))).StreamDescriptionSummary!
const text = (bytes: Uint8Array | undefined): string => Buffer.from(bytes ?? []).toString()

test('tags are added, listed in pages, and removed, by name and by ARN', async () => {
  const { StreamName, StreamARN } = await newStream()
  await client.send(new AddTagsToStreamCommand({ StreamName, Tags: { b: '2', a: '1' } }))
  await client.send(new TagResourceCommand({ ResourceARN: StreamARN, Tags: { c: '3' } }))
  const first = await client.send(new ListTagsForStreamCommand({ StreamName, Limit: 2 }))
  expect(first).toMatchObject({
    HasMoreTags: true,
    Tags: [
      { Key: 'a', Value: '1' },
      { Key: 'b', Value: '2' },
    ],
  })
  expect((await client.send(new ListTagsForStreamCommand({ StreamName, ExclusiveStartTagKey: 'b' }))).Tags).toEqual([{ Key: 'c', Value: '3' }])
  await client.send(new RemoveTagsFromStreamCommand({ StreamName, TagKeys: ['a', 'nothing'] }))
  await client.send(new UntagResourceCommand({ ResourceARN: StreamARN, TagKeys: ['b'] }))
  expect((await client.send(new ListTagsForResourceCommand({ ResourceARN: StreamARN }))).Tags).toEqual([{ Key: 'c', Value: '3' }])
  await expect(client.send(new AddTagsToStreamCommand({ StreamName, Tags: { 'a^b': '1' } }))).rejects.toThrow('Some tags contain invalid characters')
})

test('retention is retention.ms, within AWS’s bounds', async () => {
  const { StreamName } = await newStream()
  await client.send(new IncreaseStreamRetentionPeriodCommand({ StreamName, RetentionPeriodHours: 48 }))
  expect(door.engine.topics.get(StreamName)!.overrides.get('retention.ms')).toBe('172800000')
  await expect(client.send(new IncreaseStreamRetentionPeriodCommand({ StreamName, RetentionPeriodHours: 8761 }))).rejects.toThrow(
    'Maximum allowed retention period is 8760 hours',
  )
  await expect(client.send(new IncreaseStreamRetentionPeriodCommand({ StreamName, RetentionPeriodHours: 30 }))).rejects.toThrow(
    'can not be shorter than existing retention period (48 hours)',
  )
  await client.send(new DecreaseStreamRetentionPeriodCommand({ StreamName, RetentionPeriodHours: 24 }))
  expect((await summary(StreamName)).RetentionPeriodHours).toBe(24)
})

test('encryption, monitoring, record size and policies round-trip', async () => {
  const { StreamName, StreamARN } = await newStream()
  const KeyId = 'alias/aws/kinesis'
  await client.send(new StartStreamEncryptionCommand({ StreamName, EncryptionType: 'KMS', KeyId }))
  expect(await summary(StreamName)).toMatchObject({ EncryptionType: 'KMS', KeyId })
  expect(await client.send(new PutRecordCommand({ StreamName, PartitionKey: 'k', Data: Buffer.from('x') }))).toMatchObject({ EncryptionType: 'KMS' })
  await client.send(new StopStreamEncryptionCommand({ StreamName, EncryptionType: 'KMS', KeyId }))
  expect(await summary(StreamName)).toMatchObject({ EncryptionType: 'NONE' })

  const enabled = await client.send(new EnableEnhancedMonitoringCommand({ StreamName, ShardLevelMetrics: ['ALL'] }))
  expect(enabled.CurrentShardLevelMetrics).toEqual([])
  expect(enabled.DesiredShardLevelMetrics).toHaveLength(7)
  const disabled = await client.send(new DisableEnhancedMonitoringCommand({ StreamName, ShardLevelMetrics: ['IncomingBytes', 'OutgoingBytes'] }))
  expect(disabled.DesiredShardLevelMetrics).toHaveLength(5)

  expect((await summary(StreamName)).MaxRecordSizeInKiB).toBe(1024)
  await client.send(new UpdateMaxRecordSizeCommand({ StreamARN, MaxRecordSizeInKiB: 10_240 }))
  expect((await summary(StreamName)).MaxRecordSizeInKiB).toBe(10_240)
  const big = await client.send(new PutRecordCommand({ StreamName, PartitionKey: 'k', Data: Buffer.alloc(10_485_760, 'x') }))
  const { ShardIterator } = await client.send(
    new GetShardIteratorCommand({
      StreamName,
      ShardId: big.ShardId,
      ShardIteratorType: 'AT_SEQUENCE_NUMBER',
      StartingSequenceNumber: big.SequenceNumber,
    }),
  )
  expect((await client.send(new GetRecordsCommand({ ShardIterator }))).Records![0]!.Data!.length).toBe(10_485_760)

  const Policy = JSON.stringify({ Version: '2012-10-17', Statement: [] })
  await expect(client.send(new GetResourcePolicyCommand({ ResourceARN: StreamARN }))).rejects.toMatchObject({ name: 'ResourceNotFoundException' })
  await client.send(new PutResourcePolicyCommand({ ResourceARN: StreamARN, Policy }))
  expect((await client.send(new GetResourcePolicyCommand({ ResourceARN: StreamARN }))).Policy).toBe(Policy)
  await client.send(new DeleteResourcePolicyCommand({ ResourceARN: StreamARN }))
  await expect(client.send(new PutResourcePolicyCommand({ ResourceARN: StreamARN, Policy: 'no' }))).rejects.toMatchObject({
    name: 'InvalidArgumentException',
  })
})

test('capacity modes, the account’s commitment, warm throughput and AUTO distribution', async () => {
  const { StreamName, StreamARN } = await newStream('on-demand')
  expect(await summary(StreamName)).toMatchObject({
    StreamModeDetails: { StreamMode: 'ON_DEMAND' },
    OpenShardCount: 4,
    RecordDistributionStrategy: 'USER_PARTITION_KEY',
  })
  await expect(client.send(new UpdateShardCountCommand({ StreamName, TargetShardCount: 2, ScalingType: 'UNIFORM_SCALING' }))).rejects.toMatchObject({
    name: 'ValidationException',
    message: `Request is invalid. Stream ${StreamName} under account 000000000000 is in On-Demand mode.`,
  })
  await expect(client.send(new UpdateStreamWarmThroughputCommand({ StreamARN, WarmThroughputMiBps: 10 }))).rejects.toThrow(
    'MinimumThroughputBillingCommitment',
  )
  expect((await client.send(new DescribeAccountSettingsCommand({}))).MinimumThroughputBillingCommitment).toEqual({ Status: 'DISABLED' })
  await client.send(new UpdateAccountSettingsCommand({ MinimumThroughputBillingCommitment: { Status: 'ENABLED' } }))
  const warm = await client.send(new UpdateStreamWarmThroughputCommand({ StreamARN, WarmThroughputMiBps: 10 }))
  expect(warm.WarmThroughput).toEqual({ TargetMiBps: 10, CurrentMiBps: 10 })
  await client.send(new UpdateAccountSettingsCommand({ MinimumThroughputBillingCommitment: { Status: 'DISABLED' } }))
  expect((await client.send(new DescribeAccountSettingsCommand({}))).MinimumThroughputBillingCommitment!.Status).toBe(
    'ENABLED_UNTIL_EARLIEST_ALLOWED_END',
  )

  await client.send(new UpdateStreamRecordDistributionStrategyCommand({ StreamARN, RecordDistributionStrategy: 'AUTO' }))
  const spread = await client.send(
    new PutRecordsCommand({ StreamName, Records: Array.from({ length: 40 }, () => ({ PartitionKey: 'same', Data: Buffer.from('x') })) }),
  )
  const perShard = spread.Records!.map(({ ShardId }) => ShardId!)
  const open = await client.send(new ListShardsCommand({ StreamName, ShardFilter: { Type: 'AT_LATEST' } }))
  expect(open.Shards).toHaveLength(10)
  for (const { ShardId } of open.Shards!) expect(perShard.filter((id) => id === ShardId)).toHaveLength(4)
  const keyless = await client.send(new PutRecordCommand({ StreamName, Data: Buffer.from('no key') } as never))
  expect(keyless.ShardId).toMatch(/^shardId-/)

  await client.send(new UpdateStreamModeCommand({ StreamARN, StreamModeDetails: { StreamMode: 'PROVISIONED' } }))
  await expect(
    client.send(new UpdateStreamRecordDistributionStrategyCommand({ StreamARN, RecordDistributionStrategy: 'AUTO' })),
  ).rejects.toMatchObject({
    name: 'InvalidArgumentException',
  })
  await expect(client.send(new PutRecordCommand({ StreamName, Data: Buffer.from('no key') } as never))).rejects.toThrow(
    "Value null at 'partitionKey'",
  )
  expect(await client.send(new DescribeLimitsCommand({}))).toMatchObject({ ShardLimit: 500, OnDemandStreamCountLimit: 50 })
})

test('a split and a merge: parents end, children go on, and every record is read once, in order per key', async () => {
  const { StreamName } = await newStream(2)
  const sent: string[] = []
  const put = async (round: string): Promise<void> => {
    const Records = Array.from({ length: 50 }, (_, i) => ({ PartitionKey: `key-${i}`, Data: Buffer.from(`${round} ${i}`) }))
    const answer = await client.send(new PutRecordsCommand({ StreamName, Records }))
    expect(answer.FailedRecordCount).toBe(0)
    sent.push(...Records.map(({ PartitionKey, Data }) => `${PartitionKey}=${Data}`))
  }
  await put('before')
  await client.send(new SplitShardCommand({ StreamName, ShardToSplit: 'shardId-000000000000', NewStartingHashKey: String(2n ** 126n) }))
  await put('after the split')
  await client.send(new MergeShardsCommand({ StreamName, ShardToMerge: 'shardId-000000000003', AdjacentShardToMerge: 'shardId-000000000001' }))
  await put('after the merge')

  const { Shards } = await client.send(new ListShardsCommand({ StreamName }))
  expect(
    Shards!.map(({ ShardId, ParentShardId, AdjacentParentShardId, SequenceNumberRange }) => [
      ShardId!.slice(-1),
      ParentShardId?.slice(-1),
      AdjacentParentShardId?.slice(-1),
      SequenceNumberRange!.EndingSequenceNumber !== undefined,
    ]),
  ).toEqual([
    ['0', undefined, undefined, true],
    ['1', undefined, undefined, true],
    ['2', '0', undefined, false],
    ['3', '0', undefined, true],
    ['4', '3', '1', false],
  ])
  const latest = await client.send(new ListShardsCommand({ StreamName, ShardFilter: { Type: 'AT_LATEST' } }))
  expect(latest.Shards!.map(({ ShardId }) => ShardId!.slice(-1))).toEqual(['2', '4'])

  // As a consumer does it: a shard once its parents are done; the end of a shard names its children.
  const read: string[] = []
  const queue = ['shardId-000000000000', 'shardId-000000000001']
  const parentsSeen = new Map<string, Set<string>>()
  while (queue.length > 0) {
    const ShardId = queue.shift()!
    let { ShardIterator } = await client.send(new GetShardIteratorCommand({ StreamName, ShardId, ShardIteratorType: 'TRIM_HORIZON' }))
    for (let rounds = 0; ShardIterator && rounds < 5; rounds++) {
      const page = await client.send(new GetRecordsCommand({ ShardIterator }))
      read.push(...page.Records!.map(({ PartitionKey, Data }) => `${PartitionKey}=${text(Data)}`))
      ShardIterator = page.NextShardIterator
      for (const { ShardId: child, ParentShards } of page.ChildShards ?? []) {
        const seen = parentsSeen.get(child!) ?? new Set()
        parentsSeen.set(child!, seen.add(ShardId))
        if (seen.size === ParentShards!.length) queue.push(child!)
      }
      if (!ShardIterator) expect(page.ChildShards!.length).toBeGreaterThan(0)
    }
  }
  expect(read.toSorted()).toEqual(sent.toSorted())
  for (let i = 0; i < 50; i++) {
    const ofKey = (all: string[]): string[] => all.filter((line) => line.startsWith(`key-${i}=`))
    expect(ofKey(read)).toEqual(ofKey(sent))
  }
  await expect(client.send(new SplitShardCommand({ StreamName, ShardToSplit: '0', NewStartingHashKey: '5' }))).rejects.toThrow(
    'has already been merged or split',
  )
  await expect(client.send(new SplitShardCommand({ StreamName, ShardToSplit: '2', NewStartingHashKey: '1' }))).rejects.toThrow(
    "is not both greater than one plus the shard's StartingHashKey 0",
  )
})

test('the shard count is scaled evenly, up and down, and the hash keys stay covered', async () => {
  const { StreamName } = await newStream(2)
  for (const target of [3, 5, 4, 2, 1, 2]) {
    const answer = await client.send(new UpdateShardCountCommand({ StreamName, TargetShardCount: target, ScalingType: 'UNIFORM_SCALING' }))
    expect(answer.TargetShardCount).toBe(target)
    const { Shards } = await client.send(new ListShardsCommand({ StreamName, ShardFilter: { Type: 'AT_LATEST' } }))
    const ranges = Shards!
      .map(({ HashKeyRange }) => [BigInt(HashKeyRange!.StartingHashKey!), BigInt(HashKeyRange!.EndingHashKey!)] as const)
      .toSorted((a, b) => (a[0] < b[0] ? -1 : 1))
    const width = 2n ** 128n / BigInt(target)
    expect(ranges.map(([start]) => start)).toEqual(Array.from({ length: target }, (_, i) => width * BigInt(i)))
    for (const [i, [, end]] of ranges.entries()) expect(end + 1n).toBe(ranges[i + 1]?.[0] ?? 2n ** 128n)
    const answer2 = await client.send(
      new PutRecordsCommand({ StreamName, Records: Array.from({ length: 100 }, (_, i) => ({ PartitionKey: `${i}`, Data: Buffer.from('x') })) }),
    )
    expect(answer2.FailedRecordCount).toBe(0)
  }
  await expect(client.send(new UpdateShardCountCommand({ StreamName, TargetShardCount: 5, ScalingType: 'UNIFORM_SCALING' }))).rejects.toMatchObject({
    name: 'LimitExceededException',
    message: expect.stringContaining('cannot scale up over double'),
  })
})

test('consumers are registered, listed in pages, described and deregistered', async () => {
  const { StreamName, StreamARN } = await newStream()
  for (const ConsumerName of ['c', 'a', 'b'])
    await client.send(new RegisterStreamConsumerCommand({ StreamARN, ConsumerName, Tags: { of: ConsumerName } }))
  await expect(client.send(new RegisterStreamConsumerCommand({ StreamARN, ConsumerName: 'a' }))).rejects.toMatchObject({
    name: 'ResourceInUseException',
  })
  const first = await client.send(new ListStreamConsumersCommand({ StreamARN, MaxResults: 2 }))
  const rest = await client.send(new ListStreamConsumersCommand({ StreamARN, NextToken: first.NextToken }))
  expect([...first.Consumers!, ...rest.Consumers!].map(({ ConsumerName }) => ConsumerName)).toEqual(['a', 'b', 'c'])
  const { ConsumerARN } = first.Consumers![0]!
  expect((await client.send(new DescribeStreamConsumerCommand({ ConsumerARN }))).ConsumerDescription).toMatchObject({
    ConsumerName: 'a',
    ConsumerStatus: 'ACTIVE',
    StreamARN,
  })
  expect((await client.send(new ListTagsForResourceCommand({ ResourceARN: ConsumerARN }))).Tags).toEqual([{ Key: 'of', Value: 'a' }])
  expect((await summary(StreamName)).ConsumerCount).toBe(3)
  await client.send(new DeregisterStreamConsumerCommand({ StreamARN, ConsumerName: 'a' }))
  await expect(client.send(new DescribeStreamConsumerCommand({ ConsumerARN }))).rejects.toMatchObject({ name: 'ResourceNotFoundException' })
  await expect(client.send(new DeleteStreamCommand({ StreamName }))).rejects.toMatchObject({ name: 'ResourceInUseException' })
  await client.send(new DeleteStreamCommand({ StreamName, EnforceConsumerDeletion: true }))
  await expect(client.send(new DescribeStreamCommand({ StreamName }))).rejects.toMatchObject({ name: 'ResourceNotFoundException' })
})

describe.each(['HTTP/2', 'HTTP/1.1'] as const)('SubscribeToShard over %s', (protocol) => {
  let reader: KinesisClient
  beforeAll(() => {
    reader = new KinesisClient({ ...options(), ...(protocol === 'HTTP/1.1' ? { requestHandler: new NodeHttpHandler() } : {}) })
  })
  afterAll(() => reader.destroy())

  async function subscribe(StreamARN: string, ConsumerName: string): Promise<AsyncIterator<SubscribeToShardEvent>> {
    const { Consumer } = await client.send(new RegisterStreamConsumerCommand({ StreamARN, ConsumerName }))
    const answer = await reader.send(
      new SubscribeToShardCommand({
        ConsumerARN: Consumer!.ConsumerARN,
        ShardId: 'shardId-000000000000',
        StartingPosition: { Type: 'TRIM_HORIZON' },
      }),
    )
    const events = answer.EventStream!
    return (async function* () {
      for await (const event of events) {
        if (event.SubscribeToShardEvent) yield event.SubscribeToShardEvent
        else throw Object.values(event)[0]
      }
    })()
  }

  test('records are pushed as they are put, and the end of a shard names its children', async () => {
    const { StreamName, StreamARN } = await newStream()
    const put = async (value: string) => client.send(new PutRecordCommand({ StreamName, PartitionKey: 'k', Data: Buffer.from(value) }))
    await put('one')
    const events = await subscribe(StreamARN, 'reader')
    const first = (await events.next()).value as SubscribeToShardEvent
    expect(first.Records!.map(({ Data }) => text(Data))).toEqual(['one'])
    const seen: string[] = []
    const next = async (): Promise<SubscribeToShardEvent> => (await events.next()).value as SubscribeToShardEvent
    for (let i = 0; i < 20; i++) {
      await put(`value ${i}`)
      while (seen.length <= i) seen.push(...(await next()).Records!.map(({ Data }) => text(Data)))
    }
    expect(seen).toEqual(Array.from({ length: 20 }, (_, i) => `value ${i}`))
    await client.send(new SplitShardCommand({ StreamName, ShardToSplit: '0', NewStartingHashKey: String(2n ** 127n) }))
    const last = await next()
    expect(last.ChildShards!.map(({ ShardId, ParentShards }) => [ShardId!.slice(-1), ParentShards])).toEqual([
      ['1', ['shardId-000000000000']],
      ['2', ['shardId-000000000000']],
    ])
    expect(last.ContinuationSequenceNumber).toBeUndefined()
    expect((await events.next()).done).toBe(true)
  })

  test('a continuation number goes on where the subscription stopped, with no record lost or seen twice', async () => {
    const { StreamName, StreamARN } = await newStream()
    await client.send(new PutRecordsCommand({ StreamName, Records: ['a', 'b'].map((value) => ({ PartitionKey: 'k', Data: Buffer.from(value) })) }))
    const events = await subscribe(StreamARN, 'reader')
    const first = (await events.next()).value as SubscribeToShardEvent
    await events.return!()
    await client.send(new PutRecordCommand({ StreamName, PartitionKey: 'k', Data: Buffer.from('c') }))
    for (const Type of ['AT_SEQUENCE_NUMBER', 'AFTER_SEQUENCE_NUMBER'] as const) {
      const { Consumer } = await client.send(new RegisterStreamConsumerCommand({ StreamARN, ConsumerName: Type }))
      const answer = await reader.send(
        new SubscribeToShardCommand({
          ConsumerARN: Consumer!.ConsumerARN,
          ShardId: '0',
          StartingPosition: { Type, SequenceNumber: first.ContinuationSequenceNumber },
        }),
      )
      for await (const event of answer.EventStream!) {
        expect(event.SubscribeToShardEvent!.Records!.map(({ Data }) => text(Data))).toEqual(['c'])
        break
      }
    }
  })
})
