// Long answers: others have their turn between the elements, and the answer is the same as in one go.
import { afterAll, afterEach, beforeAll, expect, test, vi } from 'vitest'
import { consumerGroupDescribe } from '../../protocol/messages/consumer-group-describe.ts'
import { createTopics } from '../../protocol/messages/create-topics.ts'
import { describeConfigs } from '../../protocol/messages/describe-configs.ts'
import { describeGroups } from '../../protocol/messages/describe-groups.ts'
import { describeLogDirs } from '../../protocol/messages/describe-log-dirs.ts'
import { incrementalAlterConfigs } from '../../protocol/messages/incremental-alter-configs.ts'
import { listGroups } from '../../protocol/messages/list-groups.ts'
import { listOffsets } from '../../protocol/messages/list-offsets.ts'
import { metadata } from '../../protocol/messages/metadata.ts'
import { offsetCommit } from '../../protocol/messages/offset-commit.ts'
import { offsetFetch } from '../../protocol/messages/offset-fetch.ts'
import { shareGroupDescribe } from '../../protocol/messages/share-group-describe.ts'
import { streamsGroupDescribe } from '../../protocol/messages/streams-group-describe.ts'
import { zeroUuid } from '../../protocol/reader.ts'
import { Turns } from '../../src/kafka/turns.ts'
import { type Door, startDoor, type Wire } from './harness.ts'

const count = 40
const names = Array.from({ length: count }, (_, i) => `topic-${i}`)
const groupIds = names.map((name) => `group-of-${name}`)
const tid = zeroUuid
let door: Door
let wire: Wire

beforeAll(async () => {
  door = await startDoor()
  wire = await door.open()
  for (const [i, name] of names.entries()) {
    const configs: Record<string, string> = i % 4 === 0 ? { 'retention.ms': `${i}000` } : {}
    await door.engine.topics.create({ name, partitionCount: 1, configs })
    const partitions = [{ partitionIndex: 0, committedOffset: i, committedMetadata: '' }]
    const topics = [{ name, topicId: tid, partitions }]
    await wire.ask(offsetCommit, 8, { groupId: groupIds[i]!, generationIdOrMemberEpoch: -1, memberId: '', topics })
  }
})
afterAll(async () => {
  await wire?.[Symbol.asyncDispose]()
  await door?.[Symbol.asyncDispose]()
})
afterEach(() => void vi.restoreAllMocks())

const isolation = { replicaId: -1, isolationLevel: 0, timeoutMs: 0 }
const offsetsOf = names.map((name) => ({ name, partitions: [{ partitionIndex: 0, currentLeaderEpoch: -1, timestamp: -1 }] }))
const plain = { allowAutoTopicCreation: false, includeClusterAuthorizedOperations: false, includeTopicAuthorizedOperations: false }
const described = { groupIds: [...groupIds, 'nobody'], includeAuthorizedOperations: true }
const documented = { includeSynonyms: true, includeDocumentation: true }

test.each<[string, leastTurns: number, ask: () => Promise<object>]>([
  [
    'DescribeConfigs of topics',
    count,
    () =>
      wire.ask(describeConfigs, 4, {
        resources: names.map((resourceName) => ({ resourceType: 2, resourceName, configurationKeys: null })),
        ...documented,
      }),
  ],
  [
    'DescribeConfigs of groups and one key of topics',
    2 * count,
    () => {
      const resources = names.flatMap((resourceName) => [
        { resourceType: 32, resourceName, configurationKeys: null },
        { resourceType: 2, resourceName, configurationKeys: ['retention.ms'] },
      ])
      return wire.ask(describeConfigs, 1, { resources, ...documented })
    },
  ],
  ['Metadata of all topics', 2, () => wire.ask(metadata, 12, { topics: null, ...plain })],
  ['Metadata of named topics', 2, () => wire.ask(metadata, 12, { topics: [...names, 'none'].map((name) => ({ topicId: tid, name })), ...plain })],
  ['ListOffsets', count, () => wire.ask(listOffsets, 8, { ...isolation, topics: offsetsOf })],
  [
    'OffsetFetch of many groups',
    2,
    () =>
      wire.ask(offsetFetch, 8, { groups: groupIds.map((groupId) => ({ groupId, topics: null })), requireStable: false, groupId: '', topics: null }),
  ],
  ['ListGroups', 2, () => wire.ask(listGroups, 5, { statesFilter: [], typesFilter: [] })],
  ['DescribeGroups', 2, () => wire.ask(describeGroups, 6, { groups: described.groupIds, includeAuthorizedOperations: true })],
  ['ConsumerGroupDescribe', 2, () => wire.ask(consumerGroupDescribe, 1, described)],
  ['ShareGroupDescribe', 2, () => wire.ask(shareGroupDescribe, 1, described)],
  ['StreamsGroupDescribe', 2, () => wire.ask(streamsGroupDescribe, 0, described)],
  ['DescribeLogDirs', 2, () => wire.ask(describeLogDirs, 4, { topics: [...names, 'none'].map((topic) => ({ topic, partitions: [0, 1] })) })],
  [
    'IncrementalAlterConfigs',
    count - 1,
    () => {
      const configs = [{ name: 'retention.ms', configOperation: 0, value: '5' }]
      const resources = [...names, names[0]!].map((resourceName) => ({ resourceType: 2, resourceName, configs }))
      return wire.ask(incrementalAlterConfigs, 1, { resources, validateOnly: true })
    },
  ],
  [
    'CreateTopics',
    count,
    () => {
      const topics = [...names, 'new', 'new'].map((name) => ({ name, numPartitions: 1, replicationFactor: 1, assignments: [], configs: [] }))
      return wire.ask(createTopics, 7, { topics, timeoutMs: 1000, validateOnly: true })
    },
  ],
])('%s lets others have their turn, and answers the same', async (_, leastTurns, ask) => {
  vi.spyOn(Turns.prototype, 'over', 'get').mockReturnValue(false)
  const inOneGo = await ask()
  vi.spyOn(Turns.prototype, 'over', 'get').mockReturnValue(true)
  const next = vi.spyOn(Turns.prototype, 'next').mockImplementation(() => new Promise((resolve) => setImmediate(resolve)))
  expect(await ask()).toEqual(inOneGo)
  expect(next.mock.calls.length).toBeGreaterThanOrEqual(leastTurns)
})

test('topics with the same configs are told the same, one with its own is told those', async () => {
  const resources = [names[0]!, names[1]!, names[2]!, names[4]!].map((resourceName) => ({ resourceType: 2, resourceName, configurationKeys: null }))
  const { results } = await wire.ask(describeConfigs, 4, { resources, ...documented })
  const [first, second, third, fifth] = results.map(({ configs }) => configs)
  expect(third).toEqual(second)
  const ofRetention = (configs = first) => configs?.find(({ name }) => name === 'retention.ms')
  expect(ofRetention(first)).toMatchObject({ value: '0', configSource: 1 })
  expect(ofRetention(fifth)).toMatchObject({ value: '4000', configSource: 1, synonyms: [{ name: 'retention.ms', value: '4000', source: 1 }] })
  expect(ofRetention(second)).toMatchObject({ value: '604800000', configSource: 5 })
  expect(first?.map(({ documentation }) => documentation)).toEqual(second?.map(({ documentation }) => documentation))
})
