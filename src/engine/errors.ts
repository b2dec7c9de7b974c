// What the engine refuses, in its own words. Each door maps every code to its protocol's error and does not compile without.
import type { RecordFault } from '../../protocol/records/refusal.ts'
import { PartitionGone, StorageFull, StoreFailed } from '../../storage/store.ts'

export type EngineErrorCode =
  | 'topic-unknown'
  | 'topic-exists'
  | 'topic-name-invalid'
  | 'partition-unknown'
  | 'partition-count-invalid'
  | 'config-invalid'
  | 'offset-out-of-range'
  | 'message-corrupt'
  | 'batch-damaged'
  | 'record-invalid'
  | 'message-too-large'
  | 'codec-unsupported'
  | 'timestamp-invalid'
  | 'sequence-out-of-order'
  | 'producer-epoch-stale'
  | 'producer-unknown'
  | 'transaction-open'
  | 'partition-retired'
  | 'storage-full'
  | 'storage-failed'
  | 'closing'

/** A refusal with a message that a person can act on. */
export class EngineError extends Error {
  override name = 'EngineError'
  readonly code: EngineErrorCode
  /** The records that are to blame, where single ones are (KIP-467). */
  readonly recordFaults: readonly RecordFault[]

  constructor(code: EngineErrorCode, message: string, recordFaults: readonly RecordFault[] = []) {
    super(message)
    this.code = code
    this.recordFaults = recordFaults
  }
}

/** What the store refuses in the engine's words; anything else as it is. */
export function asEngineError(error: unknown): unknown {
  if (error instanceof PartitionGone) return new EngineError('topic-unknown', error.message)
  if (error instanceof StorageFull) return new EngineError('storage-full', `The disk is full: ${error.message}`)
  if (error instanceof StoreFailed) return new EngineError('storage-failed', error.message)
  return error
}
