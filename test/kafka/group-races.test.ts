// Members of groups of different kinds that come at once with one id, on a store whose commits take a while: one kind gets it.
import { expect, test } from 'vitest'
import { errorCode } from '../../protocol/error-code.ts'
import { consumerGroupHeartbeat } from '../../protocol/messages/consumer-group-heartbeat.ts'
import { listGroups } from '../../protocol/messages/list-groups.ts'
import { offsetCommit } from '../../protocol/messages/offset-commit.ts'
import { shareGroupHeartbeat } from '../../protocol/messages/share-group-heartbeat.ts'
import { streamsGroupHeartbeat } from '../../protocol/messages/streams-group-heartbeat.ts'
import { startDoor } from './harness.ts'

const subtopology = { subtopologyId: '0', sourceTopics: ['t'], sourceTopicRegex: [], stateChangelogTopics: [] }
const internal = { repartitionSinkTopics: [], repartitionSourceTopics: [], copartitionGroups: [] }

test('an id that members of several kinds join at once becomes one group', async () => {
  await using door = await startDoor({ commitMs: 3 })
  const { id: topicId } = await door.engine.topics.create({ name: 't', partitionCount: 1 })
  const wires = await Promise.all(Array.from({ length: 4 }, () => door.open()))
  const partitions = [{ partitionIndex: 0, committedOffset: 1, committedMetadata: '' }]
  for (let round = 0; round < 24; round++) {
    const groupId = `g${round}`
    const member = { groupId, memberId: 'm', memberEpoch: 0 }
    const tasks = { activeTasks: [], standbyTasks: [], warmupTasks: [], clientTags: [] }
    const asks = [
      () => wires[0]!.ask(consumerGroupHeartbeat, 1, { ...member, rebalanceTimeoutMs: 1000, subscribedTopicNames: ['t'], topicPartitions: [] }),
      () => wires[1]!.ask(shareGroupHeartbeat, 1, { ...member, rackId: null, subscribedTopicNames: ['t'] }),
      () =>
        wires[2]!.ask(streamsGroupHeartbeat, 1, {
          ...member,
          ...tasks,
          rebalanceTimeoutMs: 1000,
          endpointInformationEpoch: 0,
          topology: { epoch: 0, subtopologies: [{ ...subtopology, ...internal }] },
          processId: 'p',
          shutdownApplication: false,
        }),
    ]
    const turned = [...asks.slice(round % 3), ...asks.slice(0, round % 3)]
    const answers = await Promise.all(turned.map((ask) => ask()))
    expect(answers.map((answer) => answer.errorCode).sort()).toEqual([0, errorCode.GROUP_ID_NOT_FOUND, errorCode.GROUP_ID_NOT_FOUND])
    const commit = { groupId: `s${round}`, generationIdOrMemberEpoch: -1, memberId: '', topics: [{ name: 't', topicId, partitions }] }
    const [shared, committed] = await Promise.all([
      wires[1]!.ask(shareGroupHeartbeat, 1, { ...member, groupId: `s${round}`, rackId: null, subscribedTopicNames: ['t'] }),
      wires[3]!.ask(offsetCommit, 9, commit),
    ])
    expect([shared.errorCode, committed.topics[0]!.partitions[0]!.errorCode].filter((code) => code === 0)).toHaveLength(1)
  }
  const { groups } = await wires[0]!.ask(listGroups, 5, { statesFilter: [], typesFilter: [] })
  expect(new Set(groups.map(({ groupId }) => groupId)).size).toBe(groups.length)
})
