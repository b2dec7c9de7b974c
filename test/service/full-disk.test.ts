// A broker on a disk that is full: each request that writes is told so in its protocol's own words, reads go on, the log says it once, and room ends it.
import { afterAll, expect, test } from 'vitest'
import { errorCode } from '../../protocol/error-code.ts'
import { alterClientQuotas } from '../../protocol/messages/alter-client-quotas.ts'
import { createPartitions } from '../../protocol/messages/create-partitions.ts'
import { createTopics } from '../../protocol/messages/create-topics.ts'
import { deleteTopics } from '../../protocol/messages/delete-topics.ts'
import { fetch as fetchApi } from '../../protocol/messages/fetch.ts'
import { incrementalAlterConfigs } from '../../protocol/messages/incremental-alter-configs.ts'
import { initProducerId } from '../../protocol/messages/init-producer-id.ts'
import { produce } from '../../protocol/messages/produce.ts'
import { buildBatch } from '../../protocol/records/builder.ts'
import { createBroker } from '../../src/broker.ts'
import type { LogFields } from '../../src/logging.ts'
import { RawClient } from '../kafka/raw-client.ts'
import { fillDisk, removeSmallDisks, smallDisk } from '../storage/small-disk.ts'

afterAll(removeSmallDisks)

const noId = 'AAAAAAAAAAAAAAAAAAAAAA'

test('requests that write are refused in their own words until there is room', async ({ skip }) => {
  const data = smallDisk(16 * 1024 * 1024)
  if (!data) return skip()
  const said: [string, string, LogFields?][] = []
  const sayer = (level: string) => (message: string, fields?: LogFields) => void said.push([level, message, ...(fields ? [fields] : [])] as never)
  const logger = { debug: () => {}, info: sayer('info'), warn: sayer('warn'), error: sayer('error') }
  await using broker = await createBroker({ data, logger })
  await using client = await RawClient.connect(broker.kafka)
  const create = async (name: string) => {
    const topic = { name, numPartitions: 2, replicationFactor: 1, assignments: [], configs: [] }
    return (await client.ask(createTopics, 7, { topics: [topic], timeoutMs: 1000, validateOnly: false })).topics[0]!
  }
  const write = async () => {
    const partitionData = [{ index: 0, records: buildBatch([{ value: 'x' }]) }]
    const answer = await client.ask(produce, 12, {
      transactionalId: null,
      acks: -1,
      timeoutMs: 1000,
      topicData: [{ name: 't', topicId: noId, partitionData }],
    })
    return answer.responses[0]!.partitionResponses[0]!
  }
  const read = async () => {
    const partitions = [{ partition: 0, fetchOffset: 0, partitionMaxBytes: 1000 }]
    const topics = [{ topic: 't', topicId: noId, partitions }]
    const request = { maxWaitMs: 0, minBytes: 0, maxBytes: 1000, isolationLevel: 0, topics, replicaState: {}, forgottenTopicsData: [] }
    return (await client.ask(fetchApi, 12, request)).responses[0]!.partitions[0]!
  }
  const newId = (transactionalId: string | null) =>
    client.ask(initProducerId, 5, { transactionalId, transactionTimeoutMs: 1000, producerId: -1, producerEpoch: -1 })
  const alter = async () => {
    const configs = [{ name: 'retention.ms', configOperation: 0, value: '1000000' }]
    const answer = await client.ask(incrementalAlterConfigs, 1, { resources: [{ resourceType: 2, resourceName: 't', configs }], validateOnly: false })
    return answer.responses[0]!
  }
  const grow = async () =>
    (await client.ask(createPartitions, 3, { topics: [{ name: 't', count: 3, assignments: null }], timeoutMs: 1000, validateOnly: false }))
      .results[0]!
  const limit = async () => {
    const entry = { entity: [{ entityType: 'client-id', entityName: 'a' }], ops: [{ key: 'producer_byte_rate', value: 1e9, remove: false }] }
    return (await client.ask(alterClientQuotas, 1, { entries: [entry], validateOnly: false })).entries[0]!
  }
  const aws = async (operation: string, body: object): Promise<[number, string]> => {
    const signed = 'AWS4-HMAC-SHA256 Credential=x/20260101/us-east-1/kinesis/aws4_request, SignedHeaders=host, Signature=x'
    const [type, target] = ['application/x-amz-json-1.1', `Kinesis_20131202.${operation}`]
    const headers = { 'content-type': type, 'x-amz-target': target, 'x-amz-date': '20260101T000000Z', authorization: signed }
    const answer = await fetch(broker.aws.url, { method: 'POST', headers, body: JSON.stringify(body) })
    return [answer.status, await answer.text()]
  }
  const stream = (name: string) => aws('CreateStream', { StreamName: name, ShardCount: 1 })
  const put = () => aws('PutRecord', { StreamName: 't', PartitionKey: 'a', Data: 'AAAA' })

  expect([(await create('t')).errorCode, (await write()).errorCode]).toEqual([0, 0])
  const giveBack = fillDisk(data)

  const full = { errorCode: errorCode.KAFKA_STORAGE_ERROR, errorMessage: expect.stringContaining('The disk is full') }
  expect([await create('u'), await write(), await alter(), await grow(), await limit()]).toEqual(Array(5).fill(expect.objectContaining(full)))
  const again = { errorCode: errorCode.COORDINATOR_LOAD_IN_PROGRESS, producerId: -1 }
  expect([await newId(null), await newId('tx')]).toMatchObject([again, again])
  expect([await stream('s'), await put()]).toEqual(Array(2).fill([500, expect.stringMatching(/"InternalFailure".*The disk is full/)]))
  expect(await read()).toMatchObject({ errorCode: 0, highWatermark: 1 })
  expect((await client.ask(deleteTopics, 5, { topicNames: ['t'], topics: [], timeoutMs: 1000 })).responses[0]).toMatchObject(full)
  expect(said).toEqual([['error', expect.stringContaining('the disk is full'), { reason: expect.stringContaining(data) }]])
  expect(await (await fetch(`${broker.admin.url}/metrics`)).text()).toMatch(/^twinlog_storage_refused_writes_total [1-9]/m)

  giveBack()
  const codes = [await create('u'), await write(), await alter(), await grow(), await limit(), await newId(null), await newId('tx')]
  expect(codes.map((answer) => answer.errorCode)).toEqual(Array(7).fill(0))
  expect([(await stream('s'))[0], (await put())[0]]).toEqual([200, 200])
})
