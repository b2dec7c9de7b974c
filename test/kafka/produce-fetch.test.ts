// Produce and Fetch over a raw socket: versions, errors, waiting, sizes.
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { apiVersions } from '../../protocol/messages/api-versions.ts'
import { fetch } from '../../protocol/messages/fetch.ts'
import { produce } from '../../protocol/messages/produce.ts'
import { baseOffsetOf, codecZstd, endOffsetOf, leaderEpochOf, magicOf, sealBatch } from '../../protocol/records/batch.ts'
import { buildEndMarker } from '../../protocol/records/control.ts'
import { readMessageSet } from '../../protocol/records/legacy.ts'
import { downConvert } from '../../protocol/records/legacy-fetch.ts'
import type { RequestInput } from '../../protocol/schema.ts'
import type { Topic } from '../../src/engine/topics.ts'
import { batch, type Door, readAnswer, startDoor, type Wire } from './harness.ts'

let door: Door
let wire: Wire
let topics = 0

beforeAll(async () => {
  door = await startDoor()
  wire = await door.open()
})
afterAll(async () => {
  await wire?.[Symbol.asyncDispose]()
  await door?.[Symbol.asyncDispose]()
})

const newTopic = (partitionCount = 1, configs: Record<string, string> = {}): Promise<Topic> =>
  door.engine.topics.create({ name: `t${topics++}`, partitionCount, configs })

const noId = 'AAAAAAAAAAAAAAAAAAAAAA'
type Parts = { index: number; records: Buffer | null }[]
const produceOf = (topic: Topic | string, parts: Parts, acks = -1): RequestInput<typeof produce> => {
  const [name, topicId] = typeof topic === 'string' ? [topic, noId] : [topic.name, topic.id]
  return { acks, timeoutMs: 1000, topicData: [{ name, topicId, partitionData: parts }] }
}
async function put(topic: Topic, values: string[], index = 0) {
  const answer = await wire.ask(produce, 9, produceOf(topic, [{ index, records: batch(values) }]))
  const part = answer.responses[0]!.partitionResponses[0]!
  expect(part.errorCode).toBe(0)
  return part.baseOffset
}

interface Wanted {
  index?: number
  offset?: number
  bytesMax?: number
  epoch?: number
  lastFetchedEpoch?: number
}
interface FetchOptions {
  maxWaitMs?: number
  minBytes?: number
  maxBytes?: number
  isolationLevel?: number
  sessionId?: number
  sessionEpoch?: number
  forgotten?: number[]
}
const fetchOf = (topic: Topic | { name: string; id: string }, wanted: Wanted[], options: FetchOptions = {}): RequestInput<typeof fetch> => ({
  replicaState: { replicaId: -1, replicaEpoch: -1 },
  maxWaitMs: options.maxWaitMs ?? 0,
  minBytes: options.minBytes ?? 1,
  maxBytes: options.maxBytes ?? 1 << 26,
  isolationLevel: options.isolationLevel ?? 0,
  sessionId: options.sessionId ?? 0,
  sessionEpoch: options.sessionEpoch ?? -1,
  topics:
    wanted.length === 0
      ? []
      : [
          {
            topic: topic.name,
            topicId: topic.id,
            partitions: wanted.map(({ index = 0, offset = 0, bytesMax = 1 << 20, epoch = -1, lastFetchedEpoch = -1 }) => ({
              partition: index,
              fetchOffset: offset,
              partitionMaxBytes: bytesMax,
              currentLeaderEpoch: epoch,
              lastFetchedEpoch,
            })),
          },
        ],
  forgottenTopicsData: options.forgotten ? [{ topic: topic.name, topicId: topic.id, partitions: options.forgotten }] : [],
})
const get = async (topic: Topic, wanted: Wanted[], options: FetchOptions = {}, version = 12) => {
  const answer = await wire.ask(fetch, version, fetchOf(topic, wanted, options))
  return { ...answer, parts: answer.responses.flatMap(({ partitions }) => partitions) }
}
const parsedId = (frame: Buffer, version: number) => readAnswer(fetch, version, frame)

