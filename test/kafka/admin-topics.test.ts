// Topics over the wire: CreateTopics, DeleteTopics, CreatePartitions, DeleteRecords, DescribeTopicPartitions, DescribeCluster, version by version.
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { createPartitions } from '../../protocol/messages/create-partitions.ts'
import { createTopics } from '../../protocol/messages/create-topics.ts'
import { deleteRecords } from '../../protocol/messages/delete-records.ts'
import { deleteTopics } from '../../protocol/messages/delete-topics.ts'
import { describeCluster } from '../../protocol/messages/describe-cluster.ts'
import { describeTopicPartitions } from '../../protocol/messages/describe-topic-partitions.ts'
import { type Broker, createBroker } from '../../src/broker.ts'
import { RawClient } from './raw-client.ts'

const noId = 'AAAAAAAAAAAAAAAAAAAAAA'
let broker: Broker
let client: RawClient

beforeAll(async () => {
  broker = await createBroker({ settings: { 'num.partitions': 3, 'node.id': 5, 'broker.rack': 'r1' } })
  client = await RawClient.connect(broker.kafka)
})
afterAll(async () => {
  client?.close()
  await broker?.close()
})
beforeEach(() => broker.reset())

const topic = (
  name: string,
  more: { numPartitions?: number; replicationFactor?: number; configs?: Record<string, string | null>; on?: number[][] } = {},
) => ({
  name,
  numPartitions: more.numPartitions ?? (more.on ? -1 : 1),
  replicationFactor: more.replicationFactor ?? (more.on ? -1 : 1),
  assignments: (more.on ?? []).map((brokerIds, partitionIndex) => ({ partitionIndex, brokerIds })),
  configs: Object.entries(more.configs ?? {}).map(([name, value]) => ({ name, value })),
})

const create = async (...topics: ReturnType<typeof topic>[]) => (await client.ask(createTopics, 7, { topics })).topics
const codes = (parts: readonly { name: string | null; errorCode: number }[]) =>
  Object.fromEntries(parts.map(({ name, errorCode }) => [name, errorCode]))
const partitionCount = async (name: string) =>
  (await client.ask(describeTopicPartitions, 0, { topics: [{ name }], responsePartitionLimit: 2000 })).topics[0]?.partitions.length

