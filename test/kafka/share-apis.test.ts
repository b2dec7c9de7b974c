// Share groups through the Kafka door: members, acquisition, acknowledgements, sessions, offsets, as bytes on a socket.
import { describe, expect, test } from 'vitest'
import { errorCode } from '../../protocol/error-code.ts'
import { addPartitionsToTxn } from '../../protocol/messages/add-partitions-to-txn.ts'
import { alterShareGroupOffsets } from '../../protocol/messages/alter-share-group-offsets.ts'
import { consumerGroupHeartbeat } from '../../protocol/messages/consumer-group-heartbeat.ts'
import { deleteGroups } from '../../protocol/messages/delete-groups.ts'
import { deleteShareGroupOffsets } from '../../protocol/messages/delete-share-group-offsets.ts'
import { endTxn } from '../../protocol/messages/end-txn.ts'
import { findCoordinator } from '../../protocol/messages/find-coordinator.ts'
import { initProducerId } from '../../protocol/messages/init-producer-id.ts'
import { joinGroup } from '../../protocol/messages/join-group.ts'
import { listGroups } from '../../protocol/messages/list-groups.ts'
import { offsetCommit } from '../../protocol/messages/offset-commit.ts'
import { shareGroupDescribe } from '../../protocol/messages/share-group-describe.ts'
import { ManualClock } from '../../src/clock.ts'
import { batch } from './harness.ts'
import { accept, ack, type Batches, gap, type Member, reject, release, renew, world } from './share-world.ts'

describe('members', () => {
  test('a member joins, is given every partition, and leaves', async () => {
    await using w = await world()
    const m = await w.member('m')
    const joined = await m.heartbeat()
    expect(joined).toMatchObject({ errorCode: 0, memberId: 'm', memberEpoch: 2, heartbeatIntervalMs: 5000 })
    expect(joined.assignment?.topicPartitions).toEqual([{ topicId: w.topicId, partitions: [0] }])
    expect(await m.heartbeat()).toMatchObject({ errorCode: 0, memberEpoch: 2, assignment: null })
    expect(await m.heartbeat(-1)).toMatchObject({ errorCode: 0, memberEpoch: -1 })
    expect(await m.heartbeat(1)).toMatchObject({ errorCode: errorCode.UNKNOWN_MEMBER_ID })
  })

  test('what makes no sense is refused in Kafka’s words', async () => {
    await using w = await world()
    const m = await w.member('m')
    expect(await m.heartbeat(0, [])).toMatchObject({
      errorCode: errorCode.INVALID_REQUEST,
      errorMessage: 'SubscribedTopicNames must be set in first request.',
    })
    expect(await m.heartbeat(-2)).toMatchObject({ errorCode: errorCode.INVALID_REQUEST, errorMessage: 'MemberEpoch is invalid.' })
    expect(await m.heartbeat(3)).toMatchObject({ errorCode: errorCode.GROUP_ID_NOT_FOUND })
    await m.heartbeat(0)
    expect(await m.heartbeat(7)).toMatchObject({ errorCode: errorCode.FENCED_MEMBER_EPOCH })
    const join = { groupId: 'g', sessionTimeoutMs: 10_000, rebalanceTimeoutMs: 10_000, memberId: '', protocolType: 'consumer' }
    const refused = await w.wire.ask(joinGroup, 9, { ...join, protocols: [{ name: 'range', metadata: Buffer.alloc(0) }] })
    expect(refused.errorCode).toBe(errorCode.INCONSISTENT_GROUP_PROTOCOL)
    const partitions = [{ partitionIndex: 0, committedOffset: 1, committedMetadata: null }]
    const commit = { groupId: 'g', generationIdOrMemberEpoch: -1, memberId: '', topics: [{ name: 't', topicId: w.topicId, partitions }] }
    const committed = await w.wire.ask(offsetCommit, 9, commit)
    expect(committed.topics[0]!.partitions[0]!.errorCode).toBe(errorCode.GROUP_ID_NOT_FOUND)
    const beat = { groupId: 'g', memberId: 'c', memberEpoch: 0, rebalanceTimeoutMs: 1000, subscribedTopicNames: ['t'], topicPartitions: [] }
    expect(await w.wire.ask(consumerGroupHeartbeat, 0, beat)).toMatchObject({ errorCode: errorCode.GROUP_ID_NOT_FOUND })
  })

  test('groups are listed, described and deleted once they are empty', async () => {
    await using w = await world()
    const m = await w.joined('m')
    expect(await m.fetch()).toMatchObject({ code: 0, error: 0 })
    const listed = await w.wire.ask(listGroups, 5, { statesFilter: [], typesFilter: ['share'] })
    expect(listed.groups).toEqual([{ groupId: 'g', protocolType: 'share', groupState: 'Stable', groupType: 'share' }])
    const { groups } = await w.wire.ask(shareGroupDescribe, 1, { groupIds: ['g', 'none'], includeAuthorizedOperations: false })
    expect(groups[0]).toMatchObject({ errorCode: 0, groupState: 'Stable', groupEpoch: 2, assignmentEpoch: 2, assignorName: 'simple' })
    expect(groups[0]!.members[0]).toMatchObject({ memberId: 'm', memberEpoch: 2, subscribedTopicNames: ['t'] })
    expect(groups[0]!.members[0]!.assignment.topicPartitions).toEqual([{ topicId: w.topicId, topicName: 't', partitions: [0] }])
    expect(groups[1]).toMatchObject({ errorCode: errorCode.GROUP_ID_NOT_FOUND })
    const drop = async () => (await w.wire.ask(deleteGroups, 2, { groupsNames: ['g'] })).results[0]!.errorCode
    expect(await drop()).toBe(errorCode.NON_EMPTY_GROUP)
    await m.heartbeat(-1)
    expect(await drop()).toBe(0)
    expect(await w.offsets()).toEqual({ code: 0, start: -1, lag: -1 })
  })

  test('a silent member is gone after its session', async () => {
    const clock = new ManualClock()
    await using w = await world({}, clock)
    const a = await w.joined('a')
    const b = await w.joined('b')
    await clock.advance(30_000)
    await a.heartbeat()
    await clock.advance(20_000)
    expect((await b.heartbeat()).errorCode).toBe(errorCode.UNKNOWN_MEMBER_ID)
    expect((await a.heartbeat()).errorCode).toBe(0)
  })

  test('the coordinator of a share partition is found', async () => {
    await using w = await world()
    const ask = async (key: string) =>
      (await w.wire.ask(findCoordinator, 6, { key: '', keyType: 2, coordinatorKeys: [key] })).coordinators[0]!.errorCode
    expect(await ask(`g:${w.topicId}:0`)).toBe(0)
    expect(await ask('g')).toBe(errorCode.INVALID_REQUEST)
  })
})

