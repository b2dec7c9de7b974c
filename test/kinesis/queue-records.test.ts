// What queues deliver, when and how often, over a real socket and under a clock that the test moves.
import { cbor } from '@smithy/core/cbor'
import { expect, test } from 'vitest'
import { send, signed } from './harness.ts'
import { QueueWorld, streamARN, told } from './queue-world.ts'

test('a received record is invisible until its timeout has expired, then comes again with its count', async () => {
  await using world = await QueueWorld.open()
  const queue = await world.create()
  await world.put('a', 'b')
  const first = await world.receive(queue)
  expect(told(first)).toEqual(['ax1', 'bx1'])
  expect(await world.nothing(queue)).toEqual([])
  expect(await world.settle('AcknowledgeQueueRecords', queue, [first[1]!])).toEqual(['ok'])
  await world.clock.advance(29_000)
  const [again] = await world.receive(queue)
  expect(again).toMatchObject({ ReceiveCount: 2, RecordId: first[0]!.RecordId, FirstReceiveTimestamp: first[0]!.FirstReceiveTimestamp })
  expect(again!.ReceiptHandle).not.toBe(first[0]!.ReceiptHandle)
  expect(await world.settle('AcknowledgeQueueRecords', queue, [first[0]!])).toEqual(['InvalidArgumentException'])
  expect(await world.settle('AcknowledgeQueueRecords', queue, [again!])).toEqual(['ok'])
  await world.clock.advance(60_000)
  expect(await world.nothing(queue)).toEqual([])
})

test('the record id is the sequence number, and the rest of a record is as it was put', async () => {
  await using world = await QueueWorld.open()
  const queue = await world.create()
  const SequenceNumber = (await world.ask<{ SequenceNumber: string }>('PutRecord', { StreamName: 's', PartitionKey: 'key', Data: 'aGk=' }))
    .SequenceNumber
  const nowS = world.clock.now() / 1000
  expect(await world.receive(queue)).toEqual([
    {
      ReceiptHandle: expect.any(String),
      RecordId: SequenceNumber,
      PartitionKey: 'key',
      Data: 'aGk=',
      ApproximateArrivalTimestamp: nowS,
      FirstReceiveTimestamp: nowS,
      ReceiveCount: 1,
    },
  ])
})

test('a receive waits for a record, for a hold to expire or to be let go, or for its time', async () => {
  await using world = await QueueWorld.open()
  const queue = await world.create()
  const waiting = world.receive(queue)
  await world.parked()
  await world.put('a')
  const [a] = await waiting
  expect(told([a!])).toEqual(['ax1'])

  const afterExpiry = world.receive(queue, { WaitTimeSeconds: 20, VisibilityTimeoutSeconds: 600 })
  await world.parked()
  await world.clock.advance(19_000)
  expect(world.door.engine.waiters.size).toBe(1)
  await world.clock.advance(1000)
  // The wait ended before the hold did.
  expect(await afterExpiry).toEqual([])
  const untilExpiry = world.receive(queue, { WaitTimeSeconds: 20, VisibilityTimeoutSeconds: 600 })
  await world.parked()
  await world.clock.advance(10_000)
  const [again] = await untilExpiry
  expect(told([again!])).toEqual(['ax2'])

  const untilLetGo = world.receive(queue)
  await world.parked()
  expect(await world.settle('UpdateQueueRecordsVisibility', queue, [again!], 0)).toEqual(['ok'])
  expect(told(await untilLetGo)).toEqual(['ax3'])
})

test('of those who wait one listens, and each record goes to one of them', async () => {
  await using world = await QueueWorld.open()
  const queue = await world.create()
  const served: string[] = []
  const waiting = Array.from({ length: 5 }, () =>
    world.receive(queue, { Limit: 1, WaitTimeSeconds: 20 }).then((records) => {
      expect(world.door.engine.waiters.size).toBeLessThanOrEqual(1)
      served.push(...told(records))
    }),
  )
  await world.parked()
  await world.put('a', 'b', 'c', 'd', 'e')
  await Promise.all(waiting)
  expect(served.sort()).toEqual(['ax1', 'bx1', 'cx1', 'dx1', 'ex1'])
})

test('a hold can be made longer or shorter, but not when it has expired', async () => {
  await using world = await QueueWorld.open()
  const queue = await world.create('q', { VisibilityTimeoutSeconds: 10 })
  await world.put('a', 'b')
  const [a, b] = await world.receive(queue)
  expect(await world.settle('UpdateQueueRecordsVisibility', queue, [a!], 100)).toEqual(['ok'])
  await world.clock.advance(10_000)
  expect(await world.settle('UpdateQueueRecordsVisibility', queue, [a!, b!], 90)).toEqual(['ok', 'InvalidArgumentException'])
  // It can be acknowledged all the same, until somebody else receives it.
  expect(await world.settle('AcknowledgeQueueRecords', queue, [b!])).toEqual(['ok'])
  await world.clock.advance(80_000)
  expect(await world.nothing(queue)).toEqual([])
  await world.clock.advance(9000)
  expect(told(await world.receive(queue))).toEqual(['ax2'])
})

