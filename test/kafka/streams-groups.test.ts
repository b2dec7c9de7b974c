// Streams groups through the Kafka door, as bytes on a socket: a member joins, its internal topics are made, the group is described, listed and deleted.
import { expect, test } from 'vitest'
import { errorCode } from '../../protocol/error-code.ts'
import { createTopics } from '../../protocol/messages/create-topics.ts'
import { deleteGroups } from '../../protocol/messages/delete-groups.ts'
import { describeConfigs } from '../../protocol/messages/describe-configs.ts'
import { joinGroup } from '../../protocol/messages/join-group.ts'
import { listGroups } from '../../protocol/messages/list-groups.ts'
import { metadata } from '../../protocol/messages/metadata.ts'
import { offsetCommit } from '../../protocol/messages/offset-commit.ts'
import { offsetFetch } from '../../protocol/messages/offset-fetch.ts'
import { shareGroupHeartbeat } from '../../protocol/messages/share-group-heartbeat.ts'
import { streamsGroupDescribe } from '../../protocol/messages/streams-group-describe.ts'
import { streamsGroupHeartbeat } from '../../protocol/messages/streams-group-heartbeat.ts'
import { streamsGroupTopologyDescriptionUpdate } from '../../protocol/messages/streams-group-topology-description-update.ts'
import type { RequestInput } from '../../protocol/schema.ts'
import { type DoorOptions, startDoor, type Wire } from './harness.ts'

const noId = 'AAAAAAAAAAAAAAAAAAAAAA'
const changelog = { name: 'app-counts-changelog', partitions: 0, replicationFactor: 0, topicConfigs: [{ key: 'cleanup.policy', value: 'compact' }] }
const none = { sourceTopicRegex: [], repartitionSinkTopics: [], repartitionSourceTopics: [], copartitionGroups: [] }
const topology = { epoch: 0, subtopologies: [{ ...none, subtopologyId: '0', sourceTopics: ['in'], stateChangelogTopics: [changelog] }] }

type Heartbeat = RequestInput<typeof streamsGroupHeartbeat>

const heartbeat = (wire: Wire, memberEpoch: number, more: Partial<Heartbeat> = {}, version = 1) =>
  wire.ask(streamsGroupHeartbeat, version, { groupId: 'app', memberId: 'm', memberEpoch, endpointInformationEpoch: 0, ...more })

const join: Partial<Heartbeat> = {
  rebalanceTimeoutMs: 60_000,
  topology,
  activeTasks: [],
  standbyTasks: [],
  warmupTasks: [],
  processId: 'p',
  userEndpoint: { host: 'h', port: 4000 },
  clientTags: [{ key: 'zone', value: 'a' }],
}

async function doorWithTopic(options: DoorOptions = {}) {
  const door = await startDoor(options)
  const wire = await door.open()
  const topic = { name: 'in', numPartitions: 2, replicationFactor: 1, assignments: [], configs: [] }
  await wire.ask(createTopics, 7, { topics: [topic], timeoutMs: 1000, validateOnly: false })
  return { door, wire, [Symbol.asyncDispose]: () => door[Symbol.asyncDispose]() }
}

