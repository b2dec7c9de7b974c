// The group APIs over a raw socket: every version, and what only the wire can show. Expected answers are what Apache Kafka 4.4.0 gave to the same requests.
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { deleteGroups } from '../../protocol/messages/delete-groups.ts'
import { describeGroups } from '../../protocol/messages/describe-groups.ts'
import { findCoordinator } from '../../protocol/messages/find-coordinator.ts'
import { heartbeat } from '../../protocol/messages/heartbeat.ts'
import { joinGroup } from '../../protocol/messages/join-group.ts'
import { leaveGroup } from '../../protocol/messages/leave-group.ts'
import { listGroups } from '../../protocol/messages/list-groups.ts'
import { offsetCommit } from '../../protocol/messages/offset-commit.ts'
import { offsetDelete } from '../../protocol/messages/offset-delete.ts'
import { offsetFetch } from '../../protocol/messages/offset-fetch.ts'
import { syncGroup } from '../../protocol/messages/sync-group.ts'
import type { RequestInput } from '../../protocol/schema.ts'
import type { Topic } from '../../src/engine/topics.ts'
import { type Door, startDoor, type Wire } from './harness.ts'

let door: Door
let wire: Wire
let topic: Topic
let count = 0
const noId = 'AAAAAAAAAAAAAAAAAAAAAA'
const otherId = 'BBBBBBBBBBBBBBBBBBBBBA'
const versionsOf = ({ versions: [lowest, highest] }: { versions: readonly [number, number] | readonly number[] }): number[] =>
  Array.from({ length: highest! - lowest! + 1 }, (_, at) => lowest! + at)
const newId = (): string => `g${count++}`

beforeAll(async () => {
  door = await startDoor()
  wire = await door.open()
  topic = await door.engine.topics.create({ name: 't', partitionCount: 2 })
})
afterAll(async () => {
  await wire?.[Symbol.asyncDispose]()
  await door?.[Symbol.asyncDispose]()
})

const joinOf = (groupId: string, memberId: string, more: Partial<RequestInput<typeof joinGroup>> = {}): RequestInput<typeof joinGroup> => ({
  groupId,
  sessionTimeoutMs: 10_000,
  rebalanceTimeoutMs: 10_000,
  memberId,
  protocolType: 'consumer',
  protocols: [{ name: 'range', metadata: Buffer.from('M') }],
  ...more,
})

async function joinAndSync(groupId: string, version = 9): Promise<string> {
  const told = await wire.ask(joinGroup, version, joinOf(groupId, ''))
  const joined = told.errorCode === 79 ? await wire.ask(joinGroup, version, joinOf(groupId, told.memberId)) : told
  expect(joined).toMatchObject({ errorCode: 0, generationId: 1, protocolName: 'range', leader: joined.memberId })
  expect(joined.members.map(({ metadata }) => String(metadata))).toEqual(['M'])
  const assignments = [{ memberId: joined.memberId, assignment: Buffer.from('A') }]
  const synced = await wire.ask(syncGroup, 3, { groupId, generationId: 1, memberId: joined.memberId, assignments })
  expect([synced.errorCode, String(synced.assignment)]).toEqual([0, 'A'])
  return joined.memberId
}