describe('acquisition', () => {
  test('records go to one member each, and are settled by accepting them', async () => {
    await using w = await world()
    await w.produce('a', 'b')
    await w.produce('c')
    const [m, n] = [await w.joined('m'), await w.joined('n')]
    const first = await m.fetch({ maxRecords: 1 })
    // Whole batches unless the client counts records.
    expect(first).toEqual({ code: 0, error: 0, acknowledged: 0, acquired: [[0, 1, 1]], values: ['a', 'b'] })
    expect(await n.fetch()).toMatchObject({ acquired: [[2, 2, 1]], values: ['c'] })
    expect(await n.fetch()).toMatchObject({ acquired: [], values: [] })
    expect(await m.acknowledge([ack(0, 1, accept)])).toEqual({ code: 0, error: 0 })
    expect(await w.offsets()).toEqual({ code: 0, start: 2, lag: 1 })
  })

  test('by records: a batch is cut', async () => {
    await using w = await world()
    await w.produce('a', 'b', 'c')
    const [m, n] = [await w.joined('m'), await w.joined('n')]
    expect((await m.fetch({ maxRecords: 2, shareAcquireMode: 1 })).acquired).toEqual([[0, 1, 1]])
    expect((await n.fetch({ maxRecords: 2, shareAcquireMode: 1 })).acquired).toEqual([[2, 2, 1]])
  })

  test('a new group begins at the end by default', async () => {
    await using w = await world()
    await w.configure('share.auto.offset.reset', 'latest')
    await w.produce('old')
    const m = await w.joined('m')
    expect((await m.fetch()).values).toEqual([])
    await w.produce('new')
    expect((await m.fetch()).values).toEqual(['new'])
  })

  test('a fetch waits for records', async () => {
    await using w = await world()
    const m = await w.joined('m')
    const waiting = m.fetch({ maxWaitMs: 60_000 })
    await w.produce('a')
    expect((await waiting).values).toEqual(['a'])
  })

  test('a fetch waits for what others give back, and sees how often it was delivered', async () => {
    await using w = await world()
    await w.produce('a', 'b')
    const [m, n] = [await w.joined('m'), await w.joined('n')]
    await m.fetch()
    const waiting = n.fetch({ maxWaitMs: 60_000 })
    await m.acknowledge([ack(0, 0, accept), ack(1, 1, release)])
    expect((await waiting).acquired).toEqual([[1, 1, 2]])
  })

  test('a hold lapses, and the record goes to who waits', async () => {
    const clock = new ManualClock()
    await using w = await world({}, clock)
    await w.produce('a')
    const [m, n] = [await w.joined('m'), await w.joined('n')]
    await m.fetch()
    await n.fetch()
    const waiting = n.fetch({ maxWaitMs: 40_000 })
    // The request has been read once an answer on the same connection could no longer overtake it: let its bytes arrive.
    while ((await m.heartbeat()).errorCode !== 0);
    await clock.advance(30_000)
    expect((await waiting).acquired).toEqual([[0, 0, 2]])
    expect(await m.acknowledge([ack(0, 0, accept)])).toEqual({ code: 0, error: errorCode.INVALID_RECORD_STATE })
  })

  test('a connection that ends gives back what its member holds', async () => {
    await using w = await world()
    await w.produce('a')
    const [m, n] = [await w.joined('m'), await w.joined('n')]
    await m.fetch()
    const waiting = n.fetch({ maxWaitMs: 60_000 })
    await m.wire[Symbol.asyncDispose]()
    expect((await waiting).acquired).toEqual([[0, 0, 2]])
  })

  test('what was delivered too often is given up', async () => {
    await using w = await world()
    await w.configure('share.delivery.count.limit', '2')
    await w.produce('poison', 'good')
    const m = await w.joined('m')
    await m.fetch()
    await m.acknowledge([ack(0, 1, release, accept)])
    expect((await m.fetch()).acquired).toEqual([[0, 0, 2]])
    await m.acknowledge([ack(0, 0, release)])
    expect((await m.fetch()).acquired).toEqual([])
    expect(await w.offsets()).toEqual({ code: 0, start: 2, lag: 0 })
  })

  test('the number of records in flight is bounded', async () => {
    await using w = await world({ 'group.share.partition.max.record.locks': 100 })
    const hundred = Array.from({ length: 100 }, (_, at) => String(at))
    await w.produce(...hundred)
    await w.produce('more')
    const [m, n] = [await w.joined('m'), await w.joined('n')]
    expect((await m.fetch({ maxRecords: 100 })).acquired).toEqual([[0, 99, 1]])
    expect((await n.fetch()).acquired).toEqual([])
    await m.acknowledge([ack(0, 49, accept)])
    expect((await n.fetch()).acquired).toEqual([[100, 100, 1]])
  })

  test('records of open and aborted transactions, as the group is configured', async () => {
    await using w = await world()
    const { producerId, producerEpoch } = await w.wire.ask(initProducerId, 4, {
      transactionalId: 'x',
      transactionTimeoutMs: 60_000,
      producerId: -1,
      producerEpoch: -1,
    })
    const identity = { transactionalId: 'x', producerId, producerEpoch }
    const write = async (value: string, baseSequence: number) => {
      const added = await w.wire.ask(addPartitionsToTxn, 3, {
        transactions: [],
        v3AndBelowTransactionalId: 'x',
        v3AndBelowProducerId: producerId,
        v3AndBelowProducerEpoch: producerEpoch,
        v3AndBelowTopics: [{ name: 't', partitions: [0] }],
      })
      expect(added.resultsByTopicV3AndBelow[0]!.resultsByPartition[0]!.partitionErrorCode).toBe(0)
      await w.produceBatch(batch([value], { producerId, producerEpoch, baseSequence, transactional: true }), 'x')
    }
    const end = async (committed: boolean) => expect((await w.wire.ask(endTxn, 3, { ...identity, committed })).errorCode).toBe(0)
    await w.configure('share.isolation.level', 'read_committed')
    const m = await w.joined('m')
    await write('aborted', 0)
    expect((await m.fetch()).values).toEqual([])
    await end(false)
    await write('committed', 1)
    await end(true)
    await w.produce('plain')
    // Offsets 0 (aborted), 1 and 3 (markers) are settled without having been handed out.
    expect((await m.fetch()).acquired).toEqual([
      [2, 2, 1],
      [4, 4, 1],
    ])
    await m.acknowledge([ack(2, 2, accept), ack(4, 4, accept)])
    expect(await w.offsets()).toEqual({ code: 0, start: 5, lag: 0 })
  })

  test('of a group that nobody joined nothing is handed out', async () => {
    await using w = await world()
    const m = await w.member('m')
    expect((await m.fetch()).error).toBe(errorCode.GROUP_ID_NOT_FOUND)
  })
})