test('a streams member gets its tasks, its group is described and listed, and goes when it is empty', async () => {
  await using parts = await doorWithTopic()
  const { wire } = parts
  const joined = await heartbeat(wire, 0, join)
  expect(joined).toMatchObject({
    errorCode: 0,
    memberEpoch: 2,
    heartbeatIntervalMs: 5000,
    status: [],
    activeTasks: [{ subtopologyId: '0', partitions: [0, 1] }],
  })
  expect(joined.partitionsByUserEndpoint).toEqual([
    { userEndpoint: { host: 'h', port: 4000 }, activePartitions: [{ topic: 'in', partitions: [0, 1] }], standbyPartitions: [] },
  ])
  const { topics } = await wire.ask(metadata, 12, {
    topics: [{ name: changelog.name, topicId: noId }],
    includeClusterAuthorizedOperations: false,
    includeTopicAuthorizedOperations: false,
  })
  expect(topics[0]!.partitions.length).toBe(2)
  const asked = { resourceType: 2, resourceName: changelog.name, configurationKeys: ['cleanup.policy'] }
  const { results } = await wire.ask(describeConfigs, 4, { resources: [asked] })
  expect(results[0]!.configs[0]).toMatchObject({ value: 'compact' })

  const owned = { activeTasks: [{ subtopologyId: '0', partitions: [0, 1] }], standbyTasks: [], warmupTasks: [] }
  const offsets = {
    taskOffsets: [{ subtopologyId: '0', partition: 0, offset: 5 }],
    taskEndOffsets: [{ subtopologyId: '0', partition: 0, offset: 9 }],
  }
  const stayed = await heartbeat(wire, 2, { ...owned, ...offsets, endpointInformationEpoch: joined.endpointInformationEpoch }, 0)
  expect(stayed).toMatchObject({ errorCode: 0, memberEpoch: 2, activeTasks: null, partitionsByUserEndpoint: null })

  const { groups } = await wire.ask(streamsGroupDescribe, 1, {
    groupIds: ['app', 'none', ''],
    includeAuthorizedOperations: true,
    includeTopologyDescription: true,
  })
  expect(groups.map((group) => group.errorCode)).toEqual([0, errorCode.GROUP_ID_NOT_FOUND, errorCode.INVALID_GROUP_ID])
  expect(groups[0]).toMatchObject({ groupState: 'Stable', groupEpoch: 2, assignmentEpoch: 2, topologyDescriptionStatus: 1, assignorName: 'sticky' })
  expect(groups[0]!.topology!.subtopologies![0]!.stateChangelogTopics).toEqual([{ ...changelog, partitions: 2 }])
  const assignment = { activeTasks: owned.activeTasks, standbyTasks: [], warmupTasks: [] }
  expect(groups[0]!.members[0]).toMatchObject({ memberId: 'm', memberEpoch: 2, processId: 'p', ...offsets, assignment, targetAssignment: assignment })
  expect(groups[0]!.members[0]).toMatchObject({
    clientTags: [{ key: 'zone', value: 'a' }],
    userEndpoint: { host: 'h', port: 4000 },
    isClassic: false,
  })

  const listed = await wire.ask(listGroups, 5, { statesFilter: ['stable'], typesFilter: ['streams'] })
  expect(listed.groups).toEqual([{ groupId: 'app', protocolType: 'streams', groupState: 'Stable', groupType: 'streams' }])
  const drop = async () => (await wire.ask(deleteGroups, 2, { groupsNames: ['app'] })).results[0]!.errorCode
  expect(await drop()).toBe(errorCode.NON_EMPTY_GROUP)
  expect(await heartbeat(wire, -1)).toMatchObject({ errorCode: 0, memberEpoch: -1 })
  expect(await drop()).toBe(0)
  expect(await drop()).toBe(errorCode.GROUP_ID_NOT_FOUND)
})

test('offsets of a streams group are its members’, and its id is nobody else’s', async () => {
  await using parts = await doorWithTopic()
  const { wire } = parts
  await heartbeat(wire, 0, join)
  const partition = { partitionIndex: 0, committedOffset: 7, committedMetadata: null }
  const commit = async (memberId: string, epoch: number) => {
    const request = { groupId: 'app', memberId, generationIdOrMemberEpoch: epoch, topics: [{ name: 'in', topicId: noId, partitions: [partition] }] }
    return (await wire.ask(offsetCommit, 9, request)).topics[0]!.partitions[0]!.errorCode
  }
  expect(await commit('m', 1)).toBe(errorCode.STALE_MEMBER_EPOCH)
  expect(await commit('x', 2)).toBe(errorCode.UNKNOWN_MEMBER_ID)
  expect(await commit('m', 2)).toBe(0)
  const wanted = [{ name: 'in', topicId: noId, partitionIndexes: [0] }]
  const fetch = async (memberEpoch: number) =>
    (
      await wire.ask(offsetFetch, 9, {
        groups: [{ groupId: 'app', memberId: 'm', memberEpoch, topics: wanted }],
        requireStable: true,
        groupId: '',
        topics: null,
      })
    ).groups[0]!
  expect((await fetch(2)).topics[0]!.partitions[0]).toMatchObject({ committedOffset: 7, errorCode: 0 })
  expect(await fetch(1)).toMatchObject({ errorCode: errorCode.STALE_MEMBER_EPOCH })

  const classic = { groupId: 'app', sessionTimeoutMs: 10_000, rebalanceTimeoutMs: 10_000, memberId: '', protocolType: 'consumer' }
  const refused = await wire.ask(joinGroup, 9, { ...classic, protocols: [{ name: 'range', metadata: Buffer.alloc(0) }] })
  expect(refused.errorCode).toBe(errorCode.INCONSISTENT_GROUP_PROTOCOL)
  const share = { groupId: 'app', memberId: 's', memberEpoch: 0, rackId: null, subscribedTopicNames: ['in'] }
  expect((await wire.ask(shareGroupHeartbeat, 1, share)).errorCode).toBe(errorCode.GROUP_ID_NOT_FOUND)
  expect((await wire.ask(shareGroupHeartbeat, 1, { ...share, groupId: 'shared' })).errorCode).toBe(0)
  expect((await heartbeat(wire, 0, { ...join, groupId: 'shared' })).errorCode).toBe(errorCode.GROUP_ID_NOT_FOUND)
})

