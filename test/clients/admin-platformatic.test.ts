// @platformatic/kafka's admin client: the newest versions of the admin APIs, as that client speaks them.
import { Admin, ConfigResourceTypes, IncrementalAlterConfigOperationTypes } from '@platformatic/kafka'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type Broker, createBroker } from '../../src/broker.ts'
import { patient } from './patient.ts'

let broker: Broker
let admin: Admin

beforeAll(async () => {
  broker = await createBroker()
  admin = new Admin({ clientId: 'admin', bootstrapBrokers: broker.brokers, retries: 0, ...patient })
})
afterAll(async () => {
  await admin?.close()
  await broker?.close()
})

test('topics are created, listed, grown and deleted', async () => {
  const [made] = await admin.createTopics({ topics: ['t'], partitions: 2, replicas: 1, configs: [{ name: 'retention.ms', value: '9000' }] })
  expect(made).toMatchObject({ name: 't', partitions: 2, replicas: 1 })
  expect(made?.configuration['retention.ms']).toBe('9000')
  await expect(admin.createPartitions({ topics: [{ name: 't', count: 3, assignments: [] }] })).rejects.toThrow()
  await admin.createPartitions({ topics: [{ name: 't', count: 3, assignments: [{ brokerIds: [1] }] }] })
  expect(await admin.listTopics()).toEqual(['t'])
  await admin.deleteTopics({ topics: ['t'] })
  expect(await admin.listTopics()).toEqual([])
})

test('configs are told with their types and changed one by one', async () => {
  await admin.createTopics({ topics: ['c'], partitions: 1, replicas: 1 })
  const resource = { resourceType: ConfigResourceTypes.TOPIC, resourceName: 'c' }
  await admin.incrementalAlterConfigs({
    resources: [
      { ...resource, configs: [{ name: 'cleanup.policy', configOperation: IncrementalAlterConfigOperationTypes.APPEND, value: 'compact' }] },
    ],
  })
  const [told] = await admin.describeConfigs({ resources: [resource], includeSynonyms: true, includeDocumentation: true })
  expect(told?.configs).toHaveLength(37)
  expect(told?.configs.find(({ name }) => name === 'cleanup.policy')).toMatchObject({ value: 'delete,compact', configType: 7, configSource: 1 })
})

test('records are deleted and directories told', async () => {
  await admin.createTopics({ topics: ['d'], partitions: 1, replicas: 1 })
  const [deleted] = await admin.deleteRecords({ topics: [{ name: 'd', partitions: [{ partition: 0, offset: -1n }] }] })
  expect(deleted).toMatchObject({ name: 'd', partitions: [{ partition: 0, lowWatermark: 0n }] })
  const [dirs] = await admin.describeLogDirs({ topics: [{ name: 'd', partitions: [0] }] })
  expect(dirs?.results[0]?.topics[0]).toMatchObject({ name: 'd', partitions: [{ partitionIndex: 0, partitionSize: 0n }] })
})
