// The reverse of reader.ts: a growing buffer, and big byte fields kept as parts of their own so that they are never copied.
import { int64Max } from './reader.ts'

/** Byte fields from this size on stay separate parts; smaller ones are cheaper to copy than to send apart. */
const partBytesMin = 1024
const firstBytes = 256

/** What a byte field may be: one view, or several that count as one. */
export type Bytes = Buffer | readonly Buffer[]

/** An array whose elements are bytes already: see items.ts. `element` is never present, it carries their type. */
export interface EncodedItems<Element> {
  readonly element?: Element
  readonly length: number
  encoded(): readonly Buffer[]
}

export class Writer {
  #bytes: Buffer
  #at = 0
  /** Where the bytes of the current buffer begin that are not in `#parts` yet. */
  #from = 0
  #parts: Buffer[] = []
  #partsLength = 0

  constructor(sizeHint = firstBytes) {
    this.#bytes = Buffer.allocUnsafe(sizeHint)
  }

  /** Bytes written so far. */
  get length(): number {
    return this.#partsLength + this.#at - this.#from
  }

  #room(count: number): number {
    const at = this.#at
    if (at + count > this.#bytes.length) return this.#grow(count)
    this.#at = at + count
    return at
  }

  #grow(count: number): number {
    // What is there moves to `#parts` where it is much; otherwise it is copied into a larger buffer.
    const held = this.#at - this.#from
    const larger = Buffer.allocUnsafe(Math.max(held + count, 2 * this.#bytes.length))
    this.#bytes.copy(larger, 0, this.#from, this.#at)
    this.#bytes = larger
    this.#from = 0
    this.#at = held + count
    return held
  }

  int8(value: number): void {
    const at = this.#room(1)
    this.#bytes.writeInt8(value, at)
  }

  int16(value: number): void {
    const at = this.#room(2)
    this.#bytes.writeInt16BE(value, at)
  }

  uint16(value: number): void {
    const at = this.#room(2)
    this.#bytes.writeUInt16BE(value, at)
  }

  int32(value: number): void {
    const at = this.#room(4)
    this.#bytes.writeInt32BE(value, at)
  }

  uint32(value: number): void {
    const at = this.#room(4)
    this.#bytes.writeUInt32BE(value, at)
  }

  int64(value: number): void {
    const at = this.#room(8)
    if (value >= int64Max) {
      this.#bytes.fill(0xff, at, at + 8)
      this.#bytes[at] = 0x7f
      return
    }
    const high = Math.floor(value / 0x1_0000_0000)
    this.#bytes.writeInt32BE(high, at)
    this.#bytes.writeUInt32BE(value - high * 0x1_0000_0000, at + 4)
  }

  float64(value: number): void {
    const at = this.#room(8)
    this.#bytes.writeDoubleBE(value, at)
  }

  bool(value: boolean): void {
    const at = this.#room(1)
    this.#bytes[at] = value ? 1 : 0
  }

  uuid(value: string): void {
    const at = this.#room(16)
    if (this.#bytes.write(value, at, 16, 'base64url') !== 16) throw new RangeError(`not a uuid: ${value}`)
  }

  unsignedVarint(value: number): void {
    while (value >= 0x80) {
      const at = this.#room(1)
      this.#bytes[at] = (value % 0x80) + 0x80
      value = Math.floor(value / 0x80)
    }
    const at = this.#room(1)
    this.#bytes[at] = value
  }

  varint(value: number): void {
    this.unsignedVarint(value >= 0 ? value * 2 : -value * 2 - 1)
  }

  string(value: string): void {
    const length = Buffer.byteLength(value)
    if (length > 0x7fff) throw new RangeError(`a string of ${length} bytes does not fit in 16 bits`)
    this.int16(length)
    this.#text(value, length)
  }

  nullableString(value: string | null): void {
    if (value === null) this.int16(-1)
    else this.string(value)
  }

  compactString(value: string): void {
    const length = Buffer.byteLength(value)
    this.unsignedVarint(length + 1)
    this.#text(value, length)
  }

  compactNullableString(value: string | null): void {
    if (value === null) this.unsignedVarint(0)
    else this.compactString(value)
  }

  #text(value: string, length: number): void {
    const at = this.#room(length)
    this.#bytes.write(value, at, length, 'utf8')
  }

  byteString(value: Bytes): void {
    this.int32(lengthOf(value))
    this.raw(value)
  }

  nullableBytes(value: Bytes | null): void {
    if (value === null) this.int32(-1)
    else this.byteString(value)
  }

  compactBytes(value: Bytes): void {
    this.unsignedVarint(lengthOf(value) + 1)
    this.raw(value)
  }

  compactNullableBytes(value: Bytes | null): void {
    if (value === null) this.unsignedVarint(0)
    else this.compactBytes(value)
  }

  /** Bytes as they are, without a length. Large ones are not copied and must not change until they are sent. */
  raw(value: Bytes): void {
    if (!Buffer.isBuffer(value)) {
      for (const part of value) this.raw(part)
      return
    }
    if (value.length < partBytesMin) {
      const at = this.#room(value.length)
      value.copy(this.#bytes, at)
      return
    }
    this.#seal()
    this.#parts.push(value)
    this.#partsLength += value.length
  }

  #seal(): void {
    if (this.#at === this.#from) return
    this.#parts.push(this.#bytes.subarray(this.#from, this.#at))
    this.#partsLength += this.#at - this.#from
    this.#from = this.#at
  }

  count(count: number, compact: boolean): void {
    if (compact) this.unsignedVarint(count + 1)
    else this.int32(count)
  }

  /** Everything written, in order. The writer is done with. */
  parts(): Buffer[] {
    this.#seal()
    return this.#parts
  }

  /** The same in one piece. */
  toBuffer(): Buffer {
    const parts = this.parts()
    return parts.length === 1 ? parts[0]! : Buffer.concat(parts)
  }
}

function lengthOf(value: Bytes): number {
  if (Buffer.isBuffer(value)) return value.length
  let length = 0
  for (const part of value) length += part.length
  return length
}
