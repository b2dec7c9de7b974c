// A cursor over received bytes: every primitive of Kafka's protocol, checked against the end before it is read.
// Views borrow the frame's memory. Does not know messages; compile.ts and interpret.ts do.

/** Bytes that do not say what they should: too few of them, a negative length, an impossible count. */
export class DecodeError extends Error {
  override name = 'DecodeError'
}

const two32 = 0x1_0000_0000

/** The largest int64, as near as a number comes to it. */
export const int64Max = 2 ** 63

/** The uuid of "none", as text. */
export const zeroUuid = 'AAAAAAAAAAAAAAAAAAAAAA'

/** Array elements in one message, in all its arrays. Each becomes an object many times its bytes, so the frame's limit alone would not bound memory. */
export const elementsMax = 500_000

export class Reader {
  readonly bytes: Buffer
  at: number
  readonly end: number
  #elements = 0

  constructor(bytes: Buffer, at = 0, end = bytes.length) {
    this.bytes = bytes
    this.at = at
    this.end = end
  }

  get left(): number {
    return this.end - this.at
  }

  /** Moves over `count` bytes and answers where they begin. */
  take(count: number): number {
    const from = this.at
    if (count < 0 || from + count > this.end) {
      throw new DecodeError(count < 0 ? `a length of ${count}` : `${count} bytes wanted at position ${from}, ${this.end - from} left`)
    }
    this.at = from + count
    return from
  }

  int8(): number {
    return this.bytes.readInt8(this.take(1))
  }

  int16(): number {
    return this.bytes.readInt16BE(this.take(2))
  }

  uint16(): number {
    return this.bytes.readUInt16BE(this.take(2))
  }

  int32(): number {
    return this.bytes.readInt32BE(this.take(4))
  }

  uint32(): number {
    return this.bytes.readUInt32BE(this.take(4))
  }

  /** Exact within ±2^53; beyond it the lowest bits are lost. */
  int64(): number {
    const from = this.take(8)
    return this.bytes.readInt32BE(from) * two32 + this.bytes.readUInt32BE(from + 4)
  }

  float64(): number {
    return this.bytes.readDoubleBE(this.take(8))
  }

  bool(): boolean {
    return this.bytes[this.take(1)] !== 0
  }

  /** URL-safe base64, as Kafka prints it. */
  uuid(): string {
    const from = this.take(16)
    return this.bytes.toString('base64url', from, from + 16)
  }

  unsignedVarint(): number {
    let value = 0
    for (let shift = 0; shift < 35; shift += 7) {
      const byte = this.bytes[this.take(1)]!
      // Not with bit operators: the fifth byte would overflow into the sign.
      value += (byte & 0x7f) * 2 ** shift
      if (byte < 0x80) return value
    }
    throw new DecodeError('a varint of more than five bytes')
  }

  /** Zigzag. */
  varint(): number {
    const value = this.unsignedVarint()
    return value % 2 === 0 ? value / 2 : -(value + 1) / 2
  }

  #text(length: number): string {
    const from = this.take(length)
    return this.bytes.toString('utf8', from, from + length)
  }

  string(): string {
    return this.#text(this.int16())
  }

  nullableString(): string | null {
    const length = this.int16()
    return length === -1 ? null : this.#text(length)
  }

  compactString(): string {
    return this.#text(this.unsignedVarint() - 1)
  }

  compactNullableString(): string | null {
    const length = this.unsignedVarint() - 1
    return length === -1 ? null : this.#text(length)
  }

  #view(length: number): Buffer {
    const from = this.take(length)
    return this.bytes.subarray(from, from + length)
  }

  bytesView(): Buffer {
    return this.#view(this.int32())
  }

  nullableBytesView(): Buffer | null {
    const length = this.int32()
    return length === -1 ? null : this.#view(length)
  }

  compactBytesView(): Buffer {
    return this.#view(this.unsignedVarint() - 1)
  }

  compactNullableBytesView(): Buffer | null {
    const length = this.unsignedVarint() - 1
    return length === -1 ? null : this.#view(length)
  }

  /** The count of an array, -1 for null. No element takes less than `bytesMin`, so that a lie is found before memory is taken; `elementsMax` bounds what is true. */
  count(compact: boolean, bytesMin: number): number {
    const count = compact ? this.unsignedVarint() - 1 : this.int32()
    if (count < -1 || count * bytesMin > this.left) throw new DecodeError(`an array of ${count} elements in ${this.left} bytes`)
    if (count > 0 && (this.#elements += count) > elementsMax) throw new DecodeError(`more than ${elementsMax} array elements in one message`)
    return count
  }

  /** Steps over tagged fields that nobody asked for. */
  skipTags(): void {
    for (let left = this.unsignedVarint(); left > 0; left--) {
      this.unsignedVarint()
      this.take(this.unsignedVarint())
    }
  }
}
