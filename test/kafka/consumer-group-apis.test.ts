// Consumer groups over a raw socket: both versions, and what only the wire can show. Expected answers are what Apache Kafka 4.3.1 gave to the same requests.
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { apiVersions } from '../../protocol/messages/api-versions.ts'
import { consumerGroupDescribe } from '../../protocol/messages/consumer-group-describe.ts'
import { consumerGroupHeartbeat } from '../../protocol/messages/consumer-group-heartbeat.ts'
import { deleteGroups } from '../../protocol/messages/delete-groups.ts'
import { describeGroups } from '../../protocol/messages/describe-groups.ts'
import { joinGroup } from '../../protocol/messages/join-group.ts'
import { listGroups } from '../../protocol/messages/list-groups.ts'
import { offsetCommit } from '../../protocol/messages/offset-commit.ts'
import { offsetFetch } from '../../protocol/messages/offset-fetch.ts'
import type { RequestInput, ResponseOf } from '../../protocol/schema.ts'
import type { Topic } from '../../src/engine/topics.ts'
import { type Door, startDoor, type Wire } from './harness.ts'

let door: Door
let wire: Wire
let topic: Topic
let count = 0
const newId = (): string => `c${count++}`

beforeAll(async () => {
  door = await startDoor()
  wire = await door.open()
  topic = await door.engine.topics.create({ name: 't', partitionCount: 4 })
})
afterAll(async () => {
  await wire?.[Symbol.asyncDispose]()
  await door?.[Symbol.asyncDispose]()
})

type Beat = RequestInput<typeof consumerGroupHeartbeat>
const beat = (groupId: string, memberId: string, memberEpoch: number, more: Partial<Beat> = {}, version = 1) =>
  wire.ask(consumerGroupHeartbeat, version, { groupId, memberId, memberEpoch, ...more })
const joining: Partial<Beat> = { rebalanceTimeoutMs: 30_000, subscribedTopicNames: ['t'], topicPartitions: [] }
const owned = (...partitions: number[]): Partial<Beat> => ({ topicPartitions: [{ topicId: topic.id, partitions }] })
const given = ({ assignment }: ResponseOf<typeof consumerGroupHeartbeat>): number[] | null =>
  assignment?.topicPartitions.flatMap(({ partitions }) => partitions) ?? null

describe('ConsumerGroupHeartbeat', () => {
  test.each([0, 1])('version %i: join, hand over, leave', async (version) => {
    const group = newId()
    const first = await beat(group, 'a', 0, joining, version)
    expect(first).toMatchObject({ errorCode: 0, errorMessage: null, memberId: 'a', memberEpoch: 2, heartbeatIntervalMs: 5000 })
    expect(given(first)).toEqual([0, 1, 2, 3])
    const second = await beat(group, 'b', 0, joining, version)
    expect([second.memberEpoch, given(second)]).toEqual([3, []])
    const told = await beat(group, 'a', 2, owned(0, 1, 2, 3), version)
    expect([told.memberEpoch, given(told)]).toEqual([2, [0, 1]])
    expect(given(await beat(group, 'b', 3, {}, version))).toBe(null)
    expect((await beat(group, 'a', 2, owned(0, 1), version)).memberEpoch).toBe(3)
    expect(given(await beat(group, 'b', 3, {}, version))).toEqual([2, 3])
    expect(await beat(group, 'a', -1, {}, version)).toMatchObject({
      errorCode: 0,
      memberId: 'a',
      memberEpoch: -1,
      heartbeatIntervalMs: 0,
      assignment: null,
    })
    expect(given(await beat(group, 'b', 3, {}, version))).toEqual([0, 1, 2, 3])
  })

  test('version 0 makes a member id for those that bring none, version 1 does not', async () => {
    const made = await beat(newId(), '', 0, joining, 0)
    expect(made.memberId).toMatch(/^[0-9a-f-]{36}$/)
    expect(await beat(newId(), '', 0, joining, 1)).toMatchObject({ errorCode: 42, errorMessage: "MemberId can't be empty." })
  })

  test('a subscription by regular expression matches whole names, in linear time whatever it is', async () => {
    const group = newId()
    await door.engine.topics.create({ name: 'regex-one', partitionCount: 1 })
    await door.engine.topics.create({ name: `${'a'.repeat(200)}`, partitionCount: 1 })
    const { subscribedTopicNames: _, ...rest } = joining
    const joined = await beat(group, 'r', 0, { ...rest, subscribedTopicRegex: 'regex-.*' })
    expect(given(joined)).toEqual([0])
    // With backtracking it would take for ever.
    expect(await beat(group, 'r', joined.memberEpoch, { subscribedTopicRegex: '(a+)+b|(a|aa)+c' })).toMatchObject({ errorCode: 0 })
    expect(await beat(group, 'r2', 0, { ...rest, subscribedTopicRegex: '[' })).toMatchObject({
      errorCode: 128,
      errorMessage: 'SubscribedTopicRegex `[` is not a valid regular expression: missing closing ].',
    })
  })

  test('what is wrong is told as Kafka tells it', async () => {
    const group = newId()
    expect(await beat('', 'a', 0, joining)).toMatchObject({ errorCode: 42, errorMessage: "GroupId can't be empty." })
    expect(await beat(group, 'a', 3)).toMatchObject({ errorCode: 69, errorMessage: `Consumer group ${group} not found.` })
    expect(await beat(group, 'a', 0, { ...joining, serverAssignor: 'nix' })).toMatchObject({ errorCode: 112 })
    expect(await beat(group, 'a', -2)).toMatchObject({ errorCode: 42, errorMessage: "InstanceId can't be null." })
    await beat(group, 'a', 0, { ...joining, instanceId: 'i' })
    expect(await beat(group, 'b', 0, { ...joining, instanceId: 'i' })).toMatchObject({ errorCode: 111 })
    expect(await beat(group, 'b', 2, { instanceId: 'i' })).toMatchObject({ errorCode: 82 })
    expect(await beat(group, 'a', 9, { instanceId: 'i' })).toMatchObject({ errorCode: 110 })
    expect(await beat(group, 'c', 1)).toMatchObject({ errorCode: 25 })
  })
})

