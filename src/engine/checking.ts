// What a producer's batches must be before they are appended, and what the topic's configs make of them.
import { computeCrc, crcOf, lastOffsetDeltaOf, maxTimestampOf } from '../../protocol/records/batch.ts'
import { nextBatch, restampTimestamps } from '../../protocol/records/run.ts'
import { EngineError } from './errors.ts'
import { type CheckedBatches, producerFactsOf } from './partition.ts'
import type { ActingConfig } from './topic-configs.ts'

export function checkBatches(bytes: Buffer, config: ActingConfig, nowMs: number, trusted: boolean): CheckedBatches & { logAppendTimeMs: number } {
  let offsetCount = 0
  let maxTimestampMs = -1
  let at = 0
  for (let next: number; (next = nextBatch(bytes, at)) !== -1; at = next) {
    if (!trusted && computeCrc(bytes, at) !== crcOf(bytes, at))
      throw new EngineError('message-corrupt', 'The CRC of a record batch does not fit its bytes.')
    offsetCount += lastOffsetDeltaOf(bytes, at) + 1
    maxTimestampMs = Math.max(maxTimestampMs, maxTimestampOf(bytes, at))
  }
  if (at === 0) throw new EngineError('message-corrupt', 'No record batch.')
  const run = at === bytes.length ? bytes : bytes.subarray(0, at)
  const logAppendTime = config.timestampType === 'LogAppendTime'
  if (logAppendTime) restampTimestamps(run, nowMs)
  return {
    bytes: run,
    offsetCount,
    maxTimestampMs: logAppendTime ? nowMs : maxTimestampMs,
    producer: producerFactsOf(run),
    logAppendTimeMs: logAppendTime ? nowMs : -1,
  }
}