describe('Produce', () => {
  test.each([3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13])('version %i stores batches and answers their offsets', async (version) => {
    const topic = await newTopic(2)
    const parts = [
      { index: 1, records: batch(['a', 'b']) },
      { index: 0, records: batch(['c']) },
    ]
    const first = await wire.ask(produce, version, produceOf(topic, parts))
    const second = await wire.ask(produce, version, produceOf(topic, [{ index: 1, records: batch(['d']) }], 1))
    expect(first.responses[0]).toMatchObject(version < 13 ? { name: topic.name } : { topicId: topic.id })
    expect(first.responses[0]?.partitionResponses).toMatchObject([
      { index: 1, errorCode: 0, baseOffset: 0, logAppendTimeMs: -1, ...(version >= 5 ? { logStartOffset: 0 } : {}) },
      { index: 0, errorCode: 0, baseOffset: 0 },
    ])
    expect(second.responses[0]?.partitionResponses).toMatchObject([{ index: 1, errorCode: 0, baseOffset: 2 }])
  })

  test.each([0, 1, 2])('version %i, of a client from before Kafka 0.11, is stored as record batches', async (version) => {
    const topic = await newTopic()
    const set = downConvert(batch(['a', 'b']), { magic: version === 0 ? 0 : 1 })
    const answer = await wire.ask(produce, version, produceOf(topic, [{ index: 0, records: set }], 1))
    expect(answer.responses[0]?.partitionResponses).toMatchObject([{ index: 0, errorCode: 0, baseOffset: 0 }])
    const { parts } = await get(topic, [{}])
    expect(magicOf(parts[0]!.records!)).toBe(2)
    expect(endOffsetOf(parts[0]!.records!)).toBe(2)
  })

  test('log append time is answered', async () => {
    const topic = await newTopic(1, { 'message.timestamp.type': 'LogAppendTime' })
    const before = Date.now()
    const answer = await wire.ask(produce, 9, produceOf(topic, [{ index: 0, records: batch(['a']) }]))
    expect(answer.responses[0]?.partitionResponses[0]?.logAppendTimeMs).toBeGreaterThanOrEqual(before)
  })

  const corrupt = (change: (bytes: Buffer) => void, seal = false) => {
    const bytes = batch(['a', 'b', 'c'])
    change(bytes)
    if (seal) sealBatch(bytes)
    return bytes
  }
  test.each<[string, number, Buffer | null]>([
    ['no records at all', 87, null],
    ['no batch', 87, Buffer.alloc(0)],
    ['a few bytes', 87, Buffer.alloc(10, 1)],
    ['a wrong CRC', 2, corrupt((bytes) => bytes.writeUInt8(bytes.readUInt8(70) ^ 1, 70))],
    ['half a batch', 87, batch(['a', 'b']).subarray(0, 66)],
    ['a negative batch length', 2, corrupt((bytes) => bytes.writeInt32BE(-5, 8))],
    ['two batches', 87, Buffer.concat([batch(['a']), batch(['b'])])],
    ['message format 1', 87, corrupt((bytes) => bytes.writeInt8(1, 16))],
    ['message format 3', 2, corrupt((bytes) => bytes.writeInt8(3, 16))],
    ['a wrong count', 87, corrupt((bytes) => bytes.writeInt32BE(7, 57), true)],
    ['a wrong last offset delta', 87, corrupt((bytes) => bytes.writeInt32BE(7, 23), true)],
    ['a control batch', 87, batch(['a'], { control: true })],
    ['a transactional batch', 53, batch(['a'], { transactional: true, producerId: 1, producerEpoch: 0, baseSequence: 0 })],
  ])('%s gets error %i, and the other partition is stored', async (_, code, records) => {
    const topic = await newTopic(2)
    const answer = await wire.ask(
      produce,
      9,
      produceOf(topic, [
        { index: 0, records },
        { index: 1, records: batch(['fine']) },
      ]),
    )
    expect(answer.responses[0]?.partitionResponses).toMatchObject([
      { index: 0, errorCode: code, baseOffset: -1 },
      { index: 1, errorCode: 0, baseOffset: 0 },
    ])
    expect(answer.responses[0]?.partitionResponses[0]?.errorMessage).toBeTruthy()
    expect(topic.partitions[0]?.endOffset).toBe(0)
  })

  test('zstd is refused before version 7', async () => {
    const topic = await newTopic()
    const records = batch(['a'.repeat(100)], { codec: codecZstd })
    expect((await wire.ask(produce, 6, produceOf(topic, [{ index: 0, records }]))).responses[0]?.partitionResponses[0]?.errorCode).toBe(76)
    expect((await wire.ask(produce, 7, produceOf(topic, [{ index: 0, records }]))).responses[0]?.partitionResponses[0]?.errorCode).toBe(0)
  })

  test('unknown topics, ids and partitions have their own errors, and no topic is created', async () => {
    const topic = await newTopic()
    const code = async (version: number, request: RequestInput<typeof produce>) =>
      (await wire.ask(produce, version, request)).responses[0]?.partitionResponses[0]?.errorCode
    const records = batch(['a'])
    expect(await code(9, produceOf('missing', [{ index: 0, records }]))).toBe(3)
    expect(await code(9, produceOf(topic, [{ index: 5, records }]))).toBe(3)
    expect(await code(9, produceOf(topic, [{ index: -1, records }]))).toBe(3)
    expect(await code(13, produceOf('', [{ index: 0, records }]))).toBe(100)
    expect(door.engine.topics.get('missing')).toBeUndefined()
  })

  test('acks other than -1, 0 and 1 are refused, and nothing is stored', async () => {
    const topic = await newTopic()
    const answer = await wire.ask(produce, 9, produceOf(topic, [{ index: 0, records: batch(['a']) }], 2))
    expect(answer.responses[0]?.partitionResponses[0]?.errorCode).toBe(21)
    expect(topic.partitions[0]?.endOffset).toBe(0)
  })

  test('a batch over max.message.bytes is too large', async () => {
    const topic = await newTopic(1, { 'max.message.bytes': '1000' })
    const answer = await wire.ask(produce, 9, produceOf(topic, [{ index: 0, records: batch(['a'.repeat(2000)]) }]))
    expect(answer.responses[0]?.partitionResponses[0]?.errorCode).toBe(10)
  })

  test('a retried batch of an idempotent producer is answered with its first offset; a gap is refused', async () => {
    const topic = await newTopic()
    const send = async (baseSequence: number) => {
      const records = batch(['a', 'b'], { producerId: 7, producerEpoch: 0, baseSequence })
      return (await wire.ask(produce, 9, produceOf(topic, [{ index: 0, records }]))).responses[0]?.partitionResponses[0]
    }
    expect(await send(0)).toMatchObject({ errorCode: 0, baseOffset: 0 })
    expect(await send(2)).toMatchObject({ errorCode: 0, baseOffset: 2 })
    expect(await send(0)).toMatchObject({ errorCode: 0, baseOffset: 0 })
    expect(await send(6)).toMatchObject({ errorCode: 45, baseOffset: -1 })
    expect(topic.partitions[0]?.endOffset).toBe(4)
  })

  test('acks=0 has no answer, the next request has one, and the records are there', async () => {
    const topic = await newTopic()
    await using own = await door.open()
    for (let i = 0; i < 5; i++) own.send(produce, 9, produceOf(topic, [{ index: 0, records: batch([`${i}`]) }], 0))
    const id = own.send(apiVersions, 0, { clientSoftwareName: '', clientSoftwareVersion: '' })
    expect(readAnswer(apiVersions, 0, await own.next()).correlationId).toBe(id)
    expect(own.unread).toBe(0)
    expect(topic.partitions[0]?.endOffset).toBe(5)
  })

  test('acks=0 with an error closes the connection', async () => {
    await using own = await door.open()
    own.send(produce, 9, produceOf('missing', [{ index: 0, records: batch(['a']) }], 0))
    await own.closed
    expect(door.log.at(-1)?.fields['reason']).toContain('acks=0')
  })

  test('a pipelining producer does not wait a commit per request, and its order is kept', async () => {
    const own = await startDoor()
    const topic = await own.engine.topics.create({ name: 'p', partitionCount: 1 })
    await own.engine.open(topic.partitions)
    // Commits wait for the test.
    const release: (() => void)[] = []
    const append = own.engine.append.bind(own.engine)
    own.engine.append = (...args: Parameters<typeof append>) => {
      const appended = append(...args)
      return new Promise((resolve, reject) => release.push(() => appended.then(resolve, reject)))
    }
    await using client = await own.open()
    const count = 20
    for (let i = 0; i < count; i++) client.send(produce, 9, produceOf(topic, [{ index: 0, records: batch([`${i}`]) }]))
    while (release.length < count) await new Promise((resolve) => setImmediate(resolve))
    expect(client.unread).toBe(0)
    for (const commit of release.reverse()) commit()
    for (let i = 0; i < count; i++) {
      const { correlationId, body } = readAnswer(produce, 9, await client.next())
      expect([correlationId, body.responses[0]?.partitionResponses[0]?.baseOffset]).toEqual([i + 1, i])
    }
    await own[Symbol.asyncDispose]()
  })
})