describe('acknowledgements', () => {
  test('with a fetch: accepted, rejected, given back and gaps in one', async () => {
    await using w = await world()
    await w.produce('a', 'b', 'c', 'd')
    const m = await w.joined('m')
    await m.fetch()
    const again = await m.fetch({}, [ack(0, 3, accept, reject, release, gap)])
    expect(again).toMatchObject({ acknowledged: 0, acquired: [[2, 2, 2]] })
  })

  test('nothing is done where a part is wrong', async () => {
    await using w = await world()
    await w.produce('a', 'b')
    const [m, n] = [await w.joined('m'), await w.joined('n')]
    await m.fetch()
    await n.fetch()
    const tell = async (member: Member, ...acks: Batches) => (await member.acknowledge(acks)).error
    expect(await tell(n, ack(0, 0, accept))).toBe(errorCode.INVALID_RECORD_STATE)
    expect(await tell(m, ack(0, 2, accept))).toBe(errorCode.INVALID_REQUEST)
    expect(await tell(m, ack(1, 0, accept))).toBe(errorCode.INVALID_REQUEST)
    expect(await tell(m, ack(0, 1, accept, accept, accept))).toBe(errorCode.INVALID_REQUEST)
    expect(await tell(m, ack(0, 1, 9))).toBe(errorCode.INVALID_REQUEST)
    expect(await tell(m, ack(0, 1, renew))).toBe(errorCode.INVALID_REQUEST)
    expect(await tell(m, ack(0, 1, accept), ack(1, 1, accept))).toBe(errorCode.INVALID_RECORD_STATE)
    expect(await tell(m, ack(0, 0))).toBe(errorCode.INVALID_REQUEST)
    expect((await w.offsets()).start).toBe(-1)
    expect(await tell(m, ack(0, 1, accept))).toBe(0)
    // Settled before: passed over.
    expect(await tell(m, ack(0, 1, accept))).toBe(0)
  })

  test('a renewed hold lasts longer', async () => {
    const clock = new ManualClock()
    await using w = await world({}, clock)
    await w.produce('a')
    const m = await w.joined('m')
    await m.fetch()
    await clock.advance(20_000)
    expect(await m.acknowledge([ack(0, 0, renew)], { isRenewAck: true })).toEqual({ code: 0, error: 0 })
    await clock.advance(20_000)
    expect(await m.acknowledge([ack(0, 0, accept)])).toEqual({ code: 0, error: 0 })
    await w.configure('share.renew.acknowledge.enable', 'false')
    await w.produce('b')
    await m.fetch()
    expect(await m.acknowledge([ack(1, 1, renew)], { isRenewAck: true })).toEqual({ code: 0, error: errorCode.INVALID_RECORD_STATE })
  })

  test('renewing with a fetch fetches nothing', async () => {
    await using w = await world()
    await w.produce('a')
    await w.produce('b')
    const m = await w.joined('m')
    await m.fetch({ maxRecords: 1 })
    expect((await m.fetch({ shareAcquireMode: 7 })).code).toBe(errorCode.INVALID_REQUEST)
    expect((await m.fetch({ isRenewAck: true }, [ack(0, 0, renew)])).code).toBe(errorCode.INVALID_REQUEST)
    const only = { isRenewAck: true, maxBytes: 0, minBytes: 0, maxRecords: 0, maxWaitMs: 0 }
    expect(await m.fetch(only, [ack(0, 0, renew)])).toMatchObject({ code: 0, acknowledged: 0, acquired: [] })
  })
})

