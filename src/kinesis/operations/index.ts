// THE list of operations. Dispatch, metric labels, the README's table and the comparison with AWS's model are computed from it.
import type { Operation } from '../operation.ts'
import { createStream } from './create-stream.ts'
import { deleteStream } from './delete-stream.ts'
import { describeStream } from './describe-stream.ts'
import { describeStreamSummary } from './describe-stream-summary.ts'
import { getRecords } from './get-records.ts'
import { getShardIterator } from './get-shard-iterator.ts'
import { listShards } from './list-shards.ts'
import { listStreams } from './list-streams.ts'
import { putRecord } from './put-record.ts'
import { putRecords } from './put-records.ts'

export const operations: readonly Operation[] = [
  createStream,
  deleteStream,
  describeStream,
  describeStreamSummary,
  getRecords,
  getShardIterator,
  listShards,
  listStreams,
  putRecord,
  putRecords,
]
