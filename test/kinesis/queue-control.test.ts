// Making, changing, listing and deleting queues over a real socket; answers are compared with AWS's model where it is at hand.
import { expect, test } from 'vitest'
import { QueueWorld, streamARN, told } from './queue-world.ts'

const inProvisioned = { StreamModeDetails: { StreamMode: 'PROVISIONED' }, StreamARN: streamARN }

test('a queue is CREATING, ACTIVE, UPDATING and DELETING as the transition time says, and delivers while it is there', async () => {
  await using world = await QueueWorld.open({ 'kinesis.transition.ms': 500 })
  const { clock } = world
  await world.put('a')
  const queue = await world.create('q', {}, { Type: 'TRIM_HORIZON' })
  expect(await world.describe(queue)).toMatchObject({
    QueueStatus: 'CREATING',
    StreamConfigurationList: [{ StartingPosition: { Type: 'TRIM_HORIZON' } }],
  })
  await expect(world.receive(queue)).rejects.toThrow('ResourceNotFoundException')
  await clock.advance(500)
  const created = await world.describe(queue)
  expect(created.QueueStatus).toBe('ACTIVE')
  expect(created.StreamConfigurationList[0].StartingPosition).toMatchObject({ Type: 'TRIM_HORIZON', Timestamp: expect.any(Number) })
  await world.ask('UpdateQueue', { QueueARN: queue, QueueAttributes: { VisibilityTimeoutSeconds: 7 } })
  expect(await world.describe(queue)).toMatchObject({
    QueueStatus: 'UPDATING',
    QueueAttributes: { VisibilityTimeoutSeconds: 7, DeadLetterConfiguration: { TargetType: 'BUILT_IN', MaxReceiveCount: 6 } },
  })
  await expect(world.ask('UpdateQueue', { QueueARN: queue, QueueAttributes: {} })).rejects.toThrow('ResourceInUseException')
  expect(told(await world.receive(queue))).toEqual(['ax1'])
  await clock.advance(500)
  await world.ask('DeleteQueue', { QueueARN: queue })
  expect((await world.describe(queue)).QueueStatus).toBe('DELETING')
  await world.ask('DeleteQueue', { QueueARN: queue })
  await expect(world.receive(queue)).rejects.toThrow('ResourceNotFoundException')
  await clock.advance(500)
  await expect.poll(() => world.describe(queue).then(String, String)).toContain('ResourceNotFoundException')
})

test('CreateQueue refuses what AWS refuses', async () => {
  await using world = await QueueWorld.open()
  const create = (more: object, QueueName = 'q') =>
    world.ask('CreateQueue', { QueueName, StreamConfigurationList: [{ StreamARN: streamARN }], ...more })
  const startingAt = (StartingPosition: object) => create({ StreamConfigurationList: [{ StreamARN: streamARN, StartingPosition }] })
  await expect(startingAt({ Type: 'LATEST', Timestamp: 1 })).rejects.toThrow('ValidationException')
  await expect(startingAt({ Type: 'AT_TIMESTAMP' })).rejects.toThrow('ValidationException')
  await expect(startingAt({ Type: 'AT_TIMESTAMP', Timestamp: world.clock.now() / 1000 + 60 })).rejects.toThrow('ValidationException')
  await expect(create({ StreamConfigurationList: [{ StreamARN: streamARN }, { StreamARN: streamARN }] })).rejects.toThrow('exactly one entry')
  await expect(create({ QueueAttributes: { DeadLetterConfiguration: { TargetType: 'BUILT_IN' } } })).rejects.toThrow('MaxReceiveCount is required')
  await expect(create({ StreamConfigurationList: [{ StreamARN: `${streamARN}2` }] })).rejects.toThrow('ResourceNotFoundException')
  await expect(create({ QueueAttributes: { VisibilityTimeoutSeconds: 43_201 } }, 'not legal')).rejects.toThrow(
    "ValidationException: 2 validation errors detected: Value 'not legal' at 'queueName' failed to satisfy constraint: " +
      "Member must satisfy regular expression pattern: [a-zA-Z0-9_.-]+; Value '43201' at 'queueAttributes.visibilityTimeoutSeconds' " +
      'failed to satisfy constraint: Member must have value less than or equal to 43200',
  )
  await create({})
  await expect(create({})).rejects.toThrow('ResourceInUseException')
  await world.ask('CreateStream', { StreamName: 'p', ShardCount: 1 })
  await expect(create({ StreamConfigurationList: [{ StreamARN: `${streamARN.slice(0, -1)}p` }] }, 'other')).rejects.toThrow(
    'InvalidArgumentException: Queues are only supported for streams in ON_DEMAND mode.',
  )
})

