// A share group over a restart of a broker on disk: what was acknowledged stays settled, what was out is handed out again, with its delivery count.
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { createTopics } from '../../protocol/messages/create-topics.ts'
import { describeShareGroupOffsets } from '../../protocol/messages/describe-share-group-offsets.ts'
import { incrementalAlterConfigs } from '../../protocol/messages/incremental-alter-configs.ts'
import { produce } from '../../protocol/messages/produce.ts'
import { shareAcknowledge } from '../../protocol/messages/share-acknowledge.ts'
import { shareFetch } from '../../protocol/messages/share-fetch.ts'
import { shareGroupHeartbeat } from '../../protocol/messages/share-group-heartbeat.ts'
import { createBroker } from '../../src/index.ts'
import { batch } from './harness.ts'
import { RawClient } from './raw-client.ts'

const who = { groupId: 'g', memberId: 'm' }

async function fetchOnce(client: RawClient, topicId: string, maxWaitMs = 5000) {
  const answer = await client.ask(shareFetch, 2, {
    ...who,
    shareSessionEpoch: 0,
    maxWaitMs,
    minBytes: 1,
    maxBytes: 1 << 20,
    maxRecords: 100,
    batchSize: 100,
    topics: [{ topicId, partitions: [{ partitionIndex: 0, acknowledgementBatches: [] }] }],
    forgottenTopicsData: [],
  })
  return (answer.responses[0]?.partitions[0]?.acquiredRecords ?? []).map(({ firstOffset, lastOffset, deliveryCount }) => [
    firstOffset,
    lastOffset,
    deliveryCount,
  ])
}

/** Where DescribeShareGroupOffsets says that the group stands, partition by partition. */
async function startsOf(client: RawClient): Promise<number[]> {
  const { groups } = await client.ask(describeShareGroupOffsets, 1, { groups: [{ groupId: 'g', topics: null }] })
  return groups[0]!.topics.flatMap(({ partitions }) => partitions.map(({ startOffset }) => startOffset))
}

test('acknowledged records stay settled over a restart, the others come again', async () => {
  const data = await mkdtemp(join(tmpdir(), 'twinlog-share-'))
  onTestFinished(() => rm(data, { recursive: true, force: true }))
  let topicId = ''
  {
    await using broker = await createBroker({ data })
    await using client = await RawClient.connect(broker.kafka)
    const topics = [{ name: 't', numPartitions: 1, replicationFactor: 1, assignments: [], configs: [] }]
    topicId = (await client.ask(createTopics, 7, { topics, timeoutMs: 1000, validateOnly: false })).topics[0]!.topicId
    const configs = [{ name: 'share.auto.offset.reset', configOperation: 0, value: 'earliest' }]
    await client.ask(incrementalAlterConfigs, 1, { resources: [{ resourceType: 32, resourceName: 'g', configs }], validateOnly: false })
    await client.ask(shareGroupHeartbeat, 1, { ...who, memberEpoch: 0, rackId: null, subscribedTopicNames: ['t'] })
    const partitionData = [{ index: 0, records: batch(['a', 'b', 'c', 'd']) }]
    await client.ask(produce, 9, { transactionalId: null, acks: -1, timeoutMs: 1000, topicData: [{ name: 't', topicId, partitionData }] })
    expect(await fetchOnce(client, topicId)).toEqual([[0, 3, 1]])
    expect(await startsOf(client)).toEqual([-1])
    const acknowledgementBatches = [{ firstOffset: 0, lastOffset: 2, acknowledgeTypes: [1, 2, 1] }]
    const settled = await client.ask(shareAcknowledge, 2, {
      ...who,
      shareSessionEpoch: 1,
      isRenewAck: false,
      topics: [{ topicId, partitions: [{ partitionIndex: 0, acknowledgementBatches }] }],
    })
    expect(settled.responses[0]!.partitions[0]!.errorCode).toBe(0)
  }
  await using broker = await createBroker({ data })
  await using client = await RawClient.connect(broker.kafka)
  const { groups } = await client.ask(describeShareGroupOffsets, 1, { groups: [{ groupId: 'g', topics: null }] })
  expect(groups[0]!.topics[0]!.partitions[0]).toMatchObject({ startOffset: 1, lag: 2 })
  // The member is still one, and the group's own config acts.
  expect(await client.ask(shareGroupHeartbeat, 1, { ...who, memberEpoch: 2, rackId: null, subscribedTopicNames: null })).toMatchObject({
    errorCode: 0,
    memberEpoch: 2,
  })
  expect(await fetchOnce(client, topicId)).toEqual([
    [1, 1, 2],
    [3, 3, 2],
  ])
})

test('where a group stands is told once it has settled something, and kept from its first look on', async () => {
  const data = await mkdtemp(join(tmpdir(), 'twinlog-share-'))
  onTestFinished(() => rm(data, { recursive: true, force: true }))
  let topicId = ''
  const send = (client: RawClient, value: string) => {
    const partitionData = [{ index: 0, records: batch([value]) }]
    return client.ask(produce, 9, { transactionalId: null, acks: -1, timeoutMs: 1000, topicData: [{ name: 't', topicId, partitionData }] })
  }
  {
    await using broker = await createBroker({ data })
    await using client = await RawClient.connect(broker.kafka)
    const topics = [{ name: 't', numPartitions: 2, replicationFactor: 1, assignments: [], configs: [] }]
    topicId = (await client.ask(createTopics, 7, { topics, timeoutMs: 1000, validateOnly: false })).topics[0]!.topicId
    await send(client, 'before')
    await client.ask(shareGroupHeartbeat, 1, { ...who, memberEpoch: 0, rackId: null, subscribedTopicNames: ['t'] })
    expect(await fetchOnce(client, topicId, 0)).toEqual([])
    await send(client, 'after')
    // Both partitions, of which the group has looked at one.
    expect(await startsOf(client)).toEqual([-1, -1])
  }
  await using broker = await createBroker({ data })
  await using client = await RawClient.connect(broker.kafka)
  expect(await startsOf(client)).toEqual([-1, -1])
  expect(await fetchOnce(client, topicId)).toEqual([[1, 1, 1]])
  expect(await startsOf(client)).toEqual([-1, -1])
  const acknowledgementBatches = [{ firstOffset: 1, lastOffset: 1, acknowledgeTypes: [2] }]
  const partitions = [{ partitionIndex: 0, acknowledgementBatches }]
  await client.ask(shareAcknowledge, 2, { ...who, shareSessionEpoch: 1, isRenewAck: false, topics: [{ topicId, partitions }] })
  expect(await startsOf(client)).toEqual([1, -1])
})