describe('Fetch', () => {
  test.each([4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18])('version %i returns what was produced', async (version) => {
    const topic = await newTopic(2)
    await put(topic, ['a', 'b'])
    await put(topic, ['c'])
    const { parts, responses } = await get(topic, [{ index: 0 }, { index: 1 }], {}, version)
    expect(responses[0]).toMatchObject(version < 13 ? { topic: topic.name } : { topicId: topic.id })
    expect(parts).toMatchObject([
      { partitionIndex: 0, errorCode: 0, highWatermark: 3, lastStableOffset: 3, abortedTransactions: null, preferredReadReplica: -1 },
      { partitionIndex: 1, errorCode: 0, highWatermark: 0 },
    ])
    const expected = Buffer.concat([batch(['a', 'b']), batch(['c'], { baseOffset: 2 })])
    const records = parts[0]!.records!
    expect(records).toHaveLength(expected.length)
    expect([baseOffsetOf(records), leaderEpochOf(records)]).toEqual([0, 0])
    expect(parts[1]?.records).toHaveLength(0)
  })

  test.each([0, 1, 2, 3])('version %i, of a client from before Kafka 0.11, returns message sets', async (version) => {
    const topic = await newTopic()
    await put(topic, ['a', 'b', 'c'])
    await put(topic, ['d'])
    const { parts } = await get(topic, [{ offset: 1 }], {}, version)
    const messages = readMessageSet(parts[0]!.records!)
    expect(messages.map(({ offset, value, magic }) => [offset, String(value), magic])).toEqual([
      [1, 'b', version < 2 ? 0 : 1],
      [2, 'c', version < 2 ? 0 : 1],
      [3, 'd', version < 2 ? 0 : 1],
    ])
  })

  test('an old client is led past control batches, which it does not know', async () => {
    const topic = await newTopic()
    const partition = topic.partitions[0]!
    for (let i = 0; i < 3; i++)
      await door.engine.append(
        partition,
        buildEndMarker({ committed: false, producerId: 5 + i, producerEpoch: 0, coordinatorEpoch: 0, timestampMs: 1000 }),
        { trusted: true },
      )
    await put(topic, ['after'])
    const { parts } = await get(topic, [{ bytesMax: 10 }], {}, 3)
    expect(readMessageSet(parts[0]!.records!).map(({ offset }) => offset)).toEqual([3])
  })

  test('an offset inside a batch returns the whole batch', async () => {
    const topic = await newTopic()
    await put(topic, ['a', 'b', 'c'])
    const { parts } = await get(topic, [{ offset: 2 }])
    expect(baseOffsetOf(parts[0]!.records!)).toBe(0)
  })

  test('sizes: the first batch comes whatever the limits, later ones only within them (KIP-74)', async () => {
    const topic = await newTopic(2)
    for (const index of [0, 1]) for (let i = 0; i < 3; i++) await put(topic, ['x'.repeat(1000)], index)
    const one = batch(['x'.repeat(1000)]).length
    const sizes = async (wanted: Wanted[], options: FetchOptions) => (await get(topic, wanted, options)).parts.map(({ records }) => records?.length)
    expect(await sizes([{ index: 0, bytesMax: 1 }, { index: 1 }], {})).toEqual([one, 3 * one])
    expect(await sizes([{ index: 0 }, { index: 1 }], { maxBytes: 1 })).toEqual([one, 0])
    expect(await sizes([{ index: 0, bytesMax: 2 * one + 5 }, { index: 1 }], {})).toEqual([2 * one, 3 * one])
    expect(await sizes([{ index: 0 }, { index: 1 }], { maxBytes: 4 * one + 5 })).toEqual([3 * one, one])
    expect(await sizes([{ index: 0, bytesMax: 0 }], { maxBytes: -7 })).toEqual([one])
  })

  test('where clients are slow to take their answers, each new one is a single batch', async () => {
    const own = await startDoor({ settings: { 'queued.max.response.bytes': 0 } })
    const topic = await own.engine.topics.create({ name: 'slow', partitionCount: 2 })
    for (const partition of topic.partitions) for (let i = 0; i < 3; i++) await own.engine.append(partition, batch(['x'.repeat(1000)]))
    await using client = await own.open()
    const { responses } = await client.ask(fetch, 12, fetchOf(topic, [{ index: 0 }, { index: 1 }]))
    expect(responses[0]?.partitions.map(({ records }) => records?.length)).toEqual([batch(['x'.repeat(1000)]).length, 0])
    await own[Symbol.asyncDispose]()
  })

  test('errors: offset out of range with real bounds, unknown topic, id and partition, leader epochs', async () => {
    const topic = await newTopic()
    for (let i = 0; i < 4; i++) await put(topic, ['a'])
    await door.engine.deleteRecords(topic.partitions[0]!, 2)
    const first = async (wanted: Wanted, version = 12) => (await get(topic, [wanted], { maxWaitMs: 60_000 }, version)).parts[0]
    expect(await first({ offset: 1 })).toMatchObject({ errorCode: 1, highWatermark: 4, logStartOffset: 2 })
    expect(await first({ offset: 5 })).toMatchObject({ errorCode: 1, highWatermark: 4, logStartOffset: 2 })
    expect(await first({ index: 3 })).toMatchObject({ errorCode: 3, highWatermark: -1 })
    expect(await first({ offset: 2, epoch: 0 })).toMatchObject({ errorCode: 0 })
    expect(await first({ offset: 2, epoch: 1 })).toMatchObject({ errorCode: 75 })
    expect(await first({ offset: 2, lastFetchedEpoch: 4 })).toMatchObject({ errorCode: 1 })
    expect(await first({ offset: 9, lastFetchedEpoch: 0 })).toMatchObject({ errorCode: 0, divergingEpoch: { epoch: 0, endOffset: 4 } })
    const nowhere = { name: 'missing', id: noId }
    expect((await wire.ask(fetch, 12, fetchOf(nowhere, [{}], { maxWaitMs: 60_000 }))).responses[0]?.partitions[0]?.errorCode).toBe(3)
    expect((await wire.ask(fetch, 13, fetchOf(nowhere, [{}], { maxWaitMs: 60_000 }))).responses[0]?.partitions[0]?.errorCode).toBe(100)
  })

  test('zstd batches are kept from clients before version 10', async () => {
    const topic = await newTopic()
    await wire.ask(produce, 9, produceOf(topic, [{ index: 0, records: batch(['a'.repeat(100)], { codec: codecZstd }) }]))
    expect((await get(topic, [{}], {}, 9)).parts[0]).toMatchObject({ errorCode: 76 })
    expect((await get(topic, [{}], {}, 10)).parts[0]).toMatchObject({ errorCode: 0 })
  })

  test('read committed answers the aborted transactions, of which there are none', async () => {
    const topic = await newTopic()
    await put(topic, ['a'])
    const { parts } = await get(topic, [{}], { isolationLevel: 1 })
    expect(parts[0]).toMatchObject({ lastStableOffset: 1, abortedTransactions: [] })
    expect(parts[0]!.records!.length).toBeGreaterThan(0)
  })

  test('an empty fetch waits max wait, then answers empty', async () => {
    const topic = await newTopic()
    const start = performance.now()
    const { parts } = await get(topic, [{}], { maxWaitMs: 100 })
    expect(performance.now() - start).toBeGreaterThanOrEqual(95)
    expect(parts).toMatchObject([{ errorCode: 0, highWatermark: 0 }])
  })

  test('a waiting fetch is woken by a produce to any of its partitions, also of its own connection', async () => {
    const topic = await newTopic(3)
    await using own = await door.open()
    own.send(fetch, 12, fetchOf(topic, [{ index: 0 }, { index: 1 }, { index: 2 }], { maxWaitMs: 60_000 }))
    own.send(produce, 9, produceOf(topic, [{ index: 2, records: batch(['late']) }]))
    const { correlationId, body } = parsedId(await own.next(), 12)
    expect(correlationId).toBe(1)
    expect(body.responses[0]?.partitions[2]?.records?.length).toBeGreaterThan(0)
    expect(readAnswer(produce, 9, await own.next()).correlationId).toBe(2)
  })

  test('min bytes count over all partitions', async () => {
    const topic = await newTopic(2)
    await using own = await door.open()
    own.send(fetch, 12, fetchOf(topic, [{ index: 0 }, { index: 1 }], { maxWaitMs: 60_000, minBytes: 3000 }))
    for (let i = 0; i < 2; i++) {
      await put(topic, ['x'.repeat(1000)], i)
      expect(own.unread).toBe(0)
    }
    await put(topic, ['x'.repeat(1000)], 0)
    const { body } = parsedId(await own.next(), 12)
    expect(body.responses[0]?.partitions.map(({ highWatermark }) => highWatermark)).toEqual([2, 1])
  })

  test('a fetch that waits is answered when its topic is deleted, and when its records are', async () => {
    const topic = await newTopic()
    const other = await newTopic()
    await put(other, ['a'])
    await using one = await door.open()
    await using two = await door.open()
    one.send(fetch, 12, fetchOf(topic, [{}], { maxWaitMs: 60_000 }))
    two.send(fetch, 12, fetchOf(other, [{ offset: 0 }], { maxWaitMs: 60_000, minBytes: 1 << 20 }))
    await wire.ask(apiVersions, 0, { clientSoftwareName: '', clientSoftwareVersion: '' })
    await door.engine.topics.delete(topic.name)
    expect(parsedId(await one.next(), 12).body.responses[0]?.partitions[0]?.errorCode).toBe(3)
    await door.engine.deleteRecords(other.partitions[0]!, 1)
    expect(parsedId(await two.next(), 12).body.responses[0]?.partitions[0]?.errorCode).toBe(1)
  })

  test('a stopping server answers waiting fetches', async () => {
    const own = await startDoor()
    const topic = await own.engine.topics.create({ name: 'w', partitionCount: 1 })
    const park = own.engine.waiters.park.bind(own.engine.waiters)
    const parked = new Promise<void>((resolve) => {
      own.engine.waiters.park = (...args: Parameters<typeof park>) => {
        resolve()
        return park(...args)
      }
    })
    await using client = await own.open()
    client.send(fetch, 12, fetchOf(topic, [{}], { maxWaitMs: 60_000 }))
    await parked
    const closed = own.server.close(60_000)
    expect(parsedId(await client.next(), 12).body.responses[0]?.partitions).toMatchObject([{ errorCode: 0, highWatermark: 0 }])
    await closed
    await own[Symbol.asyncDispose]()
  })
})