describe('CreateTopics', () => {
  test.each([0, 1, 2, 3, 4, 5, 6, 7])('version %i creates a topic', async (version) => {
    const answer = await client.ask(createTopics, version, { topics: [topic('t', { numPartitions: 2, configs: { 'retention.ms': '77' } })] })
    expect(answer.topics).toHaveLength(1)
    expect(answer.topics[0]).toMatchObject({ name: 't', errorCode: 0 })
    expect(await partitionCount('t')).toBe(2)
    if (version >= 5) {
      expect(answer.topics[0]).toMatchObject({ numPartitions: 2, replicationFactor: 1 })
      expect(answer.topics[0]?.configs).toHaveLength(37)
      expect(answer.topics[0]?.configs?.find(({ name }) => name === 'retention.ms')).toMatchObject({ value: '77', configSource: 1 })
    }
    if (version >= 7) expect(answer.topics[0]?.topicId).not.toBe(noId)
  })

  test('-1 stands for the broker’s defaults', async () => {
    const [made] = await create(topic('d', { numPartitions: -1, replicationFactor: -1 }))
    expect(made).toMatchObject({ errorCode: 0, numPartitions: 3, replicationFactor: 1 })
  })

  test('what is only validated is not there afterwards, and a fault is told all the same', async () => {
    const answer = await client.ask(createTopics, 7, { topics: [topic('v'), topic('w', { replicationFactor: 3 })], validateOnly: true })
    expect(codes(answer.topics)).toEqual({ v: 0, w: 38 })
    expect(answer.topics[0]).toMatchObject({ numPartitions: 1 })
    expect(await partitionCount('v')).toBe(0)
  })

  test('each topic is refused or created for itself, with Kafka’s code and words', async () => {
    await create(topic('old'))
    const answers = await create(
      topic('good'),
      topic('old'),
      topic(''),
      topic('..'),
      topic('a b'),
      topic('x'.repeat(250)),
      topic('p0', { numPartitions: 0 }),
      topic('p2', { numPartitions: -2 }),
      topic('r0', { replicationFactor: 0 }),
      topic('r2', { replicationFactor: 2 }),
      topic('c1', { configs: { 'no.such': '1' } }),
      topic('c2', { configs: { 'retention.ms': '-5' } }),
      topic('c3', { configs: { 'retention.ms': null } }),
    )
    const told = Object.fromEntries(answers.map(({ name, errorCode, errorMessage }) => [name.slice(0, 5), `${errorCode} ${errorMessage}`]))
    expect(told).toEqual({
      good: '0 null',
      old: "36 Topic 'old' already exists.",
      '': '17 Topic name is invalid: the empty string is not allowed',
      '..': "17 Topic name is invalid: '..' is not allowed",
      'a b': "17 Topic name is invalid: 'a b' contains one or more characters other than ASCII alphanumerics, '.', '_' and '-'",
      xxxxx: `17 Topic name is invalid: the length of '${'x'.repeat(250)}' is longer than the max allowed length 249`,
      p0: '37 Number of partitions was set to an invalid non-positive value.',
      p2: '37 Number of partitions was set to an invalid non-positive value.',
      r0: '38 Replication factor must be larger than 0, or -1 to use the default value.',
      r2: '38 Unable to replicate the partition 2 time(s): The target replication factor of 2 cannot be reached because only 1 broker(s) are registered or some brokers have all their log directories cordoned.',
      c1: '40 Unknown topic config name: no.such',
      c2: '40 Invalid value -5 for configuration retention.ms: Value must be at least -1',
      c3: '40 Null value not supported for topic configs: retention.ms',
    })
    expect(await partitionCount('good')).toBe(1)
    expect(await partitionCount('c2')).toBe(0)
  })

  test('a manual assignment may only name this broker, once, for consecutive partitions', async () => {
    const gap = topic('gap', { on: [[5], [5]] })
    gap.assignments[1] = { partitionIndex: 2, brokerIds: [5] }
    const again = topic('again', { on: [[5], [5]] })
    again.assignments[1] = { partitionIndex: 0, brokerIds: [5] }
    const answers = await create(
      topic('good', { on: [[5], [5]] }),
      topic('stranger', { on: [[1]] }),
      topic('twice', { on: [[5, 5]] }),
      topic('empty', { on: [[]] }),
      topic('count', { on: [[5]], numPartitions: 1 }),
      topic('factor', { on: [[5]], replicationFactor: 1 }),
      gap,
      again,
    )
    expect(codes(answers)).toEqual({ good: 0, stranger: 39, twice: 39, empty: 39, count: 42, factor: 42, gap: 39, again: 39 })
    expect(await partitionCount('good')).toBe(2)
  })

  test('a topic named twice is created by neither', async () => {
    expect(codes(await create(topic('one'), topic('two'), topic('one')))).toEqual({ one: 42, two: 0 })
    expect(await partitionCount('one')).toBe(0)
  })

  test('more partitions than one request may make are refused before any is made', async () => {
    expect(codes(await create(topic('small'), topic('large', { numPartitions: 10_000 })))).toEqual({ small: 44, large: 44 })
  })

  test('names that would collide in metrics are refused', async () => {
    expect(codes(await create(topic('a.b'), topic('a_b')))).toEqual({ 'a.b': 0, a_b: 17 })
  })
})

