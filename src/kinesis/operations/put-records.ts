// PutRecords: up to 500 records, each stored or refused on its own. A malformed record fails the whole call; what a partition refuses
// fails its records with InternalFailure, which SDKs and producers retry.
import { AwsError, invalidArgument } from '../aws-error.ts'
import { encryptionOf } from '../describe.ts'
import { checkDryRun } from '../dry-run.ts'
import { checkStreamKey } from '../kms.ts'
import { type Context, type Output, operation } from '../operation.ts'
import { putEntries } from '../put.ts'
import { checkRecords, recordMembers } from '../put-input.ts'
import { JsonResults, resultOutput } from '../put-output.ts'
import { type InputOf, listOf, required, structure } from '../shape.ts'
import { dataBytesMax, dryRun, streamReference } from '../shapes.ts'
import type { StreamCounts } from '../stream-counts.ts'
import type { Stream } from '../streams.ts'

/** As many results or more are written as JSON at once; fewer leave in one piece with their head, as text. */
const resultsForJson = 8
/** Data and keys of one request. */
const requestBytesMax = dataBytesMax

const input = {
  records: required(listOf(structure(recordMembers, 'com.amazonaws.kinesis.v20131202.PutRecordsRequestEntry@c965e310'), { min: 1, max: 500 })),
  dryRun,
  ...streamReference,
}
type Input = InputOf<typeof input>

export const putRecords = operation({
  name: 'PutRecords',
  input,
  run(given, context) {
    const stream = context.streams.serving(given)
    const counts = context.counts.of(stream)
    return counts.putRecords.timed(
      () => put(given, stream, context, counts),
      ({ FailedRecordCount: failed }) => (failed as number) < given.records.length,
    )
  },
})

async function put(given: Input, stream: Stream, context: Context, counts: StreamCounts): Promise<Output> {
  const entries = given.records
  checkRecords(stream, entries, (index) => `records.${index + 1}.member.`)
  let bytes = 0
  for (const { partitionKey, data } of entries) bytes += Buffer.byteLength(partitionKey ?? '') + data.length
  if (bytes > requestBytesMax) throw invalidArgument(`Records size exceeds ${requestBytesMax / 1_048_576} MB limit`)
  checkStreamKey(stream, context.settings)
  checkDryRun(given)
  const results = await putEntries(stream, entries, context, { counts, call: counts.putRecords })
  let failed = 0
  for (const result of results) {
    if (!(result instanceof Error)) continue
    failed++
    if (result instanceof AwsError) counts.putRecordsThrottled++
    else counts.putRecordsFailed++
  }
  const records = context.format === 'json' && results.length >= resultsForJson ? new JsonResults(results) : results.map(resultOutput)
  return { FailedRecordCount: failed, Records: records, EncryptionType: encryptionOf(stream) }
}
