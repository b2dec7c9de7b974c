// What a cluster of one broker answers to tools that manage larger ones: data directories, elections, reassignments, the quorum, lists of resources.
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { addRaftVoter } from '../../protocol/messages/add-raft-voter.ts'
import { alterPartitionReassignments } from '../../protocol/messages/alter-partition-reassignments.ts'
import { alterReplicaLogDirs } from '../../protocol/messages/alter-replica-log-dirs.ts'
import { createTopics } from '../../protocol/messages/create-topics.ts'
import { describeLogDirs } from '../../protocol/messages/describe-log-dirs.ts'
import { describeQuorum } from '../../protocol/messages/describe-quorum.ts'
import { electLeaders } from '../../protocol/messages/elect-leaders.ts'
import { incrementalAlterConfigs } from '../../protocol/messages/incremental-alter-configs.ts'
import { listConfigResources } from '../../protocol/messages/list-config-resources.ts'
import { listPartitionReassignments } from '../../protocol/messages/list-partition-reassignments.ts'
import { removeRaftVoter } from '../../protocol/messages/remove-raft-voter.ts'
import { unregisterBroker } from '../../protocol/messages/unregister-broker.ts'
import { unregisterController } from '../../protocol/messages/unregister-controller.ts'
import { zeroUuid } from '../../protocol/reader.ts'
import { type Broker, createBroker } from '../../src/broker.ts'
import { RawClient } from './raw-client.ts'

let data: string
let broker: Broker
let client: RawClient

beforeAll(async () => {
  data = await mkdtemp(join(tmpdir(), 'twinlog-cluster-'))
  broker = await createBroker({ data })
  client = await RawClient.connect(broker.kafka)
  const topic = (name: string, numPartitions: number) => ({ name, numPartitions, replicationFactor: 1, assignments: [], configs: [] })
  await client.ask(createTopics, 7, { topics: [topic('a', 2), topic('b', 1)] })
})
afterAll(async () => {
  client?.close()
  await broker?.close()
  await rm(data, { recursive: true, force: true })
})

test('config resources are listed by kind, and an unknown kind is refused', async () => {
  const configure = { resourceType: 16, resourceName: 'm', configs: [{ name: 'interval.ms', configOperation: 0, value: '5000' }] }
  const ofGroup = { resourceType: 32, resourceName: 'g', configs: [{ name: 'share.auto.offset.reset', configOperation: 0, value: 'earliest' }] }
  await client.ask(incrementalAlterConfigs, 1, { resources: [configure, ofGroup], validateOnly: false })
  const of = async (version: number, resourceTypes: number[]) => {
    const answer = await client.ask(listConfigResources, version, { resourceTypes })
    return [answer.errorCode, ...answer.configResources.map(({ resourceName, resourceType }) => `${resourceType}:${resourceName}`).sort()]
  }
  expect(await of(0, [])).toEqual([0, '16:m'])
  expect(await of(1, [])).toEqual([0, '16:m', '2:a', '2:b', '32:g', '4:1', '8:1'])
  expect(await of(1, [32, 2])).toEqual([0, '2:a', '2:b', '32:g'])
  expect(await of(1, [99])).toEqual([35])
})

test.each([0, 1, 2, 3, 4, 5])('DescribeLogDirs %i tells of the one directory, with the partitions that were asked for', async (version) => {
  const of = async (topics: { topic: string; partitions: number[] }[] | null) => {
    const { results } = await client.ask(describeLogDirs, version, { topics })
    expect(results).toHaveLength(1)
    expect(results[0]).toMatchObject({ errorCode: 0, logDir: data })
    if (version >= 4) {
      expect(results[0]?.totalBytes).toBeGreaterThan(0)
      expect(results[0]?.usableBytes).toBeGreaterThan(0)
    }
    return results[0]?.topics.map(({ name, partitions }) => `${name} ${partitions.map((one) => `${one.partitionIndex}:${one.partitionSize}`)}`)
  }
  expect(await of(null)).toEqual(['a 0:0,1:0', 'b 0:0'])
  expect(
    await of([
      { topic: 'a', partitions: [1, 99] },
      { topic: 'none', partitions: [0] },
    ]),
  ).toEqual(['a 1:0'])
  expect(await of([])).toEqual([])
})

test.each([0, 1, 2])('AlterReplicaLogDirs %i finds a partition where it is, and no other directory', async (version) => {
  const on = (path: string, name: string, ...partitions: number[]) => ({ path, topics: [{ name, partitions }] })
  const { results } = await client.ask(alterReplicaLogDirs, version, { dirs: [on(data, 'a', 0, 9), on(data, 'none', 0), on('/elsewhere', 'a', 1)] })
  expect(results.map(({ topicName, partitions }) => [topicName, partitions.map((one) => `${one.partitionIndex}:${one.errorCode}`)])).toEqual([
    ['a', ['0:0', '9:3', '1:57']],
    ['none', ['0:3']],
  ])
})

test.each([0, 1, 2])('ElectLeaders %i is never needed', async (version) => {
  const of = async (topicPartitions: { topic: string; partitions: number[] }[] | null, electionType = 0) => {
    const answer = await client.ask(electLeaders, version, { electionType: version === 0 ? 0 : electionType, topicPartitions })
    return answer.replicaElectionResults.map(({ topic, partitionResult }) => [topic, ...partitionResult.map((one) => one.errorCode)])
  }
  const asked = [
    { topic: 'a', partitions: [0, 9] },
    { topic: 'none', partitions: [0] },
  ]
  expect(await of(asked, 1)).toEqual([
    ['a', 84, 3],
    ['none', 3],
  ])
  expect(await of(null)).toEqual([['a'], ['b']])
  if (version > 0) {
    expect(await of(asked, 7)).toEqual([
      ['a', 42, 42],
      ['none', 42],
    ])
  }
})