test('what is held for no time is visible at once, and comes once in an answer', async () => {
  await using world = await QueueWorld.open()
  const queue = await world.create()
  await world.put('a', 'b')
  const counts: number[] = []
  for (let time = 0; time < 3; time++) {
    const records = await world.receive(queue, { VisibilityTimeoutSeconds: 0 })
    expect(new Set(records.map(({ RecordId }) => RecordId)).size).toBe(records.length)
    counts.push(...records.map(({ ReceiveCount }) => ReceiveCount))
    await world.clock.advance(0)
  }
  expect(counts).toEqual([1, 1, 2, 2, 3, 3])
})

test('receipts are good for their queue, their kind and their record only, entry by entry', async () => {
  await using world = await QueueWorld.open()
  const [queue, other] = [await world.create('q'), await world.create('other')]
  await world.put('a', 'b')
  const [a, b] = await world.receive(queue)
  const [ofOther] = await world.receive(other)
  const forged = { ReceiptHandle: `${b!.ReceiptHandle.slice(0, -6)}AAAAA=` }
  const entries = [a!, ofOther!, forged, { ReceiptHandle: 'x' }]
  expect(await world.settle('AcknowledgeQueueRecords', queue, entries)).toEqual(['ok', ...Array(3).fill('InvalidArgumentException')])
  expect(await world.settle('AcknowledgeDeadLetterQueueRecords', queue, [b!])).toEqual(['InvalidArgumentException'])
  // A call that is made again, its answer lost, does no harm.
  expect(await world.settle('AcknowledgeQueueRecords', queue, [a!, b!])).toEqual(['ok', 'ok'])
  expect(await world.settle('UpdateQueueRecordsVisibility', queue, [a!], 5)).toEqual(['ResourceNotFoundException'])
  await expect(world.settle('AcknowledgeQueueRecords', queue, [])).rejects.toThrow(
    "ValidationException: 1 validation error detected: Value '[]' at 'entries'",
  )
  await world.ask('DeleteQueue', { QueueARN: other })
  await expect(world.settle('AcknowledgeQueueRecords', other, [ofOther!])).rejects.toThrow('ResourceNotFoundException')
})

test('queues of one stream do not disturb each other', async () => {
  await using world = await QueueWorld.open()
  const [one, two] = [await world.create('one'), await world.create('two')]
  await world.put('a', 'b', 'c')
  await world.settle('AcknowledgeQueueRecords', one, await world.receive(one))
  expect(told(await world.receive(two, { Limit: 2 }))).toEqual(['ax1', 'bx1'])
  expect(told(await world.receive(two))).toEqual(['cx1'])
})

test('a queue begins where it is told', async () => {
  await using world = await QueueWorld.open()
  await world.put('a')
  await world.clock.advance(10_000)
  const atMs = world.clock.now()
  await world.put('b')
  const latest = await world.create('latest', {}, null)
  const horizon = await world.create('horizon', {}, { Type: 'TRIM_HORIZON' })
  const timed = await world.create('timed', {}, { Type: 'AT_TIMESTAMP', Timestamp: (atMs - 5000) / 1000 })
  await world.put('c')
  expect(told(await world.receive(latest))).toEqual(['cx1'])
  expect(told(await world.receive(horizon))).toEqual(['ax1', 'bx1', 'cx1'])
  expect(told(await world.receive(timed))).toEqual(['bx1', 'cx1'])
  expect((await world.describe(timed)).StreamConfigurationList[0].StartingPosition).toEqual({ Type: 'AT_TIMESTAMP', Timestamp: (atMs - 5000) / 1000 })
})

test('a record past its stream’s retention is not delivered any more', async () => {
  await using world = await QueueWorld.open()
  const queue = await world.create('q', { DeadLetterConfiguration: { TargetType: 'BUILT_IN', MaxReceiveCount: 1 } })
  await world.put('a', 'b')
  await world.receive(queue, { Limit: 1 })
  await world.clock.advance(24 * 3_600_000 + 1)
  await world.put('c')
  expect(told(await world.receive(queue))).toEqual(['cx1'])
  // Nor is it a dead letter that anybody gets.
  expect(await world.nothing(queue, 'receiveDead')).toEqual([])
})