describe('sessions', () => {
  test('epochs are followed', async () => {
    await using w = await world()
    const m = await w.joined('m')
    const code = async (shareSessionEpoch: number) => (await m.fetch({ shareSessionEpoch })).code
    expect(await code(1)).toBe(errorCode.SHARE_SESSION_NOT_FOUND)
    expect(await code(-1)).toBe(errorCode.SHARE_SESSION_NOT_FOUND)
    expect((await m.acknowledge([ack(0, 0, accept)], { shareSessionEpoch: 0 })).code).toBe(errorCode.INVALID_SHARE_SESSION_EPOCH)
    expect((await m.fetch({ shareSessionEpoch: 0 }, [ack(0, 0, accept)])).code).toBe(errorCode.INVALID_REQUEST)
    expect(await code(0)).toBe(0)
    expect(await code(2)).toBe(errorCode.INVALID_SHARE_SESSION_EPOCH)
    expect(await code(1)).toBe(0)
    expect(await code(1)).toBe(errorCode.INVALID_SHARE_SESSION_EPOCH)
    expect(await code(2)).toBe(0)
    expect(await code(-1)).toBe(0)
    expect(await code(3)).toBe(errorCode.SHARE_SESSION_NOT_FOUND)
  })

  test('the partitions need not be named again, and can be forgotten', async () => {
    await using w = await world()
    const m = await w.joined('m')
    await m.fetch()
    await w.produce('a')
    expect((await m.fetch({ topics: [] })).values).toEqual(['a'])
    await w.produce('b')
    expect((await m.fetch({ topics: [], forgottenTopicsData: [{ topicId: w.topicId, partitions: [0] }] })).values).toEqual([])
  })

  test('the end of a session gives back what is left', async () => {
    await using w = await world()
    await w.produce('a', 'b')
    const [m, n] = [await w.joined('m'), await w.joined('n')]
    await m.fetch()
    expect(await m.acknowledge([ack(0, 0, accept)], { shareSessionEpoch: -1 })).toEqual({ code: 0, error: 0 })
    expect((await n.fetch()).acquired).toEqual([[1, 1, 2]])
  })

  test('there are only so many', async () => {
    await using w = await world({ 'group.share.max.share.sessions': 1 })
    const [m, n] = [await w.joined('m'), await w.joined('n')]
    expect((await m.fetch()).code).toBe(0)
    expect((await n.fetch()).code).toBe(errorCode.SHARE_SESSION_LIMIT_REACHED)
  })

  test('ids are checked', async () => {
    await using w = await world()
    const m = await w.joined('m')
    expect((await m.fetch({ groupId: '' })).code).toBe(errorCode.INVALID_REQUEST)
    expect((await m.fetch({ memberId: 'x'.repeat(37) })).code).toBe(errorCode.INVALID_REQUEST)
  })

  test('a topic that is not there is told', async () => {
    await using w = await world()
    const m = await w.joined('m')
    const partitions = [{ partitionIndex: 0, acknowledgementBatches: [] }]
    expect((await m.fetch({ topics: [{ topicId: 'AAAAAAAAAAAAAAAAAAAAEQ', partitions }] })).error).toBe(errorCode.UNKNOWN_TOPIC_ID)
  })
})

