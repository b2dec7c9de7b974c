// The queue operations through the AWS SDK for JavaScript v3, over HTTP/1.1 and HTTP/2, in JSON and CBOR. Its release in use has no commands for them: they are made from AWS's model.
// Skipped where that is not at hand. What queues do in detail is test/kinesis/queue-*.test.ts's.

import * as sdk from '@aws-sdk/client-kinesis'
import { KinesisClient, ResourceNotFoundException } from '@aws-sdk/client-kinesis'
import { NodeHttp2Handler, NodeHttpHandler } from '@smithy/node-http-handler'
import { expect, onTestFinished, test } from 'vitest'
import { operations } from '../../src/kinesis/operations/index.ts'
import { openDoor } from '../kinesis/harness.ts'
import { model } from '../kinesis/model.ts'
import { throughCbor } from './cbor-handler.ts'
import { sendByModel } from './model-commands.ts'

const StreamARN = 'arn:aws:kinesis:us-east-1:000000000000:stream/s'

interface Received {
  QueueRecords: { ReceiptHandle: string; RecordId: string; Data: Uint8Array; FirstReceiveTimestamp: Date; ReceiveCount: number }[]
}
interface Settled {
  Successful: object[]
  Failed: { ErrorCode: string }[]
}
interface Described {
  QueueDescription: { QueueARN: string; QueueStatus: string; QueueCreationTimestamp: Date; QueueAttributes: object }
}

test.skipIf(!model).each([
  ['HTTP/2', 'JSON'],
  ['HTTP/1.1', 'JSON'],
  ['HTTP/2', 'CBOR'],
  ['HTTP/1.1', 'CBOR'],
])('every queue operation works over %s in %s', async (protocol, format) => {
  const door = await openDoor()
  const handler = protocol === 'HTTP/2' ? new NodeHttp2Handler() : new NodeHttpHandler()
  const credentials = { accessKeyId: 'a', secretAccessKey: 'b' }
  const requestHandler = format === 'CBOR' ? throughCbor(handler) : handler
  const client = new KinesisClient({ endpoint: door.url, region: 'us-east-1', credentials, maxAttempts: 1, requestHandler })
  onTestFinished(async () => {
    client.destroy()
    await door.close()
  })
  const ask = <Answer>(operation: string, input: object): Promise<Answer> => sendByModel<Answer>(client, operation, input)

  await client.send(new sdk.CreateStreamCommand({ StreamName: 's', StreamModeDetails: { StreamMode: 'ON_DEMAND' } }))
  const QueueAttributes = { DeadLetterConfiguration: { TargetType: 'BUILT_IN', MaxReceiveCount: 1 } }
  const StreamConfigurationList = [{ StreamARN, StartingPosition: { Type: 'AT_TIMESTAMP', Timestamp: new Date(Date.now() - 60_000) } }]
  const made = await ask<Described>('CreateQueue', { QueueName: 'q', StreamConfigurationList, QueueAttributes, Tags: { a: 'b' } })
  const { QueueARN, QueueCreationTimestamp } = made.QueueDescription
  expect(Math.abs(QueueCreationTimestamp.getTime() - Date.now())).toBeLessThan(60_000)
  expect((await ask<{ QueueSummaries: object[] }>('ListQueues', { StreamFilter: [{ StreamARN }] })).QueueSummaries).toHaveLength(1)

  await client.send(new sdk.PutRecordCommand({ StreamName: 's', PartitionKey: 'k', Data: Buffer.from([1, 2, 255]) }))
  const settle = async (operation: string, { ReceiptHandle }: { ReceiptHandle: string }, more: object = {}) => {
    const { Successful, Failed } = await ask<Settled>(operation, { QueueARN, Entries: [{ ReceiptHandle, ...more }] })
    return Failed[0]?.ErrorCode ?? Successful.length
  }
  const [first] = (await ask<Received>('ReceiveQueueRecords', { QueueARN, VisibilityTimeoutSeconds: 60 })).QueueRecords
  expect([...first!.Data]).toEqual([1, 2, 255])
  expect(Math.abs(first!.FirstReceiveTimestamp.getTime() - Date.now())).toBeLessThan(60_000)
  expect(await settle('UpdateQueueRecordsVisibility', first!, { VisibilityTimeoutSeconds: 0 })).toBe(1)
  const receiveDead = async () => (await ask<Received>('ReceiveDeadLetterQueueRecords', { QueueARN })).QueueRecords[0]!
  expect(await receiveDead().then((letter) => settle('UpdateDeadLetterQueueRecordsVisibility', letter, { VisibilityTimeoutSeconds: 0 }))).toBe(1)
  const letter = await receiveDead()
  expect([letter.RecordId, letter.ReceiveCount]).toEqual([first!.RecordId, 3])
  expect(await settle('RestoreDeadLetterQueueRecords', letter)).toBe(1)
  expect(await settle('AcknowledgeDeadLetterQueueRecords', letter)).toBe('ResourceNotFoundException')
  const [again] = (await ask<Received>('ReceiveQueueRecords', { QueueARN })).QueueRecords
  expect(again!.ReceiveCount).toBe(1)
  expect(await settle('AcknowledgeQueueRecords', again!)).toBe(1)
  expect(await settle('AcknowledgeQueueRecords', first!)).toBe(1)

  await ask('UpdateQueue', { QueueARN, QueueAttributes: { VisibilityTimeoutSeconds: 5 } })
  expect((await ask<Described>('DescribeQueue', { QueueARN })).QueueDescription.QueueAttributes).toEqual({
    VisibilityTimeoutSeconds: 5,
    ...QueueAttributes,
  })
  await ask('DeleteQueue', { QueueARN })
  await expect(ask('DescribeQueue', { QueueARN })).rejects.toBeInstanceOf(ResourceNotFoundException)
  const names = operations.map(({ name }) => name).filter((name) => name.includes('Queue'))
  expect(names.filter((name) => !door.calls.some(({ operation }) => operation === name))).toEqual([])
})
