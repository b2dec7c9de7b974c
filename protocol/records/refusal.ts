// The one way in which this folder refuses bytes. Each reason is a Kafka error by another spelling; which code goes on the wire is the door's business.

/** Why a run of bytes was refused. Kafka's error of the same name follows from it: 'corrupt-message' is CORRUPT_MESSAGE (2), and so on. */
export type RecordsRefusalReason =
  | 'corrupt-message'
  | 'invalid-record'
  | 'invalid-timestamp'
  | 'message-too-large'
  | 'unsupported-compression-type'
  | 'unsupported-for-message-format'

/** One record that made its batch be refused, as Produce v8+ reports it: its place in the batch and what is wrong with it (KIP-467). */
export interface RecordFault {
  readonly batchIndex: number
  readonly message: string
}

/** Bytes that are not acceptable record batches. The message is meant for the person at the client; nothing of it is secret. */
export class RecordsRefused extends Error {
  override readonly name = 'RecordsRefused'
  readonly reason: RecordsRefusalReason
  /** The faulty records, where single records are to blame; at most `recordFaultsMax` of them. */
  readonly recordFaults: readonly RecordFault[]

  constructor(reason: RecordsRefusalReason, message: string, recordFaults: readonly RecordFault[] = []) {
    super(message)
    this.reason = reason
    this.recordFaults = recordFaults
  }
}

/** How many faulty records of one batch are named: enough to find the cause, bounded because a client chooses how many there are. */
export const recordFaultsMax = 100

/** Shorthand for the commonest refusal: the bytes are not what they say they are. */
export function corrupt(message: string): RecordsRefused {
  return new RecordsRefused('corrupt-message', message)
}
