// broker.reset(): everything that clients stored is gone at both doors, connections stay, and what the broker is known by outlives it.
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { connect as connectTls } from 'node:tls'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { alterClientQuotas } from '../../protocol/messages/alter-client-quotas.ts'
import { createTopics } from '../../protocol/messages/create-topics.ts'
import { describeClientQuotas } from '../../protocol/messages/describe-client-quotas.ts'
import { describeCluster } from '../../protocol/messages/describe-cluster.ts'
import { getTelemetrySubscriptions } from '../../protocol/messages/get-telemetry-subscriptions.ts'
import { incrementalAlterConfigs } from '../../protocol/messages/incremental-alter-configs.ts'
import { listConfigResources } from '../../protocol/messages/list-config-resources.ts'
import { listGroups } from '../../protocol/messages/list-groups.ts'
import { metadata } from '../../protocol/messages/metadata.ts'
import { offsetCommit } from '../../protocol/messages/offset-commit.ts'
import { zeroUuid } from '../../protocol/reader.ts'
import { type Broker, createBroker } from '../../src/index.ts'
import { RawClient } from '../kafka/raw-client.ts'
import { call } from '../kinesis/harness.ts'

let directory = ''
let broker: Broker
let kafka: RawClient

async function start(): Promise<void> {
  broker = await createBroker({ data: directory, settings: { 'aws.tls': 'on' } })
  kafka = await RawClient.connect(broker.kafka)
}
async function stop(): Promise<void> {
  kafka.close()
  await broker.close()
}

beforeEach(async () => {
  directory = mkdtempSync(join(tmpdir(), 'twinlog-reset-'))
  await start()
})
afterEach(async () => {
  await stop()
  rmSync(directory, { recursive: true, force: true })
})

async function aws(operation: string, input: object = {}): Promise<Record<string, unknown>> {
  const { status, body } = await call(broker.aws.url, operation, input)
  expect([status, body]).toEqual([200, body])
  return body
}

const clientMetrics = 16
const brokerResource = 4
const set = (name: string, value: string) => ({ name, configOperation: 0, value })
const anyClient = { clientInstanceId: zeroUuid }

/** Something of every kind that clients can leave behind. */
async function fill(): Promise<void> {
  const topic = { name: 'topic', numPartitions: 2, replicationFactor: 1, assignments: [], configs: [] }
  expect((await kafka.ask(createTopics, 7, { topics: [topic], timeoutMs: 1000, validateOnly: false })).topics[0]?.errorCode).toBe(0)
  const partitions = [{ partitionIndex: 0, committedOffset: 0, committedMetadata: '' }]
  const committed = await kafka.ask(offsetCommit, 8, { groupId: 'g', memberId: '', topics: [{ name: 'topic', topicId: zeroUuid, partitions }] })
  expect(committed.topics[0]?.partitions[0]?.errorCode).toBe(0)
  const resources = [
    { resourceType: clientMetrics, resourceName: 'all', configs: [set('metrics', '*'), set('interval.ms', '1000')] },
    { resourceType: brokerResource, resourceName: '', configs: [set('kinesis.shards.max', '3')] },
  ]
  const altered = await kafka.ask(incrementalAlterConfigs, 1, { resources, validateOnly: false })
  expect(altered.responses.map(({ errorCode }) => errorCode)).toEqual([0, 0])
  const ops = [{ key: 'consumer_byte_rate', value: 1e9, remove: false }]
  await kafka.ask(alterClientQuotas, 1, { entries: [{ entity: [{ entityType: 'client-id', entityName: 'x' }], ops }], validateOnly: false })
  await aws('CreateStream', { StreamName: 'stream', ShardCount: 2 })
  await aws('RegisterStreamConsumer', { StreamARN: 'arn:aws:kinesis:us-east-1:000000000000:stream/stream', ConsumerName: 'c' })
  await aws('UpdateAccountSettings', { MinimumThroughputBillingCommitment: { Status: 'ENABLED' } })
}

interface Left {
  topics: unknown[]
  groups: unknown[]
  configs: unknown[]
  quotas: number
  telemetry: unknown[]
  streams: unknown
  shardsMax: unknown
  commitment: unknown
}

async function left(): Promise<Left> {
  const facts = { includeClusterAuthorizedOperations: false, includeTopicAuthorizedOperations: false }
  const account = (await aws('DescribeAccountSettings')) as { MinimumThroughputBillingCommitment: { Status: string } }
  const quotas = await kafka.ask(describeClientQuotas, 1, { components: [], strict: false })
  const subscription = await kafka.ask(getTelemetrySubscriptions, 0, anyClient)
  const resources = await kafka.ask(listConfigResources, 1, { resourceTypes: [clientMetrics] })
  return {
    topics: (await kafka.ask(metadata, 12, { topics: null, ...facts })).topics.map(({ name }) => name),
    groups: (await kafka.ask(listGroups, 5, { statesFilter: [], typesFilter: [] })).groups.map(({ groupId }) => groupId),
    configs: resources.configResources.map(({ resourceName }) => resourceName),
    quotas: quotas.entries?.length ?? 0,
    telemetry: [...subscription.requestedMetrics],
    streams: (await aws('ListStreams'))['StreamNames'],
    shardsMax: (await aws('DescribeLimits'))['ShardLimit'],
    commitment: account.MinimumThroughputBillingCommitment.Status,
  }
}

const empty: Left = { topics: [], groups: [], configs: [], quotas: 0, telemetry: [], streams: [], shardsMax: 500, commitment: 'DISABLED' }
const full: Left = {
  topics: ['stream', 'topic'],
  groups: ['g'],
  configs: ['all'],
  quotas: 1,
  telemetry: ['*'],
  streams: ['stream', 'topic'],
  shardsMax: 3,
  commitment: 'ENABLED',
}

it('drops what clients stored at either door, for this process and for the next; the same names can be used again', async () => {
  await fill()
  expect(await left()).toEqual(full)
  await broker.reset()
  expect(await left()).toEqual(empty)
  await stop()
  await start()
  expect(await left()).toEqual(empty)
  await fill()
  expect(await left()).toEqual(full)
})

it('leaves what the broker is known by: cluster id, certificate, and the seal of iterators', async () => {
  const clusterId = async () =>
    (await kafka.ask(describeCluster, 1, { includeClusterAuthorizedOperations: false, includeFencedBrokers: false })).clusterId
  const before = [await clusterId(), await fingerprint()]
  await broker.reset()
  await aws('CreateStream', { StreamName: 's', ShardCount: 1 })
  await aws('PutRecord', { StreamName: 's', PartitionKey: 'k', Data: 'YQ==' })
  const from = { StreamName: 's', ShardId: 'shardId-000000000000', ShardIteratorType: 'TRIM_HORIZON' }
  const { ShardIterator } = await aws('GetShardIterator', from)
  await stop()
  await start()
  expect([await clusterId(), await fingerprint()]).toEqual(before)
  expect((await aws('GetRecords', { ShardIterator }))['Records']).toMatchObject([{ Data: 'YQ==' }])
})

async function fingerprint(): Promise<string> {
  const socket = connectTls({ host: broker.aws.host, port: broker.aws.port, rejectUnauthorized: false })
  await new Promise((secure, failed) => socket.once('secureConnect', secure).once('error', failed))
  const { fingerprint256 } = socket.getPeerCertificate()
  socket.destroy()
  return fingerprint256
}
