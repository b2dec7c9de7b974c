// The shapes that many operations share, named as in AWS's model (botocore 1.44.5, kinesis 2013-12-02).
import { boolean, integer, listOf, mapOf, oneOf, required, string, structure } from './shape.ts'

export const streamName = string({ pattern: '[a-zA-Z0-9_.-]+', min: 1, max: 128 })
export const streamARN = string({ pattern: 'arn:aws.*:kinesis:.*:\\d{12}:stream/\\S+', min: 1, max: 2048 })
/** Documented as reserved: accepted wherever the model has it, and ignored. */
export const streamId = string({ pattern: '[a-z0-9]{20}-[a-z0-9]{3}', min: 1, max: 24 })
export const shardId = string({ pattern: '[a-zA-Z0-9_.-]+', min: 1, max: 128 })
export const sequenceNumber = string({ pattern: '^(0|([1-9]\\d{0,128}))$' })
export const hashKey = string({ pattern: '^(0|([1-9]\\d{0,38}))$' })
export const partitionKey = string({ min: 1, max: 256 })
export const shardIterator = string({ min: 1, max: 512 })
export const nextToken = string({ min: 1, max: 1_048_576 })
export const tagKey = string({ min: 1, max: 128 })
const tagValue = string({ min: 0, max: 256 })
export const tags = mapOf(tagKey, tagValue, { min: 1, max: 200 })
export const limitTo10000 = integer({ min: 1, max: 10_000 })
export const dryRun = boolean()
/** The order is the one in AWS's text. */
export const shardIteratorType = oneOf('AFTER_SEQUENCE_NUMBER', 'LATEST', 'AT_TIMESTAMP', 'AT_SEQUENCE_NUMBER', 'TRIM_HORIZON')
export const streamMode = oneOf('PROVISIONED', 'ON_DEMAND')
export const maxRecordSizeInKiB = integer({ min: 1024, max: 10_240 })
export const recordDistributionStrategy = oneOf('AUTO', 'USER_PARTITION_KEY')
/** The largest record that any stream can be set to take. */
export const dataBytesMax = 10_485_760

/** How an operation names its stream. AWS's texts list the name after an operation's own members, so these are spread last. */
export const streamReference = { streamName, streamARN, streamId }

export const consumerName = string({ pattern: '[a-zA-Z0-9_.-]+', min: 1, max: 128 })
export const consumerARN = string({
  pattern: '^(arn):aws.*:kinesis:.*:\\d{12}:.*stream\\/[a-zA-Z0-9_.-]+\\/consumer\\/[a-zA-Z0-9_.-]+:[0-9]+',
  min: 1,
  max: 2048,
})
export const consumerReference = { consumerName, consumerARN, streamARN, streamId }
export const resourceARN = string({ pattern: 'arn:aws.*:kinesis:.*:\\d{12}:.*(stream|channel|queue)/\\S+', min: 1, max: 2048 })

export const queueName = string({ pattern: '[a-zA-Z0-9_.-]+', min: 1, max: 128 })
export const queueARN = string({ pattern: 'arn:aws.*:kinesis:.*:\\d{12}:queue/\\S+', min: 1, max: 2048 })
export const receiptHandle = string({ min: 1, max: 1024 })
export const visibilityTimeoutSeconds = integer({ min: 0, max: 43_200 })
export const queueAttributes = structure({
  visibilityTimeoutSeconds,
  deadLetterConfiguration: structure({ targetType: required(oneOf('BUILT_IN', 'NONE')), maxReceiveCount: integer({ min: 1, max: 1000 }) }),
})
/** How the operations on records name the records. */
export const receipts = listOf(structure({ receiptHandle: required(receiptHandle) }), { min: 1, max: 10 })
export const receiptsWithTimeout = listOf(
  structure({ receiptHandle: required(receiptHandle), visibilityTimeoutSeconds: required(visibilityTimeoutSeconds) }),
  { min: 1, max: 10 },
)
/** What both ways of receiving take. */
export const receiveInput = {
  queueARN: required(queueARN),
  limit: integer({ min: 1, max: 10 }),
  waitTimeSeconds: integer({ min: 1, max: 20 }),
  visibilityTimeoutSeconds,
}
