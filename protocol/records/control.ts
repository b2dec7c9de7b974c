// Control records: the markers by which a transaction's end stands in each partition that it wrote to (KIP-98). A control batch holds one record, whose key says
// what it is and whose value says which coordinator wrote it. Whether a marker is due is the transaction coordinator's business.

import { isControl } from './batch.ts'
import { BatchBuilder } from './builder.ts'
import { RecordCursor } from './record.ts'

/** Key types as they stand in the log. Types from 2 on belong to Kafka's own metadata log. */
const controlAbort = 0
const controlCommit = 1

/** A transaction's end in one partition. */
export interface EndMarker {
  readonly committed: boolean
  readonly producerId: number
  readonly producerEpoch: number
  readonly coordinatorEpoch: number
  readonly timestampMs: number
}

/** A whole batch with the marker; its offset is assigned like any other's. */
export function buildEndMarker(marker: EndMarker): Buffer {
  const { producerId, producerEpoch, coordinatorEpoch, committed, timestampMs } = marker
  const key = Buffer.alloc(4)
  key.writeInt16BE(committed ? controlCommit : controlAbort, 2)
  const value = Buffer.alloc(6)
  value.writeInt32BE(coordinatorEpoch, 2)
  const builder = new BatchBuilder({ producerId, producerEpoch, transactional: true, control: true, bytesHint: 128 })
  builder.append(timestampMs, key, value)
  return builder.build()
}

/** What a control batch says. `committed` is null for a type that this broker does not know, which a reader passes over. */
export interface ControlRecord {
  readonly type: number
  readonly version: number
  readonly committed: boolean | null
  readonly coordinatorEpoch: number
}

/** Reads the control batch at `at`; undefined if it is not one, or compaction has emptied it. */
export function readControl(bytes: Buffer, at = 0): ControlRecord | undefined {
  if (!isControl(bytes, at)) return undefined
  const cursor = new RecordCursor().open(bytes, at)
  const key = cursor.next() ? cursor.key() : null
  if (key === null || key.length < 4) return undefined
  const type = key.readInt16BE(2)
  const value = cursor.value()
  return {
    type,
    version: key.readInt16BE(0),
    committed: type === controlCommit ? true : type === controlAbort ? false : null,
    coordinatorEpoch: value !== null && value.length >= 6 ? value.readInt32BE(2) : -1,
  }
}