describe('DeleteTopics', () => {
  test.each([0, 1, 2, 3, 4, 5])('version %i deletes by name', async (version) => {
    await create(topic('t'))
    const answer = await client.ask(deleteTopics, version, { topics: [], topicNames: ['t', 'none'], timeoutMs: 100 })
    expect(codes(answer.responses)).toEqual({ t: 0, none: 3 })
    expect(await partitionCount('t')).toBe(0)
  })

  test('version 6 deletes by name or by id, and says which topic it was', async () => {
    const [a, b] = await create(topic('a'), topic('b'), topic('c'))
    const ids = { a: a?.topicId ?? '', b: b?.topicId ?? '' }
    const foreign = Buffer.alloc(16, 7).toString('base64url')
    const answer = await client.ask(deleteTopics, 6, {
      topics: [
        { name: 'a', topicId: noId },
        { name: null, topicId: ids.b },
        { name: null, topicId: foreign },
        { name: null, topicId: noId },
        { name: 'c', topicId: foreign },
        { name: 'none', topicId: noId },
      ],
      topicNames: [],
      timeoutMs: 100,
    })
    const told = answer.responses.map(({ name, topicId, errorCode }) => `${name} ${topicId} ${errorCode}`).sort()
    expect(told).toEqual([`a ${ids.a} 0`, `b ${ids.b} 0`, `null ${foreign} 100`, `null ${noId} 42`, `c ${foreign} 42`, `none ${noId} 3`].sort())
    expect(await partitionCount('c')).toBe(1)
  })

  test('a topic named twice stays', async () => {
    const [made] = await create(topic('t'))
    const id = made?.topicId
    const answer = await client.ask(deleteTopics, 5, { topics: [], topicNames: ['t', 't'], timeoutMs: 100 })
    expect(answer.responses).toMatchObject([{ name: 't', errorCode: 42, errorMessage: 'Duplicate topic name.' }])
    const topicId = answer.responses[0]!.topicId
    const byBoth = await client.ask(deleteTopics, 6, {
      topics: [
        { name: null, topicId: id! },
        { name: 't', topicId },
      ],
      topicNames: [],
      timeoutMs: 100,
    })
    const message = 'The provided topic name maps to an ID that was already supplied.'
    expect(byBoth.responses).toMatchObject([{ name: 't', errorCode: 42, errorMessage: message }])
    const unknown = await client.ask(deleteTopics, 5, { topics: [], topicNames: ['none', 'none'], timeoutMs: 100 })
    expect(unknown.responses).toMatchObject([{ name: 'none', errorCode: 42 }])
    expect(await partitionCount('t')).toBe(1)
  })

  test('a name may be used again at once, for another topic', async () => {
    const [first] = await create(topic('t', { numPartitions: 4 }))
    await client.ask(deleteTopics, 5, { topics: [], topicNames: ['t'], timeoutMs: 100 })
    const [second] = await create(topic('t'))
    expect(second?.errorCode).toBe(0)
    expect(second?.topicId).not.toBe(first?.topicId)
    expect(await partitionCount('t')).toBe(1)
  })

  test('delete.topic.enable=false refuses, with a code that old clients know', async () => {
    await using closed = await createBroker({ settings: { 'delete.topic.enable': false } })
    await using raw = await RawClient.connect(closed.kafka)
    await raw.ask(createTopics, 7, { topics: [topic('t')] })
    const of = async (version: number) => codes((await raw.ask(deleteTopics, version, { topics: [], topicNames: ['t'], timeoutMs: 100 })).responses)
    expect(await of(2)).toEqual({ t: 42 })
    expect(await of(3)).toEqual({ t: 73 })
  })
})

describe('CreatePartitions', () => {
  const grow = async (version: number, count: number, on: number[][] | null = null, validateOnly = false) => {
    const assignments = on === null ? null : on.map((brokerIds) => ({ brokerIds }))
    const { results } = await client.ask(createPartitions, version, { topics: [{ name: 't', count, assignments }], timeoutMs: 100, validateOnly })
    return `${results[0]?.errorCode} ${results[0]?.errorMessage}`
  }

  test.each([0, 1, 2, 3])('version %i grows a topic, by assignment too', async (version) => {
    await create(topic('t'))
    expect(await grow(version, 3, null, true)).toBe('0 null')
    expect(await partitionCount('t')).toBe(1)
    expect(await grow(version, 3)).toBe('0 null')
    expect(await grow(version, 5, [[5], [5]])).toBe('0 null')
    expect(await partitionCount('t')).toBe(5)
  })

  test('what is no growth, or cannot be placed, is refused in Kafka’s words', async () => {
    await create(topic('t', { numPartitions: 3 }))
    expect(await grow(3, 3)).toBe('37 Topic already has 3 partition(s).')
    expect(await grow(3, 2)).toBe('37 The topic t currently has 3 partition(s); 2 would not be an increase.')
    expect(await grow(3, -1)).toBe('37 The topic t currently has 3 partition(s); -1 would not be an increase.')
    expect(await grow(3, 5, [[5]])).toBe('39 Attempted to add 2 additional partition(s), but only 1 assignment(s) were specified.')
    expect(await grow(3, 4, [[9]])).toBe('39 The manual partition assignment includes broker 9, but no such broker is registered.')
    expect(await grow(3, 30_000)).toBe('44 Excessively large number of additional partitions per request.')
    expect(await partitionCount('t')).toBe(3)
  })

  test('an unknown topic and one named twice are refused', async () => {
    await create(topic('t'))
    const one = (name: string, count: number) => ({ name, count, assignments: null })
    const { results } = await client.ask(createPartitions, 3, {
      topics: [one('none', 2), one('t', 2), one('t', 3)],
      timeoutMs: 100,
      validateOnly: false,
    })
    expect(codes(results)).toEqual({ none: 3, t: 42 })
    expect(await partitionCount('t')).toBe(1)
  })
})

