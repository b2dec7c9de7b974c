// PutRecord: one record to the shard that its key picks. SequenceNumberForOrdering needs no work: a shard's records are in the order in
// which they were put, always.
import { invalidArgument } from '../aws-error.ts'
import { encryptionOf } from '../describe.ts'
import { checkDryRun } from '../dry-run.ts'
import { readForeignNumber } from '../foreign-sequence.ts'
import { operation } from '../operation.ts'
import { putEntries } from '../put.ts'
import { checkRecords, recordMembers } from '../put-input.ts'
import { dryRun, sequenceNumber, streamReference } from '../shapes.ts'

export const putRecord = operation({
  name: 'PutRecord',
  input: { sequenceNumberForOrdering: sequenceNumber, ...recordMembers, dryRun, ...streamReference },
  async run(input, context) {
    const stream = context.streams.serving(input)
    const { sequenceNumberForOrdering: least } = input
    const foreign = least === undefined ? null : readForeignNumber(least)
    if (least !== undefined && (!foreign || (foreign.recordS ?? 0) * 1000 > context.nowMs)) {
      throw invalidArgument(
        `ExclusiveMinimumSequenceNumber ${least} used in PutRecord on stream ${stream.name} under account ${context.streams.account} is invalid.`,
      )
    }
    checkRecords(stream, [input], () => '')
    checkDryRun(input)
    const [result] = await putEntries(stream, [input], context)
    if (result instanceof Error) throw result
    return { ShardId: result!.shardId, SequenceNumber: result!.sequenceNumber, EncryptionType: encryptionOf(stream) }
  },
})
