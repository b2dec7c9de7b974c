// Fetch over a raw socket: versions, errors, waiting, sizes.
import { describe, expect, test } from 'vitest'
import { addPartitionsToTxn } from '../../protocol/messages/add-partitions-to-txn.ts'
import { apiVersions } from '../../protocol/messages/api-versions.ts'
import { endTxn } from '../../protocol/messages/end-txn.ts'
import { fetch } from '../../protocol/messages/fetch.ts'
import { initProducerId } from '../../protocol/messages/init-producer-id.ts'
import { produce } from '../../protocol/messages/produce.ts'
import { baseOffsetOf, codecZstd, leaderEpochOf } from '../../protocol/records/batch.ts'
import { buildEndMarker } from '../../protocol/records/control.ts'
import { readMessageSet } from '../../protocol/records/legacy.ts'
import type { FetchOptions, Wanted } from './data-door.ts'
import { door, fetchOf, get, newTopic, noId, parsedId, produceOf, put, wire } from './data-door.ts'
import { batch, readAnswer, startDoor } from './harness.ts'

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
    expect(await sizes([{ index: 0, bytesMax: 0 }], { maxBytes: 0 })).toEqual([one])
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

  test('errors: offset out of range, unknown topic, id and partition, leader epochs', async () => {
    const topic = await newTopic()
    for (let i = 0; i < 4; i++) await put(topic, ['a'])
    await door.engine.deleteRecords(topic.partitions[0]!, 2)
    const first = async (wanted: Wanted, version = 12) => (await get(topic, [wanted], { maxWaitMs: 60_000 }, version)).parts[0]
    expect(await first({ offset: 1 })).toMatchObject({ errorCode: 1, highWatermark: -1, logStartOffset: -1, abortedTransactions: null })
    expect(await first({ offset: 5 })).toMatchObject({ errorCode: 1, highWatermark: -1, logStartOffset: -1 })
    expect(await first({ index: 3 })).toMatchObject({ errorCode: 3, highWatermark: -1, abortedTransactions: [] })
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

  test('an isolation level that does not exist is refused: at each partition, from version 7 on at the top, from 13 on only there', async () => {
    const topic = await newTopic()
    await put(topic, ['a'])
    const part = expect.objectContaining({ errorCode: -1, highWatermark: -1, lastStableOffset: -1, logStartOffset: -1 })
    const level = { isolationLevel: 2, sessionEpoch: 0 }
    expect(await get(topic, [{}], level, 4)).toMatchObject({ errorCode: 0, parts: [part] })
    expect(await get(topic, [{}], level, 12)).toMatchObject({ errorCode: -1, sessionId: 0, parts: [part] })
    expect(await get(topic, [{}], level, 13)).toMatchObject({ errorCode: -1, sessionId: 0, responses: [] })
    expect((await get(topic, [], { ...level, sessionId: 77, sessionEpoch: 5 })).errorCode).toBe(70)
  })

  test('a negative limit is refused at its partition, 0 is as little as there is', async () => {
    const topic = await newTopic()
    await put(topic, ['a'])
    await put(topic, ['b'])
    const codes = async (bytesMax: number, maxBytes: number) => {
      const [part] = (await get(topic, [{ bytesMax }], { maxBytes })).parts
      return [part?.errorCode, part?.records?.length]
    }
    expect([await codes(-1, 1000), await codes(1000, -1)]).toEqual([
      [-1, 0],
      [-1, 0],
    ])
    const one = batch(['a']).length
    expect([await codes(0, 1000), await codes(1000, 0)]).toEqual([
      [0, one],
      [0, one],
    ])
  })

  test('read committed answers the aborted transactions, of which there are none', async () => {
    const topic = await newTopic()
    await put(topic, ['a'])
    const { parts } = await get(topic, [{}], { isolationLevel: 1 })
    expect(parts[0]).toMatchObject({ lastStableOffset: 1, abortedTransactions: [] })
    expect(parts[0]!.records!.length).toBeGreaterThan(0)
  })

  test('a waiting fetch of committed records is woken by the end of the transaction that holds them', async () => {
    const topic = await newTopic()
    const [partition] = topic.partitions
    const { producerId, producerEpoch } = await wire.ask(initProducerId, 4, {
      transactionalId: 'x',
      transactionTimeoutMs: 60_000,
      producerId: -1,
      producerEpoch: -1,
    })
    await wire.ask(addPartitionsToTxn, 3, {
      transactions: [],
      v3AndBelowTransactionalId: 'x',
      v3AndBelowProducerId: producerId,
      v3AndBelowProducerEpoch: producerEpoch,
      v3AndBelowTopics: [{ name: topic.name, partitions: [0] }],
    })
    const records = batch(['a'], { producerId, producerEpoch, baseSequence: 0, transactional: true })
    await wire.ask(produce, 9, { ...produceOf(topic, [{ index: 0, records }]), transactionalId: 'x' })
    expect(partition!.lastStableOffset).toBe(0)
    await using own = await door.open()
    own.send(fetch, 12, fetchOf(topic, [{}], { maxWaitMs: 60_000, isolationLevel: 1 }))
    await expect.poll(() => door.engine.waiters.size).toBe(1)
    await wire.ask(endTxn, 3, { transactionalId: 'x', producerId, producerEpoch, committed: true })
    expect(parsedId(await own.next(), 12).body.responses[0]?.partitions[0]).toMatchObject({ lastStableOffset: 2 })
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
