// Transactions and idempotent producers that do it wrong, with raw frames: the code that Apache Kafka 4.3.1 gave to the same frames, and nothing written.
import { beforeAll, describe, expect, test } from 'vitest'
import { type ErrorName, errorName } from '../../protocol/error-code.ts'
import { addPartitionsToTxn } from '../../protocol/messages/add-partitions-to-txn.ts'
import { describeTransactions } from '../../protocol/messages/describe-transactions.ts'
import { endTxn } from '../../protocol/messages/end-txn.ts'
import { initProducerId } from '../../protocol/messages/init-producer-id.ts'
import { listTransactions } from '../../protocol/messages/list-transactions.ts'
import { produce } from '../../protocol/messages/produce.ts'
import { txnOffsetCommit } from '../../protocol/messages/txn-offset-commit.ts'
import { buildEndMarker } from '../../protocol/records/control.ts'
import type { Topic } from '../../src/engine/topics.ts'
import { door, newTopic, noId, wire } from './data-door.ts'
import { batch } from './harness.ts'

interface Producer {
  producerId: number
  producerEpoch: number
}

let ids = 0
const newId = (): string => `tx-${ids++}`
const stranger: Producer = { producerId: 4242, producerEpoch: 0 }

async function init(transactionalId: string, had: Producer = { producerId: -1, producerEpoch: -1 }): Promise<Producer> {
  const { errorCode, producerId, producerEpoch } = await wire.ask(initProducerId, 5, { transactionalId, transactionTimeoutMs: 60_000, ...had })
  expect(errorCode).toBe(0)
  return { producerId, producerEpoch }
}

const ofProducer = ({ producerId, producerEpoch }: Producer, baseSequence: number, transactional = true): Buffer =>
  batch(['x'], { producerId, producerEpoch, baseSequence, transactional })

async function send(topic: Topic, records: Buffer, transactionalId: string | null, version = 12, index = 0, on = wire): Promise<ErrorName> {
  const topicData = [{ name: topic.name, topicId: topic.id, partitionData: [{ index, records }] }]
  const answer = await on.ask(produce, version, { transactionalId, acks: -1, timeoutMs: 1000, topicData })
  return errorName(answer.responses[0]!.partitionResponses[0]!.errorCode) as ErrorName
}

async function add(transactionalId: string, producer: Producer, topic: Topic, version = 3): Promise<ErrorName> {
  const answer = await wire.ask(addPartitionsToTxn, version, {
    v3AndBelowTransactionalId: transactionalId,
    v3AndBelowProducerId: producer.producerId,
    v3AndBelowProducerEpoch: producer.producerEpoch,
    v3AndBelowTopics: [{ name: topic.name, partitions: [0] }],
    transactions: [],
  })
  return errorName(answer.resultsByTopicV3AndBelow[0]!.resultsByPartition[0]!.partitionErrorCode) as ErrorName
}

async function end(transactionalId: string, producer: Producer, committed: boolean, version = 5) {
  const { errorCode, producerId, producerEpoch } = await wire.ask(endTxn, version, { transactionalId, ...producer, committed })
  return { error: errorName(errorCode), producerId, producerEpoch }
}

describe('a transactional batch outside its transaction', () => {
  let topic: Topic
  let id: string
  let producer: Producer
  beforeAll(async () => {
    topic = await newTopic()
    id = newId()
    producer = await init(id)
  })
  const wrongEpoch = (): Producer => ({ ...producer, producerEpoch: 7 })
  test.each<[string, number, ErrorName, () => string | null, () => Producer]>([
    ['not added', 9, 'INVALID_TXN_STATE', () => id, () => producer],
    ['not added, by a client that knows it may abort', 11, 'TRANSACTION_ABORTABLE', () => id, () => producer],
    ['of an id that nobody has', 9, 'INVALID_PRODUCER_ID_MAPPING', () => 'nobody', () => stranger],
    ['of an id that nobody has', 12, 'INVALID_PRODUCER_ID_MAPPING', () => 'nobody', () => stranger],
    ['of another producer', 12, 'INVALID_PRODUCER_ID_MAPPING', () => id, () => stranger],
    ['of another epoch', 11, 'INVALID_PRODUCER_EPOCH', () => id, wrongEpoch],
    ['of another epoch', 12, 'INVALID_PRODUCER_EPOCH', () => id, wrongEpoch],
    ['without an id', 12, 'TRANSACTIONAL_ID_AUTHORIZATION_FAILED', () => null, () => producer],
  ])('%s, version %i: %s', async (_, version, code, idOf, producerOf) => {
    expect(await send(topic, ofProducer(producerOf(), 0), idOf(), version)).toBe(code)
    expect(topic.partitions[0]!.endOffset).toBe(0)
  })

  test('from version 12 on it joins by itself, and the first one has sequence 0', async () => {
    expect(await send(topic, ofProducer(producer, 3), id)).toBe('OUT_OF_ORDER_SEQUENCE_NUMBER')
    expect(topic.partitions[0]!.endOffset).toBe(0)
    expect(await send(topic, ofProducer(producer, 0), id)).toBe('NONE')
  })
})

