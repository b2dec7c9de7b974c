// Names that clients make up and that become parts of stored keys: one that is too long for the store is refused with a code that ends the client's tries.
import { expect, test } from 'vitest'
import { type ErrorName, errorName } from '../../protocol/error-code.ts'
import { addPartitionsToTxn } from '../../protocol/messages/add-partitions-to-txn.ts'
import { alterClientQuotas } from '../../protocol/messages/alter-client-quotas.ts'
import { consumerGroupHeartbeat } from '../../protocol/messages/consumer-group-heartbeat.ts'
import { describeTransactions } from '../../protocol/messages/describe-transactions.ts'
import { endTxn } from '../../protocol/messages/end-txn.ts'
import { incrementalAlterConfigs } from '../../protocol/messages/incremental-alter-configs.ts'
import { initProducerId } from '../../protocol/messages/init-producer-id.ts'
import { produce } from '../../protocol/messages/produce.ts'
import { shareGroupHeartbeat } from '../../protocol/messages/share-group-heartbeat.ts'
import { streamsGroupHeartbeat } from '../../protocol/messages/streams-group-heartbeat.ts'
import { newTopic, produceOf, wire } from './data-door.ts'
import { batch } from './harness.ts'

const named = (code: number): ErrorName => errorName(code) as ErrorName
const fits = 'n'.repeat(1_000)
// Shorter in characters than what fits, but a NUL takes two bytes in a key.
const tooLong = ['n'.repeat(1_001), 'n'.repeat(30_000), '\0'.repeat(600), 'ü'.repeat(501)]

const noOld = { v3AndBelowTransactionalId: '', v3AndBelowProducerId: 0, v3AndBelowProducerEpoch: 0, v3AndBelowTopics: [] }

const init = (transactionalId: string) =>
  wire.ask(initProducerId, 4, { transactionalId, transactionTimeoutMs: 1_000, producerId: -1, producerEpoch: -1 })

test('a transactional id', async () => {
  const { errorCode, ...producer } = await init(fits)
  expect(errorCode).toBe(0)
  const topic = await newTopic()
  for (const transactionalId of tooLong) {
    expect(named((await init(transactionalId)).errorCode)).toBe('INVALID_REQUEST')
    const topics = [{ name: topic.name, partitions: [0] }]
    const request = { transactionalId, ...producer, topics, verifyOnly: false }
    const added = await wire.ask(addPartitionsToTxn, 4, { transactions: [request], ...noOld })
    expect(named(added.resultsByTransaction[0]!.topicResults[0]!.resultsByPartition[0]!.partitionErrorCode)).toBe('INVALID_PRODUCER_ID_MAPPING')
    const { producerId, producerEpoch } = producer
    const records = batch(['x'], { producerId, producerEpoch, baseSequence: 0, transactional: true })
    const sent = await wire.ask(produce, 12, { ...produceOf(topic, [{ index: 0, records }]), transactionalId })
    expect(named(sent.responses[0]!.partitionResponses[0]!.errorCode)).toBe('INVALID_PRODUCER_ID_MAPPING')
    const ended = await wire.ask(endTxn, 5, { transactionalId, producerId, producerEpoch, committed: true })
    expect(named(ended.errorCode)).toBe('INVALID_PRODUCER_ID_MAPPING')
    const described = await wire.ask(describeTransactions, 0, { transactionalIds: [transactionalId] })
    expect(named(described.transactionStates[0]!.errorCode)).toBe('TRANSACTIONAL_ID_NOT_FOUND')
  }
})

test('a member id that its client made', async () => {
  const joining = { memberEpoch: 0, rebalanceTimeoutMs: 1_000, subscribedTopicNames: ['t'], topicPartitions: [] }
  const none = { sourceTopicRegex: [], stateChangelogTopics: [], repartitionSinkTopics: [], repartitionSourceTopics: [], copartitionGroups: [] }
  const subtopology = { subtopologyId: '0', sourceTopics: ['t'], ...none }
  const streams = { memberEpoch: 0, rebalanceTimeoutMs: 1_000, topology: { epoch: 0, subtopologies: [subtopology] } }
  const tasks = { activeTasks: [], standbyTasks: [], warmupTasks: [] }
  const codes = async (memberId: string): Promise<ErrorName[]> => [
    named((await wire.ask(consumerGroupHeartbeat, 1, { groupId: 'c', memberId, ...joining })).errorCode),
    named((await wire.ask(shareGroupHeartbeat, 1, { groupId: 's', memberId, ...joining })).errorCode),
    named((await wire.ask(streamsGroupHeartbeat, 0, { groupId: 'k', memberId, endpointInformationEpoch: 0, ...streams, ...tasks })).errorCode),
  ]
  expect(await codes('m'.repeat(32))).toEqual(['NONE', 'NONE', 'NONE'])
  for (const memberId of tooLong) expect(await codes(memberId)).toEqual(['INVALID_REQUEST', 'INVALID_REQUEST', 'INVALID_REQUEST'])
})

test('a quota’s user and client id', async () => {
  const alter = async (user: string, clientId: string): Promise<ErrorName> => {
    const entity = [
      { entityType: 'user', entityName: user },
      { entityType: 'client-id', entityName: clientId },
    ]
    const ops = [{ key: 'producer_byte_rate', value: 1e9, remove: false }]
    const { entries } = await wire.ask(alterClientQuotas, 1, { entries: [{ entity, ops }], validateOnly: false })
    return named(entries[0]!.errorCode)
  }
  expect(await alter('u'.repeat(850), 'c'.repeat(850))).toBe('NONE')
  expect(await alter('u'.repeat(1_000), 'c'.repeat(1_000))).toBe('INVALID_REQUEST')
  expect(await alter('\0'.repeat(400), 'c')).toBe('INVALID_REQUEST')
})

test('a group or a subscription with configs', async () => {
  const alter = async (resourceType: number, resourceName: string, name: string): Promise<ErrorName> => {
    const resources = [{ resourceType, resourceName, configs: [{ name, configOperation: 0, value: '50000' }] }]
    return named((await wire.ask(incrementalAlterConfigs, 1, { resources, validateOnly: false })).responses[0]!.errorCode)
  }
  const kinds = [
    [32, 'consumer.session.timeout.ms'],
    [16, 'interval.ms'],
  ] as const
  for (const [type, config] of kinds) {
    expect(await alter(type, fits, config)).toBe('NONE')
    for (const name of tooLong) expect(await alter(type, name, config)).toBe('INVALID_REQUEST')
  }
})
