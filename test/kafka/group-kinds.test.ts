// One id, four kinds of group, over a raw socket: what each API says of a group of another kind, and of ids with nothing in them. Answers are Apache Kafka 4.4.0's.
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { errorCode } from '../../protocol/error-code.ts'
import { alterShareGroupOffsets } from '../../protocol/messages/alter-share-group-offsets.ts'
import { consumerGroupDescribe } from '../../protocol/messages/consumer-group-describe.ts'
import { consumerGroupHeartbeat } from '../../protocol/messages/consumer-group-heartbeat.ts'
import { deleteGroups } from '../../protocol/messages/delete-groups.ts'
import { deleteShareGroupOffsets } from '../../protocol/messages/delete-share-group-offsets.ts'
import { describeGroups } from '../../protocol/messages/describe-groups.ts'
import { describeShareGroupOffsets } from '../../protocol/messages/describe-share-group-offsets.ts'
import { joinGroup } from '../../protocol/messages/join-group.ts'
import { offsetCommit } from '../../protocol/messages/offset-commit.ts'
import { shareGroupDescribe } from '../../protocol/messages/share-group-describe.ts'
import { shareGroupHeartbeat } from '../../protocol/messages/share-group-heartbeat.ts'
import { streamsGroupDescribe } from '../../protocol/messages/streams-group-describe.ts'
import { streamsGroupHeartbeat } from '../../protocol/messages/streams-group-heartbeat.ts'
import type { RequestInput } from '../../protocol/schema.ts'
import { type Door, startDoor, type Wire } from './harness.ts'

let door: Door
let wire: Wire
const kinds = ['classic', 'consumer', 'share', 'streams'] as const
const notFound = (kind: string, other: string) => ({
  errorCode: errorCode.GROUP_ID_NOT_FOUND,
  errorMessage: kind === 'none' ? 'Group none not found.' : `Group ${kind} is not a ${other} group.`,
})

type Beat = RequestInput<typeof consumerGroupHeartbeat>
const consumer = (groupId: string, memberEpoch: number, more: Partial<Beat> = {}) =>
  wire.ask(consumerGroupHeartbeat, 1, {
    groupId,
    memberId: 'm',
    memberEpoch,
    ...(memberEpoch === 0 ? { rebalanceTimeoutMs: 1000, subscribedTopicNames: ['t'], topicPartitions: [] } : {}),
    ...more,
  })
const share = (groupId: string, memberEpoch: number, memberId = 'm', rackId: string | null = null) =>
  wire.ask(shareGroupHeartbeat, 1, { groupId, memberId, memberEpoch, rackId, subscribedTopicNames: memberEpoch === 0 ? ['t'] : null })
const streams = (groupId: string, memberEpoch: number, memberId = 'm') => {
  const tasks = memberEpoch === 0 ? [] : null
  const subtopology = { subtopologyId: '0', sourceTopics: ['t'], sourceTopicRegex: [], stateChangelogTopics: [] }
  const internal = { repartitionSinkTopics: [], repartitionSourceTopics: [], copartitionGroups: [] }
  return wire.ask(streamsGroupHeartbeat, 1, {
    groupId,
    memberId,
    memberEpoch,
    rebalanceTimeoutMs: 1000,
    endpointInformationEpoch: 0,
    topology: memberEpoch === 0 ? { epoch: 0, subtopologies: [{ ...subtopology, ...internal }] } : null,
    activeTasks: tasks,
    standbyTasks: tasks,
    warmupTasks: tasks,
    processId: 'p',
    clientTags: tasks,
    shutdownApplication: false,
  })
}

beforeAll(async () => {
  door = await startDoor()
  wire = await door.open()
  await door.engine.topics.create({ name: 't', partitionCount: 1 })
  const join = { groupId: 'classic', sessionTimeoutMs: 10_000, rebalanceTimeoutMs: 10_000, memberId: '', protocolType: 'consumer' }
  expect(await wire.ask(joinGroup, 3, { ...join, protocols: [{ name: 'range', metadata: Buffer.alloc(0) }] })).toMatchObject({ errorCode: 0 })
  expect(await consumer('consumer', 0)).toMatchObject({ errorCode: 0 })
  expect(await share('share', 0)).toMatchObject({ errorCode: 0 })
  expect(await streams('streams', 0)).toMatchObject({ errorCode: 0 })
})
afterAll(async () => {
  await wire?.[Symbol.asyncDispose]()
  await door?.[Symbol.asyncDispose]()
})