test('a producer with an open transaction writes nothing beside it; others do', async () => {
  const topic = await newTopic()
  const id = newId()
  const producer = await init(id)
  expect(await send(topic, ofProducer(producer, 0), id)).toBe('NONE')
  for (const version of [9, 12]) expect(await send(topic, ofProducer(producer, 1, false), null, version)).toBe('INVALID_TXN_STATE')
  const marker = buildEndMarker({ committed: true, ...producer, coordinatorEpoch: 0, timestampMs: Date.now() })
  expect(await send(topic, marker, id)).toBe('INVALID_RECORD')
  expect(topic.partitions[0]!.endOffset).toBe(1)
  expect(await send(topic, ofProducer(stranger, 0, false), null)).toBe('NONE')
  expect(await send(topic, batch(['plain']), id)).toBe('NONE')
})

test('after an end the old epoch is refused everywhere, and the new one starts with sequence 0', async () => {
  const topic = await newTopic()
  const id = newId()
  const older = await init(id)
  expect(await send(topic, ofProducer(older, 0), id)).toBe('NONE')
  const newer = await end(id, older, true)
  expect(newer).toMatchObject({ error: 'NONE', producerEpoch: older.producerEpoch + 1 })
  for (const version of [11, 12]) expect(await send(topic, ofProducer(older, 1), id, version)).toBe('INVALID_PRODUCER_EPOCH')
  expect(await send(topic, ofProducer(older, 1, false), null)).toBe('INVALID_PRODUCER_EPOCH')
  expect(await send(topic, ofProducer(newer, 5), id)).toBe('OUT_OF_ORDER_SEQUENCE_NUMBER')
  expect(topic.partitions[0]!.endOffset).toBe(2)
  expect(await send(topic, ofProducer(newer, 0), id)).toBe('NONE')
  // The end of the transaction before comes late: the open one goes on.
  expect(await end(id, older, true)).toMatchObject({ error: 'PRODUCER_FENCED', producerId: -1 })
  expect(topic.partitions[0]!.lastStableOffset).toBe(2)
  expect(await send(topic, ofProducer(newer, 1), id)).toBe('NONE')
})

test('requests of several connections for one transaction do not disturb each other', async () => {
  const topic = await newTopic(4)
  const id = newId()
  const producer = await init(id)
  const wires = await Promise.all([0, 1, 2, 3].map(() => door.open()))
  const sends = wires.map((on, index) => send(topic, ofProducer(producer, 0), id, 12, index, on))
  expect(await Promise.all(sends)).toEqual(['NONE', 'NONE', 'NONE', 'NONE'])
  for (const on of wires) await on[Symbol.asyncDispose]()
  expect(await end(id, producer, true)).toMatchObject({ error: 'NONE' })
  for (const { lastStableOffset, endOffset } of topic.partitions) expect(lastStableOffset).toBe(endOffset)
})

test('ids that are none are told so', async () => {
  const topic = await newTopic()
  const id = newId()
  const producer = await init(id)
  expect(await add('', producer, topic)).toBe('INVALID_REQUEST')
  expect(await add(id, stranger, topic)).toBe('INVALID_PRODUCER_ID_MAPPING')
  expect(await add(id, { ...producer, producerEpoch: 9 }, topic, 1)).toBe('INVALID_PRODUCER_EPOCH')
  expect(await add(id, { ...producer, producerEpoch: 9 }, topic, 2)).toBe('PRODUCER_FENCED')
  const partitions = [{ partitionIndex: 0, committedOffset: 1, committedMetadata: '' }]
  const told = await wire.ask(txnOffsetCommit, 5, {
    transactionalId: id,
    groupId: '',
    ...producer,
    topics: [{ name: topic.name, topicId: noId, partitions }],
  })
  expect(errorName(told.topics[0]!.partitions[0]!.errorCode)).toBe('INVALID_GROUP_ID')
  const { transactionStates } = await wire.ask(describeTransactions, 0, { transactionalIds: ['', 'nobody', id] })
  expect(transactionStates.map((one) => errorName(one.errorCode))).toEqual(['INVALID_REQUEST', 'TRANSACTIONAL_ID_NOT_FOUND', 'NONE'])
})

test('transactions are listed by state, producer, age and an RE2 pattern of their id', async () => {
  const topic = await newTopic()
  const [idle, open] = ['list-idle', 'list-(open)'] as const
  await init(idle)
  const producer = await init(open)
  await send(topic, ofProducer(producer, 0), open)
  const list = async (filter: object): Promise<string[] | string> => {
    const filters = { stateFilters: [], producerIdFilters: [], transactionalIdPattern: 'list.*', ...filter }
    const { errorCode, transactionStates } = await wire.ask(listTransactions, 2, filters)
    return errorCode === 0 ? transactionStates.map(({ transactionalId }) => transactionalId).sort() : errorName(errorCode)
  }
  expect(await list({})).toEqual([open, idle])
  expect(await list({ stateFilters: ['Ongoing', 'Nope'] })).toEqual([open])
  expect(await list({ producerIdFilters: [producer.producerId] })).toEqual([open])
  // As in Kafka, an age says nothing of those that have had no transaction.
  expect(await list({ durationFilter: 3_600_000 })).toEqual([idle])
  expect(await list({ transactionalIdPattern: 'list-(idle|none)' })).toEqual([idle])
  expect(await list({ transactionalIdPattern: '(?i)LIST-\\W.*' })).toEqual([open])
  expect(await list({ transactionalIdPattern: '(' })).toBe('INVALID_REGULAR_EXPRESSION')
})

test('min.insync.replicas above the one replica there is asks for no more than that', async () => {
  const topic = await newTopic(1, { 'min.insync.replicas': '2' })
  expect(await send(topic, batch(['a']), null)).toBe('NONE')
})
