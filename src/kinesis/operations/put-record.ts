// PutRecord: one record to the shard that its key picks. SequenceNumberForOrdering needs no work: a shard's records are in the order in
// which they were put, always.
import { invalidArgument } from '../aws-error.ts'
import { encryptionOf } from '../describe.ts'
import { checkDryRun } from '../dry-run.ts'
import { readForeignNumber } from '../foreign-sequence.ts'
import { checkStreamKey } from '../kms.ts'
import { type Context, type Output, operation } from '../operation.ts'
import { putEntries } from '../put.ts'
import { checkRecords, recordMembers } from '../put-input.ts'
import type { InputOf } from '../shape.ts'
import { dryRun, sequenceNumber, streamReference } from '../shapes.ts'
import type { StreamCounts } from '../stream-counts.ts'
import type { Stream } from '../streams.ts'

const input = { sequenceNumberForOrdering: sequenceNumber, ...recordMembers, dryRun, ...streamReference }
type Input = InputOf<typeof input>

export const putRecord = operation({
  name: 'PutRecord',
  input,
  run(given, context) {
    const stream = context.streams.serving(given)
    const counts = context.counts.of(stream)
    return counts.putRecord.timed(() => put(given, stream, context, counts))
  },
})

async function put(given: Input, stream: Stream, context: Context, counts: StreamCounts): Promise<Output> {
  const { sequenceNumberForOrdering: least } = given
  const foreign = least === undefined ? null : readForeignNumber(least)
  if (least !== undefined && (!foreign || (foreign.recordS ?? 0) * 1000 > context.nowMs)) {
    throw invalidArgument(
      `ExclusiveMinimumSequenceNumber ${least} used in PutRecord on stream ${stream.name} under account ${context.streams.account} is invalid.`,
    )
  }
  checkRecords(stream, [given], () => '')
  checkStreamKey(stream, context.settings)
  checkDryRun(given)
  const [result] = await putEntries(stream, [given], context, { counts, call: counts.putRecord })
  if (result instanceof Error) throw result
  const { shard, offset, timestampMs } = result!
  return { ShardId: shard.id, SequenceNumber: shard.numbers.at(offset, timestampMs), EncryptionType: encryptionOf(stream) }
}
