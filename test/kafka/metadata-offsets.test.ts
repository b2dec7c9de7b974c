// Metadata, ListOffsets, OffsetForLeaderEpoch and InitProducerId over a raw socket.
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { initProducerId } from '../../protocol/messages/init-producer-id.ts'
import { listOffsets } from '../../protocol/messages/list-offsets.ts'
import { metadata } from '../../protocol/messages/metadata.ts'
import { offsetForLeaderEpoch } from '../../protocol/messages/offset-for-leader-epoch.ts'
import { batch, type Door, startDoor, type Wire } from './harness.ts'

const noId = 'AAAAAAAAAAAAAAAAAAAAAA'
const intMin = -2147483648
let door: Door
let wire: Wire

beforeAll(async () => {
  door = await startDoor({ settings: { 'num.partitions': 3, 'broker.rack': 'r9', 'node.id': 4 } })
  wire = await door.open()
  await door.engine.topics.create({ name: 'fixed', partitionCount: 2 })
})
afterAll(async () => {
  await wire?.[Symbol.asyncDispose]()
  await door?.[Symbol.asyncDispose]()
})

describe('Metadata', () => {
  const ask = (version: number, names: (string | null)[] | null, more: { allow?: boolean; ids?: string[]; operations?: boolean } = {}) =>
    wire.ask(metadata, version, {
      topics: names === null ? null : names.map((name, i) => ({ name, topicId: more.ids?.[i] ?? noId })),
      allowAutoTopicCreation: more.allow ?? false,
      includeClusterAuthorizedOperations: more.operations ?? false,
      includeTopicAuthorizedOperations: more.operations ?? false,
    })

  test.each([0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13])('version %i tells of brokers, topics and leaders', async (version) => {
    const answer = await ask(version, ['fixed'])
    expect(answer.brokers).toEqual([{ nodeId: 4, host: '127.0.0.1', port: door.server.port, rack: version >= 1 ? 'r9' : null }])
    if (version >= 1) expect(answer.controllerId).toBe(4)
    if (version >= 2) expect(answer.clusterId).toBe(door.engine.clusterId)
    const partition = { errorCode: 0, leaderId: 4, leaderEpoch: version >= 7 ? 0 : -1, replicaNodes: [4], isrNodes: [4], offlineReplicas: [] }
    expect(answer.topics).toEqual([
      {
        errorCode: 0,
        name: 'fixed',
        topicId: version >= 10 ? door.engine.topics.get('fixed')?.id : noId,
        isInternal: false,
        partitions: [0, 1].map((partitionIndex) => ({ ...partition, partitionIndex })),
        topicAuthorizedOperations: intMin,
      },
    ])
    expect(answer.clusterAuthorizedOperations).toBe(intMin)
  })

  test('null asks for all topics, an empty list for none; in version 0 an empty list asks for all', async () => {
    expect((await ask(0, [])).topics.map(({ name }) => name)).toContain('fixed')
    expect((await ask(1, [])).topics).toEqual([])
    expect((await ask(1, null)).topics.map(({ name }) => name)).toContain('fixed')
  })

  test('operations are told to who asks', async () => {
    const answer = await ask(10, ['fixed'], { operations: true })
    expect(answer.topics[0]?.topicAuthorizedOperations).toBe(0b1101_1111_1000)
    expect(answer.clusterAuthorizedOperations).toBe(0b1_1111_1010_0000)
    const unknown = { errorCode: 3, topicAuthorizedOperations: 0b1101_1111_1000 }
    expect((await ask(10, ['none', 'a/b'], { operations: true })).topics).toMatchObject([unknown, { ...unknown, errorCode: 17 }])
  })

  test('topics by id since version 12; before, ids and nulls are an invalid request', async () => {
    const { id } = door.engine.topics.get('fixed')!
    expect((await ask(12, [null], { ids: [id] })).topics).toMatchObject([{ errorCode: 0, name: 'fixed', topicId: id }])
    const other = 'AAAAAAAAAAAAAAAAAAAABw'
    expect((await ask(12, [null], { ids: [other] })).topics).toMatchObject([{ errorCode: 100, name: null, topicId: other }])
    expect((await ask(10, [null], { ids: [id] })).topics).toMatchObject([{ errorCode: 42 }])
    expect((await ask(11, ['fixed'], { ids: [id] })).topics).toMatchObject([{ errorCode: 42, name: 'fixed' }])
  })

  test('a topic that is asked for is created, where the client allows it', async () => {
    expect((await ask(9, ['unborn'])).topics).toMatchObject([{ errorCode: 3, name: 'unborn' }])
    expect(door.engine.topics.get('unborn')).toBeUndefined()
    const { topics } = await ask(9, ['unborn', 'unborn'], { allow: true })
    expect(topics).toMatchObject([{ errorCode: 0, name: 'unborn' }])
    expect(topics[0]?.partitions).toHaveLength(3)
    // Before version 4 clients cannot forbid it.
    expect((await ask(3, ['unborn3'])).topics).toMatchObject([{ errorCode: 0 }])
  })

  test('two clients that ask for the same new topic at a time both get it', async () => {
    await using second = await door.open()
    const request = {
      topics: [{ name: 'twins', topicId: noId }],
      allowAutoTopicCreation: true,
      includeClusterAuthorizedOperations: false,
      includeTopicAuthorizedOperations: false,
    }
    const [a, b] = await Promise.all([wire.ask(metadata, 9, request), second.ask(metadata, 9, request)])
    expect([a.topics[0]?.errorCode, b.topics[0]?.errorCode]).toEqual([0, 0])
  })

  test('names that cannot be are refused, internal topics are not created', async () => {
    const { topics } = await ask(9, ['a b', '', '..', 'x'.repeat(250), '__consumer_offsets'], { allow: true })
    expect(topics.map(({ errorCode }) => errorCode)).toEqual([17, 17, 17, 17, 3])
  })

  test('a name that would collide with another in metrics is refused', async () => {
    expect((await ask(9, ['my.topic'], { allow: true })).topics[0]?.errorCode).toBe(0)
    expect((await ask(9, ['my_topic'], { allow: true })).topics[0]?.errorCode).toBe(17)
  })

  test('nothing is created where auto.create.topics.enable is false', async () => {
    await using own = await startDoor({ settings: { 'auto.create.topics.enable': 'false' } })
    await using client = await own.open()
    const answer = await client.ask(metadata, 1, {
      topics: [{ name: 'never', topicId: noId }],
      includeClusterAuthorizedOperations: false,
      includeTopicAuthorizedOperations: false,
    })
    expect(answer.topics).toMatchObject([{ errorCode: 3, name: 'never' }])
  })
})

