// PutRecords: up to 500 records, each stored or refused on its own. A malformed record fails the whole call; what a partition refuses
// fails its records with InternalFailure, which SDKs and producers retry.
import { AwsError, invalidArgument } from '../aws-error.ts'
import { encryptionOf } from '../describe.ts'
import { checkDryRun } from '../dry-run.ts'
import { operation } from '../operation.ts'
import { putEntries } from '../put.ts'
import { checkRecords, recordMembers } from '../put-input.ts'
import { listOf, required, structure } from '../shape.ts'
import { dataBytesMax, dryRun, streamReference } from '../shapes.ts'

/** Data and keys of one request. */
const requestBytesMax = dataBytesMax

export const putRecords = operation({
  name: 'PutRecords',
  input: {
    records: required(listOf(structure(recordMembers, 'com.amazonaws.kinesis.v20131202.PutRecordsRequestEntry@c965e310'), { min: 1, max: 500 })),
    dryRun,
    ...streamReference,
  },
  async run(input, context) {
    const stream = context.streams.serving(input)
    const entries = input.records
    checkRecords(stream, entries, (index) => `records.${index + 1}.member.`)
    let bytes = 0
    for (const { partitionKey, data } of entries) bytes += Buffer.byteLength(partitionKey ?? '') + data.length
    if (bytes > requestBytesMax) throw invalidArgument(`Records size exceeds ${requestBytesMax / 1_048_576} MB limit`)
    checkDryRun(input)
    const results = await putEntries(stream, entries, context)
    let failed = 0
    const records = results.map((result) => {
      if (!(result instanceof Error)) return { SequenceNumber: result.sequenceNumber, ShardId: result.shardId }
      failed++
      const throttled = result instanceof AwsError
      return throttled
        ? { ErrorCode: result.type, ErrorMessage: result.message }
        : { ErrorCode: 'InternalFailure', ErrorMessage: `Internal service failure: ${result.message}` }
    })
    return { FailedRecordCount: failed, Records: records, EncryptionType: encryptionOf(stream) }
  },
})
