// /metrics of a running broker with groups of several kinds: counts by state, members, and lag, which of a share group is what it has not settled.
import { expect, test } from 'vitest'
import { consumerGroupHeartbeat } from '../../protocol/messages/consumer-group-heartbeat.ts'
import { createTopics } from '../../protocol/messages/create-topics.ts'
import { incrementalAlterConfigs } from '../../protocol/messages/incremental-alter-configs.ts'
import { offsetCommit } from '../../protocol/messages/offset-commit.ts'
import { produce } from '../../protocol/messages/produce.ts'
import { shareFetch } from '../../protocol/messages/share-fetch.ts'
import { shareGroupHeartbeat } from '../../protocol/messages/share-group-heartbeat.ts'
import { createBroker } from '../../src/index.ts'
import { batch } from '../kafka/harness.ts'
import { RawClient } from '../kafka/raw-client.ts'
import { parsePrometheus, sampleOf } from './prometheus-text.ts'

test('groups of every kind are counted, and share groups have a lag', async () => {
  await using broker = await createBroker({ data: 'memory' })
  await using client = await RawClient.connect(broker.kafka)
  const topics = [{ name: 't', numPartitions: 1, replicationFactor: 1, assignments: [], configs: [] }]
  const { topicId } = (await client.ask(createTopics, 7, { topics, timeoutMs: 1000, validateOnly: false })).topics[0]!
  const configs = [{ name: 'share.auto.offset.reset', configOperation: 0, value: 'earliest' }]
  await client.ask(incrementalAlterConfigs, 1, { resources: [{ resourceType: 32, resourceName: 's', configs }], validateOnly: false })
  const partitionData = [{ index: 0, records: batch(['a', 'b', 'c', 'd']) }]
  await client.ask(produce, 9, { transactionalId: null, acks: -1, timeoutMs: 1000, topicData: [{ name: 't', topicId, partitionData }] })

  const beat = { rebalanceTimeoutMs: 1000, subscribedTopicNames: ['t'], topicPartitions: [] }
  await client.ask(consumerGroupHeartbeat, 1, { groupId: 'c', memberId: 'm', memberEpoch: 0, ...beat })
  const partitions = [{ partitionIndex: 0, committedOffset: 1, committedMetadata: null }]
  const commit = { generationIdOrMemberEpoch: -1, memberId: '', topics: [{ name: 't', topicId, partitions }] }
  for (const groupId of ['k1', 'k2']) await client.ask(offsetCommit, 9, { groupId, ...commit })
  const share = { groupId: 's', memberId: 'm' }
  await client.ask(shareGroupHeartbeat, 1, { ...share, memberEpoch: 0, rackId: null, subscribedTopicNames: ['t'] })
  const fetchOf = (shareSessionEpoch: number, types: number[]) =>
    client.ask(shareFetch, 2, {
      ...share,
      shareSessionEpoch,
      maxWaitMs: 0,
      minBytes: 1,
      maxBytes: 1 << 20,
      maxRecords: 100,
      batchSize: 100,
      topics: [
        {
          topicId,
          partitions: [
            { partitionIndex: 0, acknowledgementBatches: types.length > 0 ? [{ firstOffset: 0, lastOffset: 3, acknowledgeTypes: types }] : [] },
          ],
        },
      ],
      forgottenTopicsData: [],
    })
  await fetchOf(0, [])
  // The first is given back, two are settled behind it, the last is given back too.
  await fetchOf(1, [2, 1, 3, 2])

  const families = parsePrometheus(await (await fetch(`${broker.admin.url}/metrics`)).text())
  expect(sampleOf(families, 'twinlog_groups')).toBe(4)
  expect(sampleOf(families, 'twinlog_groups_by_state', { type: 'classic', state: 'Empty' })).toBe(2)
  expect(sampleOf(families, 'twinlog_groups_by_state', { type: 'consumer', state: 'Stable' })).toBe(1)
  expect(sampleOf(families, 'twinlog_groups_by_state', { type: 'share', state: 'Stable' })).toBe(1)
  expect(sampleOf(families, 'twinlog_group_members', { group: 's', type: 'share' })).toBe(1)
  expect(sampleOf(families, 'twinlog_group_lag_records', { group: 's', topic: 't' })).toBe(2)
  expect(sampleOf(families, 'twinlog_group_lag_records', { group: 'k1', topic: 't' })).toBe(3)
})