describe('the other group APIs', () => {
  test('know the group as one of consumers', async () => {
    const group = newId()
    await beat(group, 'a', 0, joining)
    const asked = { groupIds: [group, 'nix'], includeAuthorizedOperations: true }
    const { groups: described } = await wire.ask(consumerGroupDescribe, 1, asked)
    const whole = { topicPartitions: [{ topicId: topic.id, topicName: 't', partitions: [0, 1, 2, 3] }] }
    expect(described[0]).toMatchObject({
      errorCode: 0,
      groupState: 'Stable',
      groupEpoch: 2,
      assignmentEpoch: 2,
      assignorName: 'uniform',
      authorizedOperations: 3400,
    })
    expect(described[0]!.members).toMatchObject([
      {
        memberId: 'a',
        memberEpoch: 2,
        clientId: 'test',
        clientHost: '/127.0.0.1',
        subscribedTopicNames: ['t'],
        subscribedTopicRegex: '',
        memberType: 1,
      },
    ])
    expect(described[0]!.members[0]).toMatchObject({ assignment: whole, targetAssignment: whole })
    expect(described[1]).toMatchObject({ errorCode: 69, errorMessage: 'Group nix not found.' })
    const listed = await wire.ask(listGroups, 5, { statesFilter: ['stable'], typesFilter: ['Consumer'] })
    expect(listed.groups).toContainEqual({ groupId: group, protocolType: 'consumer', groupState: 'Stable', groupType: 'consumer' })
    const classic = await wire.ask(describeGroups, 6, { groups: [group], includeAuthorizedOperations: false })
    expect(classic.groups[0]).toMatchObject({ errorCode: 69, errorMessage: `Group ${group} is not a classic group.`, groupState: 'Dead' })
    expect((await wire.ask(deleteGroups, 2, { groupsNames: [group] })).results[0]!.errorCode).toBe(68)
    const protocols = [{ name: 'range', metadata: Buffer.from('M') }]
    const join = { groupId: group, memberId: '', sessionTimeoutMs: 10_000, rebalanceTimeoutMs: 10_000, protocolType: 'connect', protocols }
    expect((await wire.ask(joinGroup, 9, join)).errorCode).toBe(23)
    await beat(group, 'a', -1)
    expect((await wire.ask(deleteGroups, 2, { groupsNames: [group] })).results[0]!.errorCode).toBe(0)
  })

  test('offsets are committed and read under the member’s epoch', async () => {
    const group = newId()
    await beat(group, 'a', 0, joining)
    const commit = async (memberId: string, generationIdOrMemberEpoch: number, version: number): Promise<number> => {
      const partitions = [{ partitionIndex: 0, committedOffset: 5, committedMetadata: '' }]
      const topics = [{ name: 't', topicId: topic.id, partitions }]
      const told = await wire.ask(offsetCommit, version, { groupId: group, memberId, generationIdOrMemberEpoch, topics })
      return told.topics[0]!.partitions[0]!.errorCode
    }
    expect(await commit('a', 2, 9)).toBe(0)
    expect(await commit('a', 2, 10)).toBe(0)
    expect(await commit('a', 2, 8)).toBe(35)
    expect(await commit('a', 1, 9)).toBe(113)
    expect(await commit('x', 2, 9)).toBe(25)
    expect(await commit('', -1, 9)).toBe(25)
    const fetch = async (memberId: string | null, memberEpoch: number): Promise<[number, number | undefined]> => {
      const topics = [{ name: 't', topicId: topic.id, partitionIndexes: [0] }]
      const told = await wire.ask(offsetFetch, 9, { groupId: '', topics: [], groups: [{ groupId: group, memberId, memberEpoch, topics }] })
      return [told.groups[0]!.errorCode, told.groups[0]!.topics[0]?.partitions[0]?.committedOffset]
    }
    expect(await fetch('a', 2)).toEqual([0, 5])
    expect(await fetch(null, -1)).toEqual([0, 5])
    expect(await fetch('a', 1)).toEqual([113, undefined])
    expect(await fetch('x', 2)).toEqual([25, undefined])
  })

  test('ApiVersions tells that the protocol is on', async () => {
    const told = await wire.ask(apiVersions, 4, { clientSoftwareName: 'test', clientSoftwareVersion: '1' })
    expect(told.supportedFeatures).toContainEqual({ name: 'group.version', minVersion: 0, maxVersion: 1 })
    expect(told.finalizedFeatures).toContainEqual({ name: 'group.version', minVersionLevel: 1, maxVersionLevel: 1 })
  })
})
