// What the engine refuses, in Kafka's numbers. Does not compile while a code is missing.

import { errorCode } from '../../protocol/error-code.ts'
import { type RecordsRefusalReason, RecordsRefused } from '../../protocol/records/refusal.ts'
import { asEngineError, EngineError, type EngineErrorCode } from '../engine/errors.ts'
import { Refusal, type Refused } from './context.ts'

/** Kafka's code for each of the engine's. */
export const kafkaCode = {
  'topic-unknown': errorCode.UNKNOWN_TOPIC_OR_PARTITION,
  'topic-exists': errorCode.TOPIC_ALREADY_EXISTS,
  'topic-name-invalid': errorCode.INVALID_TOPIC_EXCEPTION,
  'partition-unknown': errorCode.UNKNOWN_TOPIC_OR_PARTITION,
  'partition-count-invalid': errorCode.INVALID_PARTITIONS,
  'config-invalid': errorCode.INVALID_CONFIG,
  'offset-out-of-range': errorCode.OFFSET_OUT_OF_RANGE,
  'message-corrupt': errorCode.CORRUPT_MESSAGE,
  'batch-damaged': errorCode.CORRUPT_MESSAGE,
  'record-invalid': errorCode.INVALID_RECORD,
  'message-too-large': errorCode.MESSAGE_TOO_LARGE,
  'codec-unsupported': errorCode.UNSUPPORTED_COMPRESSION_TYPE,
  'timestamp-invalid': errorCode.INVALID_TIMESTAMP,
  'sequence-out-of-order': errorCode.OUT_OF_ORDER_SEQUENCE_NUMBER,
  'producer-epoch-stale': errorCode.INVALID_PRODUCER_EPOCH,
  'producer-unknown': errorCode.UNKNOWN_PRODUCER_ID,
  'transaction-open': errorCode.INVALID_TXN_STATE,
  // Not retriable, unlike what says that a partition is somewhere else: this one takes no records any more, from anybody.
  'partition-retired': errorCode.POLICY_VIOLATION,
  // Both retriable: there may be room again, and after a restart the disk may work again.
  'storage-full': errorCode.KAFKA_STORAGE_ERROR,
  'storage-failed': errorCode.KAFKA_STORAGE_ERROR,
  // Clients ask for metadata and come back, as when Kafka moves its leaders away before it stops.
  closing: errorCode.NOT_LEADER_OR_FOLLOWER,
} satisfies Record<EngineErrorCode, number>

const recordsCode = {
  'corrupt-message': errorCode.CORRUPT_MESSAGE,
  'invalid-record': errorCode.INVALID_RECORD,
  'invalid-timestamp': errorCode.INVALID_TIMESTAMP,
  'message-too-large': errorCode.MESSAGE_TOO_LARGE,
  'unsupported-compression-type': errorCode.UNSUPPORTED_COMPRESSION_TYPE,
  'unsupported-for-message-format': errorCode.UNSUPPORTED_FOR_MESSAGE_FORMAT,
} satisfies Record<RecordsRefusalReason, number>

/** What a client is told of an error; null for one that nobody foresaw. */
export function refusedBy(thrown: unknown): Refused | null {
  // Whatever a request wanted to write, the store may have had no room for it.
  const error = asEngineError(thrown)
  if (error instanceof Refusal) return { errorCode: error.errorCode, errorMessage: error.message === '' ? null : error.message }
  if (error instanceof EngineError) return { errorCode: kafkaCode[error.code], errorMessage: error.message }
  if (error instanceof RecordsRefused) return { errorCode: recordsCode[error.reason], errorMessage: error.message }
  return null
}