test.each([0, 1])('AlterPartitionReassignments %i takes the only place that there is', async (version) => {
  const to = (partitionIndex: number, replicas: number[] | null) => ({ partitionIndex, replicas })
  const { responses } = await client.ask(alterPartitionReassignments, version, {
    topics: [
      { name: 'a', partitions: [to(0, [1]), to(9, [1]), to(1, [2]), to(1, []), to(1, [1, 1]), to(1, null)] },
      { name: 'none', partitions: [to(0, [1])] },
    ],
  })
  expect(responses.map(({ partitions }) => partitions.map((one) => one.errorCode))).toEqual([[0, 3, 39, 39, 39, 85], [3]])
  expect(responses[0]?.partitions[2]?.errorMessage).toBe('The manual partition assignment includes broker 2, but no such broker is registered.')
})

test('ListPartitionReassignments has nothing to tell', async () => {
  expect(await client.ask(listPartitionReassignments, 0, { topics: null })).toMatchObject({ errorCode: 0, topics: [] })
  expect((await client.ask(listPartitionReassignments, 0, { topics: [{ name: 'a', partitionIndexes: [0] }] })).topics).toEqual([])
})

test.each([0, 1, 2])('DescribeQuorum %i tells of one voter, which leads', async (version) => {
  const of = (topicName: string, partitionIndex: number) =>
    client.ask(describeQuorum, version, { topics: [{ topicName, partitions: [{ partitionIndex }] }] })
  const known = await of('__cluster_metadata', 0)
  expect(known.topics[0]?.partitions[0]).toMatchObject({ errorCode: 0, leaderId: 1, observers: [] })
  expect(known.topics[0]?.partitions[0]?.currentVoters.map(({ replicaId }) => replicaId)).toEqual([1])
  if (version === 2) expect(known.nodes[0]).toMatchObject({ nodeId: 1, listeners: [{ host: '127.0.0.1', port: broker.kafka.port }] })
  const quorum = { topicName: '__cluster_metadata', partitions: [{ partitionIndex: 0 }] }
  const twice = await client.ask(describeQuorum, version, { topics: [{ ...quorum, partitions: [...quorum.partitions, ...quorum.partitions] }] })
  expect(twice.topics[0]?.partitions.map(({ errorCode }) => errorCode)).toEqual([3, 3])
  const unknown = await of('a', 0)
  expect(unknown.topics[0]?.partitions[0]).toMatchObject({ errorCode: 3, currentVoters: [] })
  expect(unknown.nodes).toEqual([])
})

test('the only broker and controller cannot be taken out, and no other can', async () => {
  const broker = async (brokerId: number) => (await client.ask(unregisterBroker, 0, { brokerId })).errorCode
  expect([await broker(9), await broker(1)]).toEqual([102, 42])
  const controller = async (controllerId: number) => (await client.ask(unregisterController, 0, { controllerId })).errorCode
  expect([await controller(9), await controller(1)]).toEqual([136, 42])
})

test('the quorum does not change, and says why in Kafka’s words', async () => {
  const voter = { voterId: 2, voterDirectoryId: Buffer.alloc(16, 3).toString('base64url') }
  const listener = { name: 'controller', host: 'h', port: 1 }
  const described = await client.ask(describeQuorum, 2, { topics: [{ topicName: '__cluster_metadata', partitions: [{ partitionIndex: 0 }] }] })
  const { replicaDirectoryId } = described.topics[0]!.partitions[0]!.currentVoters[0]!
  const self = { voterId: 1, voterDirectoryId: replicaDirectoryId }
  const [other, own] = [voter, self].map(({ voterId, voterDirectoryId }) => `ReplicaKey(id=${voterId}, directoryId=${voterDirectoryId})`)
  const noEndpoint = (named: string) =>
    `Add voter request didn't include the endpoint (Endpoints(endpoints={${named}})) for the default listener ListenerName(CONTROLLER)`
  for (const version of [0, 1]) {
    const add = async (asked: { clusterId?: string; voterId?: number; voterDirectoryId?: string }, listeners = [listener]) => {
      const answer = await client.ask(addRaftVoter, version, { clusterId: null, timeoutMs: 100, ...voter, listeners, ...asked })
      return [answer.errorCode, answer.errorMessage]
    }
    expect((await add({ clusterId: 'other' }))[0]).toBe(104)
    for (const none of [{ voterId: -1 }, { voterDirectoryId: zeroUuid }])
      expect(await add(none)).toEqual([42, "Add voter request didn't include a valid voter"])
    expect(await add({}, [])).toEqual([42, noEndpoint('')])
    expect(await add({}, [{ ...listener, name: 'X' }])).toEqual([42, noEndpoint('ListenerName(X)=h/<unresolved>:1')])
    expect(await add(self)).toEqual([126, `The voter id for ${own} is already part of the set of voters [${own}].`])
    expect(await add({})).toEqual([7, `New voter ${other} is not ready to receive requests`])
  }
  const remove = async (asked: object) => {
    const answer = await client.ask(removeRaftVoter, 0, { clusterId: null, ...voter, ...asked })
    return [answer.errorCode, answer.errorMessage]
  }
  expect((await remove({ clusterId: 'other' }))[0]).toBe(104)
  expect(await remove({ voterId: -1 })).toEqual([42, "Remove voter request didn't include a valid voter"])
  expect(await remove({})).toEqual([127, `Cannot remove voter ${other} from the set of voters [${own}]`])
  expect(await remove(self)).toEqual([127, `Cannot remove voter ${own} from the set of voters [${own}]`])
})