describe('membership', () => {
  test.each(versionsOf(joinGroup))('JoinGroup %i lets a member in; since 4 it is told its id first', async (version) => {
    const groupId = newId()
    const first = await wire.ask(joinGroup, version, joinOf(groupId, ''))
    expect(first.errorCode).toBe(version >= 4 ? 79 : 0)
    expect(first.memberId).toMatch(/^test-[0-9a-f-]{36}$/)
    if (version < 4) return
    const second = await wire.ask(joinGroup, version, joinOf(groupId, first.memberId))
    expect(second).toMatchObject({ errorCode: 0, generationId: 1, memberId: first.memberId, leader: first.memberId })
    expect(second.protocolType).toBe(version >= 7 ? 'consumer' : null)
  })

  test.each(versionsOf(joinGroup))('JoinGroup %i refuses what cannot be', async (version) => {
    const refused = async (groupId: string, memberId: string, more: Partial<RequestInput<typeof joinGroup>> = {}) => {
      const { errorCode, protocolName, memberId: told } = await wire.ask(joinGroup, version, joinOf(groupId, memberId, more))
      expect(protocolName).toBe(version >= 7 ? null : '')
      return [errorCode, told]
    }
    expect(await refused('', '')).toEqual([24, ''])
    expect(await refused(newId(), '', { sessionTimeoutMs: 1 })).toEqual([26, ''])
    expect(await refused(newId(), 'made-up')).toEqual([25, 'made-up'])
    expect(await refused(newId(), '', { protocols: [] })).toEqual([23, ''])
  })

  test.each(versionsOf(syncGroup))('SyncGroup %i gives the assignment, the protocol since 5', async (version) => {
    const groupId = newId()
    const memberId = await joinAndSync(groupId)
    const named = { protocolType: 'consumer', protocolName: 'range' }
    const synced = await wire.ask(syncGroup, version, { groupId, generationId: 1, memberId, assignments: [], ...(version >= 5 ? named : {}) })
    expect(synced).toMatchObject({ errorCode: 0, ...(version >= 5 ? named : {}) })
    expect(String(synced.assignment)).toBe('A')
  })

  test('SyncGroup 5 without a protocol, or with another one, is inconsistent', async () => {
    const groupId = newId()
    const memberId = await joinAndSync(groupId)
    const request = { groupId, generationId: 1, memberId, assignments: [] }
    expect((await wire.ask(syncGroup, 5, request)).errorCode).toBe(23)
    expect((await wire.ask(syncGroup, 5, { ...request, protocolType: 'consumer', protocolName: 'other' })).errorCode).toBe(23)
  })

  test.each(versionsOf(heartbeat))('Heartbeat %i knows members, generations and groups', async (version) => {
    const groupId = newId()
    const memberId = await joinAndSync(groupId, 3)
    const beat = async (groupId: string, memberId: string, generationId: number) =>
      (await wire.ask(heartbeat, version, { groupId, memberId, generationId })).errorCode
    expect(await beat(groupId, memberId, 1)).toBe(0)
    expect(await beat(groupId, memberId, 2)).toBe(22)
    expect(await beat(groupId, 'other', 1)).toBe(25)
    expect(await beat('none', memberId, 1)).toBe(25)
    expect(await beat('', memberId, 1)).toBe(24)
  })

  test.each(versionsOf(leaveGroup))('LeaveGroup %i tells of the one member at the top before 3, of each since', async (version) => {
    const groupId = newId()
    const memberId = await joinAndSync(groupId)
    const leave = (groupId: string, memberId: string) =>
      wire.ask(leaveGroup, version, version < 3 ? { groupId, memberId, members: [] } : { groupId, memberId: '', members: [{ memberId }] })
    const told = (memberId: string, errorCode: number) =>
      version < 3 ? { errorCode, members: [] } : { errorCode: 0, members: [{ memberId, groupInstanceId: null, errorCode }] }
    expect(await leave(groupId, 'other')).toMatchObject(told('other', 25))
    expect(await leave('none', 'other')).toMatchObject(told('other', 25))
    expect(await leave('', memberId)).toMatchObject({ errorCode: 24, members: [] })
    expect(await leave(groupId, memberId)).toMatchObject(told(memberId, 0))
    expect(await leave(groupId, memberId)).toMatchObject(told(memberId, 25))
  })

  test('a join that is parked holds up nothing that follows on its connection', async () => {
    const groupId = newId()
    const memberId = await joinAndSync(groupId, 3)
    await using second = await door.open()
    second.send(joinGroup, 3, joinOf(groupId, ''))
    // Pipelined behind the parked join: done at once, answered after it.
    second.send(leaveGroup, 3, { groupId, memberId: '', members: [{ memberId }] })
    await second.next()
    await second.next()
    expect((await wire.ask(heartbeat, 3, { groupId, memberId, generationId: 2 })).errorCode).toBe(25)
  })
})

