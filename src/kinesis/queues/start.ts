// Where a new queue begins: its starting position as an offset of every partition that the stream has then.
import { validationError } from '../aws-error.ts'
import { retentionHours } from '../describe.ts'
import type { Context } from '../operation.ts'
import type { Stream } from '../streams.ts'

export type QueueStartType = 'LATEST' | 'TRIM_HORIZON' | 'AT_TIMESTAMP'

export interface QueueStart {
  readonly type: QueueStartType
  /** As the request gave it. */
  readonly timestampMs: number | null
  /** What DescribeQueue tells once the queue is there: about when the first record that it can deliver arrived, or will. */
  readonly effectiveMs: number
  /** By partition; one that is not listed came later, and all of it is delivered. */
  readonly offsets: readonly number[]
}

const hourMs = 3_600_000

/** The start that a request asks for. Refuses a time that does not belong, is missing or has not come. */
export async function queueStart(type: QueueStartType, timestampMs: number | undefined, stream: Stream, context: Context): Promise<QueueStart> {
  const { engine, nowMs } = context
  if (type !== 'AT_TIMESTAMP' && timestampMs !== undefined)
    throw validationError(`StartingPosition.Timestamp can only be specified with Type AT_TIMESTAMP. Request specified ${type}.`)
  if (type === 'AT_TIMESTAMP' && timestampMs === undefined) throw validationError('StartingPosition.Timestamp is required with Type AT_TIMESTAMP.')
  if (timestampMs !== undefined && timestampMs > nowMs) throw validationError('StartingPosition.Timestamp cannot be greater than the current time.')
  const { partitions } = stream.topic
  await engine.open(partitions)
  const horizonMs = Math.max(stream.topic.createdMs, nowMs - retentionHours(stream) * hourMs)
  const told = { type, timestampMs: timestampMs ?? null }
  switch (type) {
    case 'LATEST':
      // As readers see it: what an open transaction has written comes when it is committed.
      return { ...told, effectiveMs: nowMs, offsets: partitions.map(({ lastStableOffset }) => lastStableOffset) }
    case 'TRIM_HORIZON':
      return { ...told, effectiveMs: horizonMs, offsets: partitions.map(({ startOffset }) => startOffset) }
    case 'AT_TIMESTAMP': {
      const found = await Promise.all(partitions.map((partition) => engine.offsetForTime(partition, timestampMs!)))
      const offsets = partitions.map(({ endOffset }, at) => found[at]?.offset ?? endOffset)
      return { ...told, effectiveMs: Math.max(timestampMs!, horizonMs), offsets }
    }
  }
}
