// Every refusal of the engine, in AWS's words. A new engine code does not compile until it has its place here.
import { asEngineError, EngineError, type EngineErrorCode } from '../engine/errors.ts'
import { AwsError } from './aws-error.ts'

/** AWS's exception and HTTP status for each engine code. What a client cannot have caused is an InternalFailure, which SDKs retry. */
const awsErrors = {
  'topic-unknown': { type: 'ResourceNotFoundException', status: 400 },
  'topic-exists': { type: 'ResourceInUseException', status: 400 },
  'topic-name-invalid': { type: 'InvalidArgumentException', status: 400 },
  'partition-unknown': { type: 'ResourceNotFoundException', status: 400 },
  'partition-count-invalid': { type: 'LimitExceededException', status: 400 },
  'config-invalid': { type: 'InvalidArgumentException', status: 400 },
  'offset-out-of-range': { type: 'InvalidArgumentException', status: 400 },
  'message-corrupt': { type: 'InternalFailure', status: 500 },
  'batch-damaged': { type: 'InternalFailure', status: 500 },
  'record-invalid': { type: 'InvalidArgumentException', status: 400 },
  'message-too-large': { type: 'InvalidArgumentException', status: 400 },
  'codec-unsupported': { type: 'InternalFailure', status: 500 },
  'timestamp-invalid': { type: 'InvalidArgumentException', status: 400 },
  'sequence-out-of-order': { type: 'InternalFailure', status: 500 },
  'producer-epoch-stale': { type: 'InternalFailure', status: 500 },
  'producer-unknown': { type: 'InternalFailure', status: 500 },
  'transaction-open': { type: 'InternalFailure', status: 500 },
  // A shard that was resharded between routing and append: the client's retry is routed anew.
  'partition-retired': { type: 'InternalFailure', status: 500 },
  // Retriable for every SDK, as the room may come back.
  'storage-full': { type: 'InternalFailure', status: 500 },
  'storage-failed': { type: 'InternalFailure', status: 500 },
  closing: { type: 'ServiceUnavailable', status: 503 },
} as const satisfies Record<EngineErrorCode, { type: string; status: number }>

/** Whatever was thrown, as an answer. `unexpected` says that it is a fault of ours and belongs in the log. */
export function toAwsError(thrown: unknown): { error: AwsError; unexpected: boolean } {
  if (thrown instanceof AwsError) return { error: thrown, unexpected: false }
  const error = asEngineError(thrown)
  if (error instanceof EngineError) {
    const { type, status } = awsErrors[error.code]
    return { error: new AwsError(type, error.message, status), unexpected: false }
  }
  return { error: new AwsError('InternalFailure', '', 500), unexpected: true }
}
