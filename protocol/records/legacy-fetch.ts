// Batches of format 2 for consumers from before Kafka 0.11 (Fetch v0-v3): down-converted to messages of format 0 or 1, one for each record. Headers and producer
// fields have no place there and are lost; control batches are left out. Apache Kafka 4 no longer does this; 3.9 did, and kept the codec, where this writes plain
// messages: any client reads them, and a batch in zstd, which those clients never knew, reaches them too.

import { attributeLogAppendTime, isControl, isLogAppendTime, writeInt64 } from './batch.ts'
import { decompressedBytesMaxDefault } from './compression.ts'
import { crc32 } from './crc32c.ts'
import { messageOverheadBytes } from './legacy.ts'
import { RecordCursor } from './record.ts'
import { nextBatch } from './run.ts'

/** What down-conversion takes, besides the run of batches. */
export interface DownConversionRules {
  /** Format 0 has no timestamps. Fetch v0 and v1 want 0, v2 and v3 want 1. */
  readonly magic: 0 | 1
  /** Records before it are left out: an old consumer is not prepared for them outside a compressed set. */
  readonly fromOffset?: number
  readonly decompressedBytesMax?: number
}

/** The run as a set of messages. Empty if it holds nothing but control batches: the caller then goes on with what follows in the log. */
export function downConvert(bytes: Buffer, rules: DownConversionRules): Buffer {
  const { magic, fromOffset = 0 } = rules
  const cursor = new RecordCursor()
  let out = Buffer.allocUnsafeSlow(bytes.length + 1024)
  let filled = 0
  for (let at = 0, next: number; (next = nextBatch(bytes, at)) !== -1; at = next) {
    if (isControl(bytes, at)) continue
    const attributes = magic === 1 && isLogAppendTime(bytes, at) ? attributeLogAppendTime : 0
    cursor.open(bytes, at, rules.decompressedBytesMax ?? decompressedBytesMaxDefault)
    while (cursor.next()) {
      if (cursor.offset < fromOffset) continue
      const needed = filled + messageBytes(cursor, magic)
      if (needed > out.length) {
        const grown = Buffer.allocUnsafeSlow(Math.max(needed, out.length * 2))
        out.copy(grown, 0, 0, filled)
        out = grown
      }
      writeMessage(out, filled, needed, cursor, magic, attributes)
      filled = needed
    }
  }
  return out.subarray(0, filled)
}

const messageBytes = (cursor: RecordCursor, magic: 0 | 1): number =>
  messageOverheadBytes + (magic === 0 ? 14 : 22) + Math.max(cursor.keyBytes, 0) + Math.max(cursor.valueBytes, 0)

function writeMessage(out: Buffer, at: number, end: number, cursor: RecordCursor, magic: 0 | 1, attributes: number): void {
  writeInt64(out, cursor.offset, at)
  out.writeInt32BE(end - at - messageOverheadBytes, at + 8)
  out[at + 16] = magic
  out[at + 17] = attributes
  let cursorAt = at + 18
  if (magic === 1) {
    writeInt64(out, cursor.timestampMs, cursorAt)
    cursorAt += 8
  }
  cursorAt = writeField(out, cursorAt, cursor.bytes, cursor.keyAt, cursor.keyBytes)
  writeField(out, cursorAt, cursor.bytes, cursor.valueAt, cursor.valueBytes)
  out.writeUInt32BE(crc32(out, at + 16, end), at + 12)
}

function writeField(out: Buffer, at: number, source: Buffer, from: number, length: number): number {
  out.writeInt32BE(length, at)
  return at + 4 + (length < 0 ? 0 : source.copy(out, at + 4, from, from + length))
}