describe('offsets', () => {
  test('are moved and forgotten while the group is empty', async () => {
    await using w = await world()
    await w.produce('a', 'b', 'c')
    const m = await w.joined('m')
    await m.fetch()
    const topics = [{ topicName: 't', partitions: [{ partitionIndex: 0, startOffset: 2 }] }]
    const alter = () => w.wire.ask(alterShareGroupOffsets, 0, { groupId: 'g', topics })
    expect((await alter()).errorCode).toBe(errorCode.NON_EMPTY_GROUP)
    await m.fetch({ shareSessionEpoch: -1, topics: [] })
    await m.heartbeat(-1)
    expect((await alter()).responses[0]!.partitions[0]!.errorCode).toBe(0)
    expect(await w.offsets()).toEqual({ code: 0, start: 2, lag: 1 })
    const drop = async (topicName: string) => (await w.wire.ask(deleteShareGroupOffsets, 0, { groupId: 'g', topics: [{ topicName }] })).responses[0]!
    expect(await drop('t')).toMatchObject({ errorCode: 0 })
    expect(await drop('t')).toMatchObject({
      errorCode: errorCode.UNKNOWN_TOPIC_OR_PARTITION,
      errorMessage: 'There is no offset information to delete.',
    })
    expect(await drop('none')).toMatchObject({ errorCode: errorCode.UNKNOWN_TOPIC_OR_PARTITION })
    expect(await w.offsets()).toEqual({ code: 0, start: -1, lag: -1 })
  })

  test('a group comes into being where it is given offsets', async () => {
    await using w = await world()
    await w.produce('a', 'b')
    const topics = [{ topicName: 't', partitions: [{ partitionIndex: 0, startOffset: 1 }] }]
    expect((await w.wire.ask(alterShareGroupOffsets, 0, { groupId: 'g', topics })).errorCode).toBe(0)
    expect(await w.offsets()).toEqual({ code: 0, start: 1, lag: 1 })
    const m = await w.joined('m')
    expect((await m.fetch()).values).toEqual(['a', 'b'])
    expect((await m.fetch({ shareSessionEpoch: 0 })).acquired).toEqual([])
  })
})