describe('DeleteRecords', () => {
  test.each([0, 1, 2])('version %i answers partition by partition, and refuses what the log does not reach', async (version) => {
    await create(topic('t', { numPartitions: 2 }), topic('k', { configs: { 'cleanup.policy': 'compact' } }))
    const on = (name: string, ...partitions: [number, number][]) => ({
      name,
      partitions: partitions.map(([partitionIndex, offset]) => ({ partitionIndex, offset })),
    })
    const { topics } = await client.ask(deleteRecords, version, {
      topics: [on('t', [0, 5], [1, -1], [0, 0], [9, 0]), on('t', [0, 5], [1, -2]), on('none', [0, 0]), on('k', [0, 0])],
      timeoutMs: 100,
    })
    expect(
      topics.map(({ name, partitions }) => [name, partitions.map((one) => `${one.partitionIndex}: ${one.lowWatermark} ${one.errorCode}`)]),
    ).toEqual([
      // Of a partition named twice the last word counts.
      ['t', ['0: 0 0', '1: 0 0', '9: -1 3']],
      ['t', ['0: -1 1', '1: -1 1']],
      ['none', ['0: -1 3']],
      ['k', ['0: -1 44']],
    ])
  })
})

describe('DescribeTopicPartitions', () => {
  const page = async (names: string[], limit: number, cursor: [string, number] | null = null) => {
    const answer = await client.ask(describeTopicPartitions, 0, {
      topics: names.map((name) => ({ name })),
      responsePartitionLimit: limit,
      cursor: cursor && { topicName: cursor[0], partitionIndex: cursor[1] },
    })
    const told = answer.topics.map(({ name, errorCode, partitions }) => `${name} ${errorCode} [${partitions.map((one) => one.partitionIndex)}]`)
    return { told, next: answer.nextCursor && [answer.nextCursor.topicName, answer.nextCursor.partitionIndex] }
  }

  test('pages follow each other through the cursor until everything was told once', async () => {
    await create(topic('a', { numPartitions: 3 }), topic('b', { numPartitions: 2 }))
    expect(await page([], 2)).toEqual({ told: ['a 0 [0,1]'], next: ['a', 2] })
    expect(await page([], 2, ['a', 2])).toEqual({ told: ['a 0 [2]', 'b 0 [0]'], next: ['b', 1] })
    expect(await page([], 2, ['b', 1])).toEqual({ told: ['b 0 [1]'], next: null })
    expect(await page([], 3)).toEqual({ told: ['a 0 [0,1,2]'], next: ['b', 0] })
    expect(await page(['a'], 0, ['a', 99])).toEqual({ told: ['a 0 []'], next: null })
  })

  test('topics come in order, and those that are not there with their reason', async () => {
    await create(topic('a'))
    expect(await page(['none', 'a', 'a b', 'a'], 10)).toEqual({ told: ['a 0 [0]', 'a b 17 []', 'none 3 []'], next: null })
  })

  test('a cursor that cannot be is refused', async () => {
    await create(topic('a'))
    expect(await page(['a'], 10, ['z', 0])).toEqual({ told: ['a 42 []'], next: null })
    expect(await page(['a'], 10, ['a', -2])).toEqual({ told: ['a 42 []'], next: null })
  })

  test('this broker leads every partition', async () => {
    await create(topic('a'))
    const { topics } = await client.ask(describeTopicPartitions, 0, { topics: [{ name: 'a' }], responsePartitionLimit: 10 })
    expect(topics[0]).toMatchObject({ isInternal: false, topicAuthorizedOperations: 3576 })
    expect(topics[0]?.partitions[0]).toEqual({
      errorCode: 0,
      partitionIndex: 0,
      leaderId: 5,
      leaderEpoch: 0,
      replicaNodes: [5],
      isrNodes: [5],
      eligibleLeaderReplicas: [],
      lastKnownElr: [],
      offlineReplicas: [],
    })
  })
})

describe('DescribeCluster', () => {
  test.each([0, 1, 2])('version %i tells of one broker, which is its own controller', async (version) => {
    const answer = await client.ask(describeCluster, version, { includeClusterAuthorizedOperations: true, includeFencedBrokers: false })
    expect(answer).toMatchObject({ errorCode: 0, controllerId: 5, clusterAuthorizedOperations: 8096 })
    expect(answer.brokers).toEqual([{ brokerId: 5, host: '127.0.0.1', port: broker.kafka.port, rack: 'r1', isFenced: false }])
    expect(answer.clusterId).toMatch(/^[\w-]{22}$/)
  })

  test('a controller’s endpoint is somewhere else', async () => {
    const of = async (endpointType: number) => {
      const request = { includeClusterAuthorizedOperations: false, includeFencedBrokers: false, endpointType }
      return (await client.ask(describeCluster, 2, request)).errorCode
    }
    expect(await of(2)).toBe(114)
    expect(await of(7)).toBe(115)
  })
})
