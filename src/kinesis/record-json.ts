// Stored records -> the JSON of an answer, straight from their bytes: the fast sink for reads with many records, which makes no object, view or big integer of
// a record. record-sink.ts and json.ts are the obvious way; both give the same bytes.
import type { RecordCursor } from '../../protocol/records/record.ts'
import type { Loans } from '../lent-memory.ts'
import { encodeJson } from './json.ts'
import type { RecordDress, RecordSink } from './record-sink.ts'
import { sequenceDigits, toNextOffset } from './sequence-digits.ts'
import { WireTime } from './wire-time.ts'

const opening = '{"Records":['
/** A partition key is copied as it stands where it is as short as this and needs no escape; others go the obvious way. */
const plainKeyBytesMax = 256
const quote = 0x22
const backslash = 0x5c
const comma = 0x2c
const growth = 2

const afterNumber = (ms: number): Buffer => Buffer.from(`","ApproximateArrivalTimestamp":${encodeJson(new WireTime(ms))},"Data":"`)
const beforeNumber = Buffer.from('{"SequenceNumber":"')
const beforeKey = Buffer.from('","PartitionKey":')

export class JsonRecords implements RecordSink {
  count = 0
  readonly #dress: RecordDress
  readonly #ending: Buffer
  readonly #memory: Loans
  #bytes: Buffer
  #at: number
  /** What stands before a record's data: of the last record that was added. Records of one batch mostly share their time, so that the next one's differs in digits. */
  #frame: Buffer = Buffer.concat([beforeNumber, Buffer.alloc(sequenceDigits)])
  #ms = Number.NaN
  #second = Number.NaN
  #offset = Number.NaN

  /** `bytesHint`: a guess at the stored bytes that will come, and how many records: one that is right saves moving everything. `memory` is what the answer lies in. */
  constructor(dress: RecordDress, bytesHint: number, recordsHint: number, memory: Loans) {
    this.#dress = dress
    this.#memory = memory
    const { encryption } = dress
    this.#ending = Buffer.from(encryption === undefined ? '}' : `,"EncryptionType":${encodeJson(encryption)}}`)
    this.#bytes = memory.take(Math.ceil(bytesHint / 3) * 4 + recordsHint * this.#frameBytes() + opening.length)
    this.#at = this.#bytes.write(opening, 'latin1')
  }

  get made(): this {
    return this
  }

  add(record: RecordCursor): void {
    const { offset, timestampMs, keyBytes, valueBytes, valueAt } = record
    this.#frameFor(offset, timestampMs)
    this.#reserve(this.#frameBytes() + plainKeyBytesMax + Math.ceil(Math.max(valueBytes, 0) / 3) * 4)
    const bytes = this.#bytes
    let at = this.#at
    if (this.count++ > 0) bytes[at++] = comma
    bytes.set(this.#frame, at)
    at += this.#frame.length
    if (valueBytes > 0) at += bytes.write(record.bytes.toString('base64', valueAt, valueAt + valueBytes), at, 'latin1')
    const afterKey = keyBytes > 0 && keyBytes <= plainKeyBytesMax ? this.#plainKey(record, at) : -1
    if (afterKey === -1) this.#anyKey(record, at)
    else this.#at = afterKey
    this.#at = put(this.#bytes, this.#at, this.#ending)
  }

  /** The whole answer: the records, and the members that follow them. */
  finish(others: Readonly<Record<string, unknown>>): Buffer {
    const text = encodeJson(others)
    const end = text === '{}' ? ']}' : `],${text.slice(1)}`
    this.#reserve(Buffer.byteLength(end))
    const length = this.#at + this.#bytes.write(end, this.#at)
    return this.#bytes.subarray(0, length)
  }

  #frameFor(offset: number, ms: number): void {
    const { numbers } = this.#dress
    if (ms !== this.#ms) {
      const second = numbers.secondOf(ms)
      const digits = this.#frame.subarray(beforeNumber.length, beforeNumber.length + sequenceDigits)
      this.#frame = Buffer.concat([beforeNumber, digits, afterNumber(ms)])
      if (second !== this.#second) this.#offset = Number.NaN
      this.#ms = ms
      this.#second = second
    }
    if (offset === this.#offset + 1) toNextOffset(this.#frame, beforeNumber.length)
    else numbers.write(this.#frame, beforeNumber.length, offset, ms)
    this.#offset = offset
  }

  /** What a record takes at most beside its data and its key, with room for a long time. */
  #frameBytes(): number {
    return beforeNumber.length + sequenceDigits + 64 + beforeKey.length + 4 + this.#ending.length
  }

  /** Copies a key of plain ASCII; -1, with nothing lost, where it is not. */
  #plainKey({ bytes: from, keyAt, keyBytes }: RecordCursor, start: number): number {
    const bytes = this.#bytes
    let at = put(bytes, start, beforeKey)
    bytes[at++] = quote
    for (let i = keyAt, end = keyAt + keyBytes; i < end; i++) {
      const byte = from[i]!
      if (byte < 0x20 || byte > 0x7e || byte === quote || byte === backslash) return -1
      bytes[at++] = byte
    }
    bytes[at++] = quote
    return at
  }

  #anyKey(record: RecordCursor, start: number): void {
    const key = this.#dress.keyOf(record.key())
    const text = key === undefined ? '"' : `","PartitionKey":${encodeJson(key)}`
    this.#at = start
    this.#reserve(Buffer.byteLength(text) + this.#ending.length)
    this.#at += this.#bytes.write(text, this.#at)
  }

  #reserve(more: number): void {
    const wanted = this.#at + more
    if (wanted <= this.#bytes.length) return
    const larger = this.#memory.take(Math.max(wanted, this.#bytes.length * growth))
    this.#bytes.copy(larger, 0, 0, this.#at)
    this.#bytes = larger
  }
}

/** Short pieces: a loop beats a call. */
function put(into: Buffer, at: number, piece: Buffer): number {
  for (let i = 0; i < piece.length; i++) into[at + i] = piece[i]!
  return at + piece.length
}
