// group.coordinator.rebalance.protocols over a raw socket. Expected answers are what Apache Kafka 4.4.0 gave to the same requests.
import { expect, test } from 'vitest'
import { errorCode } from '../../protocol/error-code.ts'
import { consumerGroupDescribe } from '../../protocol/messages/consumer-group-describe.ts'
import { consumerGroupHeartbeat } from '../../protocol/messages/consumer-group-heartbeat.ts'
import { joinGroup } from '../../protocol/messages/join-group.ts'
import { shareGroupHeartbeat } from '../../protocol/messages/share-group-heartbeat.ts'
import { streamsGroupDescribe } from '../../protocol/messages/streams-group-describe.ts'
import { streamsGroupHeartbeat } from '../../protocol/messages/streams-group-heartbeat.ts'
import { streamsGroupTopologyDescriptionUpdate } from '../../protocol/messages/streams-group-topology-description-update.ts'
import { Settings } from '../../src/config.ts'
import { startDoor } from './harness.ts'

const unsupported = { errorCode: errorCode.UNSUPPORTED_VERSION, errorMessage: null }
const beat = { groupId: 'g', memberId: 'm', memberEpoch: 0, rebalanceTimeoutMs: 1000, subscribedTopicNames: ['t'], topicPartitions: [] }
const streamsBeat = {
  groupId: 's',
  memberId: 'm',
  memberEpoch: 0,
  rebalanceTimeoutMs: 1000,
  endpointInformationEpoch: 0,
  topology: { epoch: 0, subtopologies: [] },
  activeTasks: [],
  standbyTasks: [],
  warmupTasks: [],
  processId: 'p',
  clientTags: [],
  shutdownApplication: false,
}

test('protocols that are off are refused, whatever else the request says; classic and share groups go on', async () => {
  await using door = await startDoor({ settings: { 'group.coordinator.rebalance.protocols': 'classic' } })
  await using wire = await door.open()
  await door.engine.topics.create({ name: 't', partitionCount: 1 })
  expect(await wire.ask(consumerGroupHeartbeat, 1, beat)).toMatchObject({ ...unsupported, memberId: null, memberEpoch: 0, assignment: null })
  expect(await wire.ask(consumerGroupHeartbeat, 1, { ...beat, groupId: '' })).toMatchObject(unsupported)
  const described = await wire.ask(consumerGroupDescribe, 1, { groupIds: ['g', ''], includeAuthorizedOperations: false })
  expect(described.groups).toMatchObject([
    { ...unsupported, groupId: 'g', groupState: '', authorizedOperations: -2147483648 },
    { ...unsupported, groupId: '' },
  ])
  expect(await wire.ask(streamsGroupHeartbeat, 1, streamsBeat)).toMatchObject({
    ...unsupported,
    memberId: '',
    acceptableRecoveryLag: -1,
    acceptableRecoveryLagLegacy: 0,
    taskOffsetIntervalMs: 0,
  })
  const streams = { groupIds: ['s'], includeAuthorizedOperations: false, includeTopologyDescription: false }
  expect((await wire.ask(streamsGroupDescribe, 1, streams)).groups).toMatchObject([{ ...unsupported, groupId: 's', topologyDescriptionStatus: 0 }])
  const description = { groupId: 's', memberId: 'm', topologyEpoch: 0, topologyDescription: { subtopologies: [], globalStores: [] } }
  expect(await wire.ask(streamsGroupTopologyDescriptionUpdate, 0, description)).toMatchObject(unsupported)
  const share = { groupId: 'h', memberId: 'm', memberEpoch: 0, rackId: null, subscribedTopicNames: ['t'] }
  expect(await wire.ask(shareGroupHeartbeat, 1, share)).toMatchObject({ errorCode: 0, memberEpoch: 2 })
  const join = { groupId: 'c', sessionTimeoutMs: 10_000, rebalanceTimeoutMs: 10_000, memberId: '', protocolType: 'consumer' }
  const joined = await wire.ask(joinGroup, 9, { ...join, protocols: [{ name: 'range', metadata: Buffer.alloc(0) }] })
  expect(joined.errorCode).toBe(errorCode.MEMBER_ID_REQUIRED)
})

test('one of the two may be on by itself', async () => {
  await using door = await startDoor({ settings: { 'group.coordinator.rebalance.protocols': 'streams,classic' } })
  await using wire = await door.open()
  expect(await wire.ask(consumerGroupHeartbeat, 1, beat)).toMatchObject(unsupported)
  expect((await wire.ask(streamsGroupHeartbeat, 1, streamsBeat)).errorCode).not.toBe(errorCode.UNSUPPORTED_VERSION)
})

test('the classic protocol cannot be turned off', () => {
  const settings = { 'group.coordinator.rebalance.protocols': 'consumer,streams' }
  expect(() => Settings.of(settings)).toThrow(/a list of classic, consumer, streams, share, classic among them/)
})