test('queues and fan-out consumers share twenty places, fifty with on-demand Advantage, and are counted apart', async () => {
  await using world = await QueueWorld.open({ 'kinesis.transition.ms': 0 })
  const register = (name: string) => world.ask('RegisterStreamConsumer', { StreamARN: streamARN, ConsumerName: name })
  await Promise.all(Array.from({ length: 12 }, (_, i) => register(`c${i}`)))
  // All at once: no two take the last place.
  const outcomes = await Promise.allSettled(Array.from({ length: 10 }, (_, i) => world.create(`q${i}`)))
  expect(outcomes.filter(({ status }) => status === 'fulfilled')).toHaveLength(8)
  await expect(world.create('more')).rejects.toThrow('LimitExceededException')
  await expect(register('more')).rejects.toThrow('LimitExceededException')
  const summary = await world.ask<{ StreamDescriptionSummary: object }>('DescribeStreamSummary', { StreamName: 's' })
  expect(summary.StreamDescriptionSummary).toMatchObject({ ConsumerCount: 12, QueueCount: 8 })
  await world.ask('UpdateAccountSettings', { MinimumThroughputBillingCommitment: { Status: 'ENABLED' } })
  await world.create('more')
})

test('a stream with queues is neither deleted nor made provisioned', async () => {
  await using world = await QueueWorld.open()
  const queue = await world.create()
  await expect(world.ask('DeleteStream', { StreamName: 's', EnforceConsumerDeletion: true })).rejects.toThrow('ResourceInUseException')
  await expect(world.ask('UpdateStreamMode', inProvisioned)).rejects.toThrow('ResourceInUseException')
  await world.ask('DeleteQueue', { QueueARN: queue })
  await world.ask('UpdateStreamMode', inProvisioned)
  await world.ask('DeleteStream', { StreamName: 's' })
})

test('a topic that a Kafka client deletes takes its queues along', async () => {
  await using world = await QueueWorld.open()
  const queue = await world.create()
  await world.put('a')
  await world.receive(queue)
  await world.door.engine.topics.delete('s')
  await expect(world.describe(queue)).rejects.toThrow('ResourceNotFoundException')
  expect(await world.ask('ListQueues', {})).toEqual({ QueueSummaries: [] })
  await world.clock.advance(0)
  const { tables } = world.door.engine.store
  for (const name of ['kinesis-queue', 'queue-partitions']) await expect.poll(() => tables.list({ name })).toEqual([])
})

test('queues are listed by name, by page and by stream', async () => {
  await using world = await QueueWorld.open()
  for (const name of ['c', 'a', 'b']) await world.create(name)
  type Page = { QueueSummaries: { QueueName: string; Streams: { StreamCreationTimestamp: number }[] }[]; NextToken?: string }
  const names = ({ QueueSummaries }: Page): string[] => QueueSummaries.map(({ QueueName }) => QueueName)
  const first = await world.ask<Page>('ListQueues', { MaxResults: 2 })
  expect(names(first)).toEqual(['a', 'b'])
  const second = await world.ask<Page>('ListQueues', { MaxResults: 2, NextToken: first.NextToken })
  expect(names(second)).toEqual(['c'])
  expect(second.NextToken).toBeUndefined()
  const createdS = first.QueueSummaries[0]!.Streams[0]!.StreamCreationTimestamp
  const listed = async (...filters: object[]) => names(await world.ask<Page>('ListQueues', { StreamFilter: filters }))
  expect(await listed({ StreamARN: streamARN, StreamCreationTimestamp: createdS })).toHaveLength(3)
  expect(await listed({ StreamARN: streamARN, StreamCreationTimestamp: createdS - 5 })).toEqual([])
  expect(await listed({ StreamARN: `${streamARN}2` })).toEqual([])
  await expect(world.ask('ListQueues', { NextToken: 'made up' })).rejects.toThrow('InvalidArgumentException')
  await world.clock.advance(300_001)
  await expect(world.ask('ListQueues', { NextToken: first.NextToken })).rejects.toThrow('ExpiredNextTokenException')
})

test('a queue has tags and a policy', async () => {
  await using world = await QueueWorld.open()
  const ResourceARN = await world.create()
  await world.ask('TagResource', { ResourceARN, Tags: { a: '1', b: '2' } })
  await world.ask('UntagResource', { ResourceARN, TagKeys: ['a'] })
  expect(await world.ask('ListTagsForResource', { ResourceARN })).toEqual({ Tags: [{ Key: 'b', Value: '2' }] })
  const Policy = JSON.stringify({ Version: '2012-10-17', Statement: [] })
  await world.ask('PutResourcePolicy', { ResourceARN, Policy })
  expect(await world.ask('GetResourcePolicy', { ResourceARN })).toEqual({ Policy })
  await expect(world.ask('ListTagsForResource', { ResourceARN: `${ResourceARN}0` })).rejects.toThrow('ResourceNotFoundException')
})
