// Produce over a raw socket: versions, errors, order.
import { describe, expect, test } from 'vitest'
import { apiVersions } from '../../protocol/messages/api-versions.ts'
import { produce } from '../../protocol/messages/produce.ts'
import { codecZstd, endOffsetOf, magicOf, sealBatch } from '../../protocol/records/batch.ts'
import { downConvert } from '../../protocol/records/legacy-fetch.ts'
import type { RequestInput } from '../../protocol/schema.ts'
import { door, get, newTopic, produceOf, wire } from './data-door.ts'
import { batch, readAnswer, startDoor } from './harness.ts'

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
    expect(await send(0)).toMatchObject({ errorCode: 0, baseOffset: 0, logAppendTimeMs: -1 })
    expect(await send(2)).toMatchObject({ errorCode: 0, baseOffset: 2 })
    expect(await send(0)).toMatchObject({ errorCode: 0, baseOffset: 0, logAppendTimeMs: 1_700_000_000_000 })
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
    const append = own.engine.appendFor.bind(own.engine)
    own.engine.appendFor = (partition, batches, options, waiter) =>
      append(partition, batches, options, {
        stored: (...answer) => release.push(() => waiter.stored(...answer)),
        failed: (error) => waiter.failed(error),
      })
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
