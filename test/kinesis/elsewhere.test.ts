// Requests that mean something that is not here: streams of another account or region, and records that no shard has.
import { expect, test } from 'vitest'
import { createBroker } from '../../src/broker.ts'
import { SequenceNumbers } from '../../src/kinesis/sequence.ts'
import type { LogFields } from '../../src/logging.ts'
import { call, send, signed } from './harness.ts'

test('an ARN of another region is not found, in AWS’s words; a header and one line of the log say where this is', async () => {
  const warned: [string, LogFields?][] = []
  const quiet = (): void => {}
  const logger = {
    debug: quiet,
    info: quiet,
    warn: (message: string, fields?: LogFields) => void warned.push(fields ? [message, fields] : [message]),
    error: quiet,
  }
  await using broker = await createBroker({ logger, settings: { 'aws.region': 'eu-west-1', 'create.topics': 's:1' } })
  const headers = { 'content-type': 'application/x-amz-json-1.1', 'x-amz-target': 'Kinesis_20131202.DescribeStreamSummary', ...signed }
  const describe = async (region: string, account: string) => {
    const body = JSON.stringify({ StreamARN: `arn:aws:kinesis:${region}:${account}:stream/s` })
    const { status, text, headers: answered } = await send(broker.aws.url, { headers, body })
    return { status, message: (JSON.parse(text) as { message?: string }).message, hint: answered['x-twinlog-hint'] }
  }
  expect((await describe('eu-west-1', '000000000000')).status).toBe(200)
  const hint = expect.stringMatching(/aws\.account\.id is 000000000000 and aws\.region is eu-west-1 here/)
  expect(await describe('us-east-1', '000000000000')).toEqual({ status: 400, message: 'Stream s under account 000000000000 not found.', hint })
  expect(await describe('eu-west-1', '111122223333')).toEqual({ status: 400, message: 'Stream s under account 111122223333 not found.', hint })
  expect(warned).toEqual([['an AWS client may be configured for another place', { operation: 'DescribeStreamSummary', hint }]])
})

test('a sequence number above all that an open shard has begins at its end: what is put from then on is not missed', async () => {
  await using broker = await createBroker({ settings: { 'create.topics': 's:1' } })
  const ask = async (operation: string, input: object): Promise<Record<string, unknown>> => {
    const { status, body } = await call(broker.aws.url, operation, input)
    expect([status, body]).toEqual([200, body])
    return body
  }
  const put = (text: string) => ask('PutRecord', { StreamName: 's', PartitionKey: 'k', Data: Buffer.from(text).toString('base64') })
  const read = async (ShardIterator: unknown): Promise<string[]> =>
    ((await ask('GetRecords', { ShardIterator }))['Records'] as { Data: string }[]).map(({ Data }) => Buffer.from(Data, 'base64').toString())
  const { SequenceNumber } = await put('a')
  const { StreamDescriptionSummary } = await ask('DescribeStreamSummary', { StreamName: 's' })
  const createdMs = (StreamDescriptionSummary as { StreamCreationTimestamp: number }).StreamCreationTimestamp * 1000
  const numbers = new SequenceNumbers(0, createdMs)
  // The shard is the one that gave out the first number.
  expect(numbers.at(0, Date.now()).slice(0, 20)).toBe(String(SequenceNumber).slice(0, 20))
  const above = numbers.at(1000, Date.now())
  const iterators = []
  for (const ShardIteratorType of ['AT_SEQUENCE_NUMBER', 'AFTER_SEQUENCE_NUMBER']) {
    const input = { StreamName: 's', ShardId: 'shardId-000000000000', ShardIteratorType, StartingSequenceNumber: above }
    iterators.push((await ask('GetShardIterator', input))['ShardIterator'])
  }
  await put('b')
  for (const iterator of iterators) expect(await read(iterator)).toEqual(['b'])
})
