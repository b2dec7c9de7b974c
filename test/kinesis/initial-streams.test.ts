// Streams that a setting asks for: there from the start, for both doors, and only made where there is none.
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { createBroker } from '../../src/broker.ts'
import { Settings } from '../../src/config.ts'
import { call } from './harness.ts'

const name = 'kinesis.initialize.streams'

test('streams of kinesis.initialize.streams are ACTIVE when the broker is ready, with their shards and a day of retention', async () => {
  await using broker = await createBroker({ settings: { [name]: 'orders.eu:4, payments:1', 'kinesis.transition.ms': 60_000 } })
  const describe = async (StreamName: string) =>
    (await call(broker.aws.url, 'DescribeStreamSummary', { StreamName })).body['StreamDescriptionSummary'] as object
  const provisioned = { StreamStatus: 'ACTIVE', RetentionPeriodHours: 24, StreamModeDetails: { StreamMode: 'PROVISIONED' } }
  expect(await describe('orders.eu')).toMatchObject({ ...provisioned, OpenShardCount: 4 })
  expect(await describe('payments')).toMatchObject({ ...provisioned, OpenShardCount: 1 })
  expect((await call(broker.aws.url, 'ListStreams', {})).body['StreamNames']).toEqual(['orders.eu', 'payments'])
})

test('what is there already stays as it is', async ({ onTestFinished }) => {
  const data = mkdtempSync(join(tmpdir(), 'twinlog-initial-'))
  onTestFinished(() => rmSync(data, { recursive: true }))
  const put = { StreamName: 'orders', PartitionKey: 'k', Data: 'AAAA' }
  const first = await createBroker({ data, settings: { [name]: 'orders:2' } })
  expect((await call(first.aws.url, 'PutRecord', put)).status).toBe(200)
  await first.close()
  await using broker = await createBroker({ data, settings: { [name]: 'orders:5,more:1' } })
  const { body } = await call(broker.aws.url, 'ListShards', { StreamName: 'orders' })
  expect(body['Shards']).toHaveLength(2)
  const { body: described } = await call(broker.aws.url, 'ListStreams', {})
  expect(described['StreamNames']).toEqual(['more', 'orders'])
})

test.each(['orders', 'orders:0', 'orders:x', 'a b:1', 'orders:1,'])('%s is not a list of streams', (value) => {
  expect(() => Settings.of({ [name]: value })).toThrow(/kinesis\.initialize\.streams.*NAME:SHARDS/)
})