describe('offsets', () => {
  beforeAll(async () => {
    const partition = door.engine.topics.get('fixed')!.partitions[0]!
    for (const [i, timestampMs] of [1000, 3000, 2000].entries()) await door.engine.append(partition, batch([`a${i}`, `b${i}`], { timestampMs }))
    await door.engine.deleteRecords(partition, 1)
  })

  const ask = async (
    version: number,
    timestamp: number,
    more: { epoch?: number; name?: string; index?: number; max?: number; isolation?: number } = {},
  ) => {
    const { topics } = await wire.ask(listOffsets, version, {
      replicaId: -1,
      isolationLevel: more.isolation ?? 0,
      topics: [
        {
          name: more.name ?? 'fixed',
          partitions: [{ partitionIndex: more.index ?? 0, currentLeaderEpoch: more.epoch ?? -1, timestamp, maxNumOffsets: more.max ?? 1 }],
        },
      ],
      timeoutMs: 0,
    })
    return topics[0]?.partitions[0]
  }

  test.each([1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11])('version %i finds the ends, and records by time', async (version) => {
    const leaderEpoch = version >= 4 ? 0 : -1
    expect(await ask(version, -1)).toMatchObject({ errorCode: 0, offset: 6, timestamp: -1, leaderEpoch })
    expect(await ask(version, -2)).toMatchObject({ errorCode: 0, offset: 1, timestamp: -1, leaderEpoch })
    expect(await ask(version, 1500)).toMatchObject({ errorCode: 0, offset: 2, timestamp: 3000, leaderEpoch })
    expect(await ask(version, 4000)).toMatchObject({ errorCode: 0, offset: -1, timestamp: -1, leaderEpoch: -1 })
  })

  test('an isolation level that does not exist is refused at each partition', async () => {
    expect(await ask(5, -1, { isolation: 2 })).toMatchObject({ errorCode: -1, offset: -1, timestamp: -1, leaderEpoch: -1 })
    expect(await ask(2, -1, { isolation: -1 })).toMatchObject({ errorCode: -1, offset: -1 })
  })

  test('special times are served since their versions', async () => {
    expect(await ask(6, -3)).toMatchObject({ errorCode: 35 })
    expect(await ask(7, -3)).toMatchObject({ errorCode: 0, offset: 2, timestamp: 3000 })
    expect(await ask(7, -3, { index: 1 })).toMatchObject({ errorCode: 0, offset: -1, timestamp: -1 })
    expect(await ask(7, -4)).toMatchObject({ errorCode: 35 })
    expect(await ask(8, -4)).toMatchObject({ errorCode: 0, offset: 1 })
    expect(await ask(8, -5)).toMatchObject({ errorCode: 35 })
    expect(await ask(9, -5)).toMatchObject({ errorCode: 0, offset: -1 })
    expect(await ask(10, -6)).toMatchObject({ errorCode: 35 })
    expect(await ask(11, -6)).toMatchObject({ errorCode: 0, offset: -1 })
    expect(await ask(11, -7)).toMatchObject({ errorCode: 35, offset: -1 })
  })

  test('version 0 lists offsets', async () => {
    expect(await ask(0, -1)).toMatchObject({ errorCode: 0, oldStyleOffsets: [6] })
    expect(await ask(0, -1, { max: 5 })).toMatchObject({ oldStyleOffsets: [6, 1] })
    expect(await ask(0, -2, { max: 5 })).toMatchObject({ oldStyleOffsets: [1] })
    expect(await ask(0, 1500, { max: 5 })).toMatchObject({ oldStyleOffsets: [2, 1] })
  })

  test('unknown partitions, doubles and other epochs are refused', async () => {
    expect(await ask(5, -1, { name: 'missing' })).toMatchObject({ errorCode: 3, offset: -1 })
    expect(await ask(5, -1, { index: 9 })).toMatchObject({ errorCode: 3 })
    expect(await ask(5, -1, { epoch: 3 })).toMatchObject({ errorCode: 75 })
    const partition = { partitionIndex: 0, timestamp: -1 }
    const request = { replicaId: -1, isolationLevel: 0, topics: [{ name: 'fixed', partitions: [partition, partition] }], timeoutMs: 0 }
    const { topics } = await wire.ask(listOffsets, 5, request)
    expect(topics[0]?.partitions.map(({ errorCode }) => errorCode)).toEqual([42])
    expect(await ask(5, -1, { epoch: -2 })).toMatchObject({ errorCode: 74 })
    const nothing = { replicaId: -1, isolationLevel: 0, topics: [{ name: 'fixed', partitions: [] }], timeoutMs: 0 }
    expect((await wire.ask(listOffsets, 5, nothing)).topics).toEqual([])
  })

  test.each([0, 1, 2, 3, 4])('OffsetForLeaderEpoch version %i: the one epoch ends where the log ends', async (version) => {
    const epochs = async (leaderEpoch: number, currentLeaderEpoch = -1, topic = 'fixed') => {
      const answer = await wire.ask(offsetForLeaderEpoch, version, {
        topics: [{ topic, partitions: [{ partition: 0, currentLeaderEpoch, leaderEpoch }] }],
      })
      return answer.topics[0]?.partitions[0]
    }
    expect(await epochs(0)).toEqual({ errorCode: 0, partition: 0, leaderEpoch: version >= 1 ? 0 : -1, endOffset: 6 })
    expect(await epochs(1)).toEqual({ errorCode: 0, partition: 0, leaderEpoch: -1, endOffset: -1 })
    expect(await epochs(-1)).toMatchObject({ errorCode: 0, endOffset: -1 })
    expect(await epochs(0, -1, 'missing')).toMatchObject({ errorCode: 3, endOffset: -1 })
    if (version >= 2) expect(await epochs(0, 2)).toMatchObject({ errorCode: 75, endOffset: -1 })
  })
})

describe('InitProducerId', () => {
  test.each([0, 1, 2, 3, 4, 5])('version %i hands out ids that nobody had', async (version) => {
    const ask = () => wire.ask(initProducerId, version, { transactionalId: null, transactionTimeoutMs: 1000 })
    const [a, b] = [await ask(), await ask()]
    expect(a).toMatchObject({ errorCode: 0, producerEpoch: 0 })
    expect(b.producerId).not.toBe(a.producerId)
  })

  test('an empty transactional id and half an identity are invalid', async () => {
    const ask = async (transactionalId: string | null, producerId = -1, producerEpoch = -1) =>
      (await wire.ask(initProducerId, 4, { transactionalId, transactionTimeoutMs: 1000, producerId, producerEpoch })).errorCode
    expect(await ask('')).toBe(42)
    expect(await ask(null, 5)).toBe(42)
    expect(await ask(null, -1, 5)).toBe(42)
  })
})