const topologyNode = (name: string, nodeType: number) => ({
  name,
  nodeType,
  sourceTopics: ['in'],
  sinkTopic: null,
  stores: ['counts'],
  successors: [],
})
const topologyDescription = {
  subtopologies: [{ subtopologyId: '0', nodes: [topologyNode('SOURCE', 1), topologyNode('COUNT', 2)] }],
  globalStores: [{ source: topologyNode('GLOBAL', 1), processor: topologyNode('FILL', 2) }],
}

test('a member describes its topology when it is asked, and whoever describes the group can see it', async () => {
  await using parts = await doorWithTopic({ settings: { 'group.streams.topology.description.plugin.class': 'builtin' } })
  const { wire } = parts
  const push = { groupId: 'app', memberId: 'm', topologyEpoch: 0, topologyDescription }
  const describe = async (version: number, includeTopologyDescription: boolean) => {
    const request = { groupIds: ['app'], includeAuthorizedOperations: false, includeTopologyDescription }
    return (await wire.ask(streamsGroupDescribe, version, request)).groups[0]!
  }
  expect(await wire.ask(streamsGroupTopologyDescriptionUpdate, 0, push)).toMatchObject({
    errorCode: errorCode.GROUP_ID_NOT_FOUND,
    errorMessage: 'Group app not found.',
  })
  expect((await heartbeat(wire, 0, join, 0)).topologyDescriptionRequired).toBe(false)
  expect((await heartbeat(wire, 2)).topologyDescriptionRequired).toBe(true)
  expect((await heartbeat(wire, 2)).topologyDescriptionRequired).toBe(false)
  expect(await describe(1, true)).toMatchObject({ topologyDescription: null, topologyDescriptionStatus: 1 })
  const wrong = { subtopologies: [], globalStores: [{ source: topologyNode('A', 2), processor: topologyNode('B', 2) }] }
  expect(await wire.ask(streamsGroupTopologyDescriptionUpdate, 0, { ...push, topologyDescription: wrong })).toMatchObject({
    errorCode: errorCode.INVALID_REQUEST,
    errorMessage: 'Global store must be composed of a source and a processor node.',
  })
  expect(await wire.ask(streamsGroupTopologyDescriptionUpdate, 0, push)).toMatchObject({ errorCode: 0, errorMessage: null })
  expect(await describe(1, false)).toMatchObject({ topologyDescription: null, topologyDescriptionStatus: 0 })
  const { topologyDescription: told, topologyDescriptionStatus: status } = await describe(1, true)
  expect(status).toBe(3)
  expect(told!.subtopologies[0]!.nodes).toEqual([
    { ...topologyNode('SOURCE', 1), stores: [] },
    { ...topologyNode('COUNT', 2), sourceTopics: [] },
  ])
  expect(told!.globalStores).toMatchObject([{ source: { name: 'GLOBAL' }, processor: { name: 'FILL' } }])
})

test('without the setting nobody is asked for a description, and one that is pushed is refused', async () => {
  await using parts = await doorWithTopic()
  expect((await heartbeat(parts.wire, 0, join)).topologyDescriptionRequired).toBe(false)
  const push = { groupId: 'app', memberId: 'm', topologyEpoch: 0, topologyDescription }
  expect(await parts.wire.ask(streamsGroupTopologyDescriptionUpdate, 0, push)).toMatchObject({ errorCode: errorCode.UNSUPPORTED_VERSION })
})