test('a compacted topic, which keeps the last record of a key, has them delivered however old they are', async () => {
  await using world = await QueueWorld.open()
  await world.door.engine.topics.alterConfigs('s', (now) => new Map([...now, ['cleanup.policy', 'compact']]))
  const queue = await world.create()
  await world.put('a')
  await world.clock.advance(48 * 3_600_000)
  expect(told(await world.receive(queue))).toEqual(['ax1'])
})

test('records of a shard and of its children are delivered, whoever splits it', async () => {
  await using world = await QueueWorld.open()
  const queue = await world.create('q', {}, null)
  await world.put('a', 'b')
  const waiting = world.receive(queue, { Limit: 2 })
  expect(told(await waiting)).toEqual(['ax1', 'bx1'])
  // As CreatePartitions does.
  const parked = world.receive(queue, { WaitTimeSeconds: 20 })
  await world.parked()
  await world.door.engine.topics.addPartitions('s', 3)
  await world.put('c')
  const values = told(await parked)
  await world.put('d', 'e', 'f', 'g')
  while (values.length < 5) values.push(...told(await world.receive(queue)))
  expect(values.sort()).toEqual(['cx1', 'dx1', 'ex1', 'fx1', 'gx1'])
})

test('a client that hangs up while it waits is handed nothing', async () => {
  await using world = await QueueWorld.open()
  const queue = await world.create()
  const body = JSON.stringify({ QueueARN: queue, WaitTimeSeconds: 20 })
  const gone = new AbortController()
  const headers = {
    'content-type': 'application/x-amz-json-1.1',
    'x-amz-target': 'Kinesis_20131202.ReceiveQueueRecords',
    authorization: 'AWS4-HMAC-SHA256 Credential=a, SignedHeaders=b, Signature=c',
    'x-amz-date': '20260101T000000Z',
  }
  const hungUp = fetch(world.door.url, { method: 'POST', headers, body, signal: gone.signal }).catch(() => 'hung up')
  await world.parked()
  gone.abort()
  expect(await hungUp).toBe('hung up')
  await expect.poll(() => world.door.engine.waiters.size).toBe(0)
  await world.put('a')
  expect(told(await world.receive(queue))).toEqual(['ax1'])
})

test('a closing broker answers those who wait', async () => {
  await using world = await QueueWorld.open()
  const queue = await world.create()
  const waiting = Array.from({ length: 3 }, () => [
    world.receive(queue, { WaitTimeSeconds: 20 }),
    world.receiveDead(queue, { WaitTimeSeconds: 20 }),
  ]).flat()
  await world.parked(2)
  world.door.engine.close()
  expect(await Promise.all(waiting)).toEqual(waiting.map(() => []))
})

test('deleting a queue ends the receives that wait on it', async () => {
  await using world = await QueueWorld.open()
  const queue = await world.create()
  const waiting = world.receive(queue, { WaitTimeSeconds: 20 })
  await world.parked()
  await world.ask('DeleteQueue', { QueueARN: queue })
  expect(await waiting).toEqual([])
  expect(await world.ask('ListShards', { StreamARN: streamARN })).toMatchObject({ Shards: [{}] })
})

test('queues speak CBOR: data as bytes, times as tag 1 with milliseconds', async () => {
  await using world = await QueueWorld.open()
  const type = 'application/x-amz-cbor-1.1'
  const ask = async (operation: string, input: object) => {
    const headers = { 'content-type': type, 'x-amz-target': `Kinesis_20131202.${operation}`, ...signed }
    const reply = await send(world.door.url, { headers, body: Buffer.from(cbor.serialize(input)) })
    expect([reply.status, reply.headers['content-type']]).toEqual([200, type])
    return cbor.deserialize(reply.bytes)
  }
  const StreamConfigurationList = [{ StreamARN: streamARN, StartingPosition: { Type: 'TRIM_HORIZON' } }]
  const { QueueDescription } = await ask('CreateQueue', { QueueName: 'q', StreamConfigurationList })
  const nowMs = world.clock.now()
  expect(QueueDescription.QueueCreationTimestamp).toMatchObject({ tag: 1, value: nowMs })
  await world.put('a')
  const { QueueARN } = QueueDescription
  const [record] = (await ask('ReceiveQueueRecords', { QueueARN, Limit: 1 })).QueueRecords
  expect(Buffer.from(record.Data).toString()).toBe('a')
  expect(record).toMatchObject({ FirstReceiveTimestamp: { tag: 1, value: nowMs }, ReceiveCount: 1 })
  const { ReceiptHandle } = record
  expect(await ask('AcknowledgeQueueRecords', { QueueARN, Entries: [{ ReceiptHandle }] })).toEqual({ Successful: [{ ReceiptHandle }], Failed: [] })
})