describe('offsets', () => {
  const commitOf = (groupId: string, version: number, more: Partial<RequestInput<typeof offsetCommit>> = {}): RequestInput<typeof offsetCommit> => {
    const part = (partitionIndex: number, committedOffset: number, committedMetadata: string | null = null) => ({
      partitionIndex,
      committedOffset,
      committedLeaderEpoch: version >= 6 ? 4 : -1,
      committedMetadata,
    })
    const known = version >= 10 ? { name: '', topicId: topic.id } : { name: 't', topicId: noId }
    const unknown = version >= 10 ? { name: '', topicId: otherId } : { name: 'nope', topicId: noId }
    const topics = [
      { ...known, partitions: [part(0, 5, 'note'), part(9, 1), part(1, 7)] },
      { ...unknown, partitions: [part(0, 1)] },
    ]
    return { groupId, memberId: '', topics, ...more }
  }

  test.each(versionsOf(offsetCommit))('OffsetCommit %i stores what can be and says what cannot', async (version) => {
    const groupId = newId()
    const { topics } = await wire.ask(offsetCommit, version, commitOf(groupId, version))
    expect(topics.map(({ partitions }) => partitions.map(({ partitionIndex, errorCode }) => [partitionIndex, errorCode]))).toEqual([
      [
        [0, 0],
        [9, 3],
        [1, 0],
      ],
      [[0, version >= 10 ? 100 : 3]],
    ])
    const fetched = await wire.ask(offsetFetch, 5, { groupId, topics: null, groups: [] })
    const epoch = version >= 6 ? 4 : -1
    expect(fetched.topics).toMatchObject([
      {
        name: 't',
        partitions: [
          { partitionIndex: 0, committedOffset: 5, committedLeaderEpoch: epoch, metadata: 'note', errorCode: 0 },
          { partitionIndex: 1, committedOffset: 7, committedLeaderEpoch: epoch, metadata: '', errorCode: 0 },
        ],
      },
    ])
  })

  test.each(versionsOf(offsetCommit).slice(1))('OffsetCommit %i of a generation that nobody knows', async (version) => {
    const { topics } = await wire.ask(offsetCommit, version, commitOf(newId(), version, { generationIdOrMemberEpoch: 3, memberId: 'm' }))
    expect(topics[0]!.partitions.map(({ errorCode }) => errorCode)).toEqual(version >= 9 ? [69, 3, 69] : [22, 3, 22])
  })

  test('OffsetCommit without a topic that exists does not come to the group', async () => {
    const groupId = newId()
    await wire.ask(offsetCommit, 9, { groupId, memberId: '', topics: [] })
    expect((await wire.ask(describeGroups, 6, { groups: [groupId], includeAuthorizedOperations: false })).groups[0]!.errorCode).toBe(69)
  })

  test.each([2, 3, 4])('a negative retention time of OffsetCommit %i means the broker’s', async (version) => {
    const groupId = newId()
    await wire.ask(offsetCommit, version, commitOf(groupId, version, { retentionTimeMs: -1 }))
    await wire.ask(offsetCommit, version, commitOf(groupId, version, { retentionTimeMs: -7 }))
    expect((await wire.ask(offsetFetch, 5, { groupId, topics: null, groups: [] })).topics.length).toBe(1)
  })

  test.each(versionsOf(offsetFetch))('OffsetFetch %i answers what was committed, and -1 without an error for the rest', async (version) => {
    const groupId = newId()
    await wire.ask(offsetCommit, 9, commitOf(groupId, 9))
    const none = { committedOffset: -1, committedLeaderEpoch: -1, metadata: '', errorCode: 0 }
    const epoch = version >= 5 ? 4 : -1
    const found = { partitionIndex: 0, committedOffset: 5, committedLeaderEpoch: epoch, metadata: 'note', errorCode: 0 }
    if (version < 8) {
      const topics = [
        { name: 't', partitionIndexes: [0, 9] },
        { name: 'nope', partitionIndexes: [0] },
      ]
      const told = await wire.ask(offsetFetch, version, { groupId, topics, groups: [], ...(version >= 7 ? { requireStable: true } : {}) })
      expect(told).toMatchObject({
        errorCode: 0,
        topics: [
          { name: 't', partitions: [found, { partitionIndex: 9, ...none }] },
          { name: 'nope', partitions: [{ partitionIndex: 0, ...none }] },
        ],
      })
      return
    }
    const [known, unknown] =
      version >= 10 ? [topic.id, otherId].map((topicId) => ({ name: '', topicId })) : ['t', 'nope'].map((name) => ({ name, topicId: noId }))
    const topics = [
      { ...known!, partitionIndexes: [0, 9] },
      { ...unknown!, partitionIndexes: [0] },
    ]
    const groups = [
      { groupId, topics },
      { groupId, topics: null },
      { groupId: 'none', topics: null },
      { groupId: 'none', topics: [topics[0]!] },
    ]
    const told = await wire.ask(offsetFetch, version, { groupId: '', topics: [], groups })
    expect(told.groups).toMatchObject([
      {
        errorCode: 0,
        topics: [
          { ...known, partitions: [found, { partitionIndex: 9, ...none }] },
          { partitions: [{ ...none, errorCode: version >= 10 ? 100 : 0 }] },
        ],
      },
      {
        errorCode: 0,
        topics: [
          {
            ...known,
            partitions: [
              { partitionIndex: 0, committedOffset: 5 },
              { partitionIndex: 1, committedOffset: 7 },
            ],
          },
        ],
      },
      { groupId: 'none', errorCode: 0, topics: [] },
      { groupId: 'none', errorCode: 0, topics: [{ partitions: [none, none] }] },
    ])
  })

  test('offsets of a topic that was deleted and made anew are not there', async () => {
    const groupId = newId()
    await door.engine.topics.create({ name: 'again', partitionCount: 1 })
    const partitions = [{ partitionIndex: 0, committedOffset: 3, committedMetadata: '' }]
    await wire.ask(offsetCommit, 9, { groupId, memberId: '', topics: [{ name: 'again', topicId: noId, partitions }] })
    await door.engine.topics.delete('again')
    await door.engine.topics.create({ name: 'again', partitionCount: 1 })
    const told = await wire.ask(offsetFetch, 5, { groupId, topics: [{ name: 'again', partitionIndexes: [0] }], groups: [] })
    expect(told.topics[0]!.partitions[0]).toMatchObject({ committedOffset: -1, errorCode: 0 })
    expect((await wire.ask(offsetFetch, 5, { groupId, topics: null, groups: [] })).topics).toEqual([])
  })

  test('OffsetDelete takes what nobody reads', async () => {
    const groupId = newId()
    await wire.ask(offsetCommit, 9, commitOf(groupId, 9))
    const ask = (groupId: string, name: string, partitionIndex: number) =>
      wire.ask(offsetDelete, 0, { groupId, topics: [{ name, partitions: [{ partitionIndex }] }] })
    expect(await ask(groupId, 't', 0)).toMatchObject({ errorCode: 0, topics: [{ partitions: [{ errorCode: 0 }] }] })
    expect(await ask(groupId, 't', 9)).toMatchObject({ errorCode: 0, topics: [{ partitions: [{ errorCode: 3 }] }] })
    expect(await ask(groupId, 'nope', 0)).toMatchObject({ errorCode: 0, topics: [{ partitions: [{ errorCode: 3 }] }] })
    expect(await ask('none', 't', 0)).toMatchObject({ errorCode: 69, topics: [] })
    expect(await ask('', 't', 0)).toMatchObject({ errorCode: 24, topics: [] })
    expect((await wire.ask(offsetFetch, 5, { groupId, topics: null, groups: [] })).topics[0]!.partitions.map((p) => p.partitionIndex)).toEqual([1])
  })
})