describe('fetch sessions (KIP-227)', () => {
  test('an incremental fetch tells only of partitions with news, and keeps what the client asked for', async () => {
    const topic = await newTopic(3)
    await put(topic, ['a'], 1)
    const full = await get(topic, [{ index: 0 }, { index: 1 }, { index: 2 }], { sessionEpoch: 0 })
    expect(full.parts).toHaveLength(3)
    const { sessionId } = full
    expect(sessionId).toBeGreaterThan(0)
    const next = (epoch: number, wanted: Wanted[], options: FetchOptions = {}) => get(topic, wanted, { sessionId, sessionEpoch: epoch, ...options })
    // Partition 1 is read on; nothing is new.
    expect((await next(1, [{ index: 1, offset: 1 }])).parts).toEqual([])
    await put(topic, ['b'], 2)
    expect((await next(2, [])).parts).toMatchObject([{ partitionIndex: 2, highWatermark: 1 }])
    // Not read on, so it is told again.
    expect((await next(3, [])).parts).toMatchObject([{ partitionIndex: 2, highWatermark: 1 }])
    await put(topic, ['c'], 0)
    expect((await next(4, [], { forgotten: [2] })).parts).toMatchObject([{ partitionIndex: 0 }])
    // Wrong epochs and ids.
    expect(await next(4, [])).toMatchObject({ errorCode: 71, sessionId: 0, parts: [] })
    expect(await get(topic, [], { sessionId: sessionId + 1, sessionEpoch: 5 })).toMatchObject({ errorCode: 70 })
    expect(await get(topic, [], { sessionId, sessionEpoch: 5 }, 13)).toMatchObject({ errorCode: 106 })
    // Closed.
    expect(await get(topic, [{ index: 0 }], { sessionId, sessionEpoch: -1 })).toMatchObject({ errorCode: 0, sessionId: 0 })
    expect(await next(5, [])).toMatchObject({ errorCode: 70 })
  })

  test('an error is told in every answer, and its end too', async () => {
    const topic = await newTopic(1)
    const { sessionId, parts } = await get(topic, [{ index: 0 }, { index: 1 }], { sessionEpoch: 0 })
    expect(parts.map(({ errorCode }) => errorCode)).toEqual([0, 3])
    expect((await get(topic, [], { sessionId, sessionEpoch: 1 })).parts).toMatchObject([{ partitionIndex: 1, errorCode: 3 }])
    await door.engine.topics.addPartitions(topic.name, 2)
    expect((await get(topic, [], { sessionId, sessionEpoch: 2 })).parts).toMatchObject([{ partitionIndex: 1, errorCode: 0, highWatermark: 0 }])
    expect((await get(topic, [], { sessionId, sessionEpoch: 3 })).parts).toEqual([])
  })

  test('who got records waits for the others next time', async () => {
    const topic = await newTopic(2)
    for (const index of [0, 1]) await put(topic, ['x'.repeat(1000)], index)
    const { sessionId, parts } = await get(topic, [{ index: 0 }, { index: 1 }], { sessionEpoch: 0, maxBytes: 1 })
    const withRecords = (all: typeof parts) => all.filter(({ records }) => records!.length > 0).map(({ partitionIndex }) => partitionIndex)
    expect(withRecords(parts)).toEqual([0])
    expect(withRecords((await get(topic, [], { sessionId, sessionEpoch: 1, maxBytes: 1 })).parts)).toEqual([0])
    expect(withRecords((await get(topic, [], { sessionId, sessionEpoch: 2, maxBytes: 1 })).parts)).toEqual([1])
  })
})