describe.each([...kinds, 'none'])('an id of kind %s', (id) => {
  const others = (kind: string): boolean => id !== kind

  test('is told apart by every describe', async () => {
    const ids = { groupIds: [id], includeAuthorizedOperations: false }
    const told = {
      classic: (await wire.ask(describeGroups, 6, { groups: [id], includeAuthorizedOperations: false })).groups[0]!,
      consumer: (await wire.ask(consumerGroupDescribe, 1, ids)).groups[0]!,
      share: (await wire.ask(shareGroupDescribe, 1, ids)).groups[0]!,
      streams: (await wire.ask(streamsGroupDescribe, 1, { ...ids, includeTopologyDescription: false })).groups[0]!,
    }
    for (const kind of kinds) expect(told[kind]).toMatchObject(others(kind) ? notFound(id, kind) : { errorCode: 0, errorMessage: null })
  })

  test('is told apart by every heartbeat of a member that goes on', async () => {
    const none = id === 'none'
    if (others('consumer')) {
      expect(await consumer(id, 1)).toMatchObject(none ? { errorMessage: 'Consumer group none not found.' } : notFound(id, 'consumer'))
    }
    if (others('share')) expect(await share(id, 1)).toMatchObject(none ? { errorMessage: 'Share group none not found.' } : notFound(id, 'share'))
    if (others('streams')) {
      expect(await streams(id, 1)).toMatchObject(none ? { errorMessage: 'Streams group none not found.' } : notFound(id, 'streams'))
      expect(await streams(id, -1)).toMatchObject(notFound(id, 'streams'))
    }
  })

  test('cannot be joined by members of another kind', async () => {
    if (id === 'none') return
    if (others('share')) expect(await share(id, 0)).toMatchObject(notFound(id, 'share'))
    if (others('streams')) expect(await streams(id, 0)).toMatchObject(notFound(id, 'streams'))
    if (others('consumer') && id !== 'classic') expect(await consumer(id, 0)).toMatchObject(notFound(id, 'consumer'))
  })

  test('has offsets of share groups only where it is one', async () => {
    const { groups } = await wire.ask(describeShareGroupOffsets, 1, {
      groups: [
        { groupId: id, topics: null },
        // As Kafka, what stands twice is told once.
        { groupId: id, topics: ['t', 't', 'gone'].map((topicName) => ({ topicName, partitions: [0, 7, 0] })) },
      ],
    })
    const unknown = [0, 7].map((partitionIndex) => ({ partitionIndex, startOffset: -1, leaderEpoch: 0, lag: -1, errorCode: 0, errorMessage: null }))
    // What its member is subscribed to, and where it stands there: nowhere.
    const subscribed = [{ topicName: 't', partitions: unknown.slice(0, 1) }]
    expect(groups[0]).toMatchObject({ errorCode: 0, errorMessage: null, topics: id === 'share' ? subscribed : [] })
    expect(groups[1]).toMatchObject({
      errorCode: 0,
      topics: [
        { topicName: 't', partitions: unknown },
        { topicName: 'gone', partitions: unknown },
      ],
    })
    const deleted = await wire.ask(deleteShareGroupOffsets, 0, { groupId: id, topics: [{ topicName: 't' }, { topicName: 't' }] })
    expect(deleted).toMatchObject(id === 'share' ? { errorCode: errorCode.NON_EMPTY_GROUP } : notFound(id, 'share'))
    if (id === 'none') return
    const topics = [{ topicName: 't', partitions: [{ partitionIndex: 0, startOffset: 0 }] }]
    const altered = await wire.ask(alterShareGroupOffsets, 0, { groupId: id, topics })
    expect(altered).toMatchObject(id === 'share' ? { errorCode: errorCode.NON_EMPTY_GROUP } : notFound(id, 'share'))
  })
})

test('a share group takes no offsets at any version, and is not deleted while it has members', async () => {
  for (const version of [2, 8, 9]) {
    const { id: topicId } = door.engine.topics.get('t')!
    const topics = [{ name: 't', topicId, partitions: [{ partitionIndex: 0, committedOffset: 1, committedMetadata: '' }] }]
    const committed = await wire.ask(offsetCommit, version, { groupId: 'share', generationIdOrMemberEpoch: -1, memberId: '', topics })
    expect(committed.topics[0]!.partitions[0]!.errorCode).toBe(errorCode.GROUP_ID_NOT_FOUND)
  }
  const { results } = await wire.ask(deleteGroups, 3, { groupsNames: [...kinds] })
  expect(results).toEqual(kinds.map((groupId) => ({ groupId, errorCode: errorCode.NON_EMPTY_GROUP, errorMessage: null })))
})

test.each([' ', '\t\0'])('an id of nothing but %j is empty', async (blank) => {
  const empty = (what: string) => ({ errorCode: errorCode.INVALID_REQUEST, errorMessage: `${what} can't be empty.` })
  expect(await consumer('b', 0, { memberId: blank })).toMatchObject(empty('MemberId'))
  expect(await consumer(blank, 0)).toMatchObject(empty('GroupId'))
  expect(await consumer('b', 0, { instanceId: blank })).toMatchObject(empty('InstanceId'))
  expect(await consumer('b', 0, { rackId: blank })).toMatchObject(empty('RackId'))
  expect(await share('b', 0, blank)).toMatchObject(empty('MemberId'))
  expect(await share(blank, 0)).toMatchObject(empty('GroupId'))
  expect(await share('b', 0, 'm', blank)).toMatchObject(empty('RackId'))
  expect(await streams('b', 0, blank)).toMatchObject(empty('MemberId'))
  expect(await streams(blank, 0)).toMatchObject(empty('GroupId'))
})