describe('administration', () => {
  test.each(versionsOf(findCoordinator))('FindCoordinator %i points here', async (version) => {
    const here = { nodeId: door.engine.nodeId, host: '127.0.0.1', port: door.server.port, errorCode: 0 }
    if (version >= 4) {
      const told = await wire.ask(findCoordinator, version, { key: '', keyType: 1, coordinatorKeys: ['a', 'b'] })
      expect(told.coordinators).toMatchObject([
        { key: 'a', ...here },
        { key: 'b', ...here },
      ])
    } else expect(await wire.ask(findCoordinator, version, { key: 'a', coordinatorKeys: [] })).toMatchObject(here)
    if (version === 0) return
    const told = await wire.ask(findCoordinator, version, { key: version < 4 ? 'a' : '', keyType: 9, coordinatorKeys: version < 4 ? [] : ['a'] })
    expect(version < 4 ? told : told.coordinators[0]).toMatchObject({ errorCode: 42, nodeId: -1 })
  })

  test.each(versionsOf(describeGroups))('DescribeGroups %i tells a stable group whole, and one that is not there', async (version) => {
    const groupId = newId()
    const memberId = await joinAndSync(groupId)
    const { groups } = await wire.ask(describeGroups, version, { groups: [groupId, 'none'], includeAuthorizedOperations: version >= 3 })
    expect(groups).toMatchObject([
      {
        errorCode: 0,
        groupId,
        groupState: 'Stable',
        protocolType: 'consumer',
        protocolData: 'range',
        members: [{ memberId, clientId: 'test', clientHost: '/127.0.0.1', memberMetadata: Buffer.from('M'), memberAssignment: Buffer.from('A') }],
        ...(version >= 3 ? { authorizedOperations: 3400 } : {}),
      },
      {
        errorCode: version >= 6 ? 69 : 0,
        errorMessage: version >= 6 ? 'Group none not found.' : null,
        groupId: 'none',
        groupState: 'Dead',
        members: [],
      },
    ])
  })

  test.each(versionsOf(listGroups))('ListGroups %i lists, and filters since 4 and 5', async (version) => {
    const groupId = newId()
    await joinAndSync(groupId)
    const list = async (statesFilter: string[] = [], typesFilter: string[] = []) =>
      (await wire.ask(listGroups, version, { statesFilter, typesFilter })).groups.find((group) => group.groupId === groupId)
    const known = {
      groupId,
      protocolType: 'consumer',
      ...(version >= 4 ? { groupState: 'Stable' } : {}),
      ...(version >= 5 ? { groupType: 'classic' } : {}),
    }
    expect(await list()).toMatchObject(known)
    if (version < 4) return
    expect(await list([' STABLE '])).toMatchObject(known)
    expect(await list(['Empty', 'bogus'])).toBeUndefined()
    if (version < 5) return
    expect(await list([], ['Classic'])).toMatchObject(known)
    expect(await list([], ['consumer'])).toBeUndefined()
  })

  test.each(versionsOf(deleteGroups))('DeleteGroups %i deletes what is empty', async (version) => {
    const groupId = newId()
    const memberId = await joinAndSync(groupId)
    const errors = async (...groupsNames: string[]) => {
      const { results } = await wire.ask(deleteGroups, version, { groupsNames })
      return results.map((result) => [result.groupId, result.errorCode])
    }
    expect(await errors(groupId, 'none')).toEqual([
      [groupId, 68],
      ['none', 69],
    ])
    await wire.ask(leaveGroup, 0, { groupId, memberId, members: [] })
    expect(await errors(groupId)).toEqual([[groupId, 0]])
    expect(await errors(groupId)).toEqual([[groupId, 69]])
  })
})
