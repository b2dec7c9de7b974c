// CBOR as AWS speaks it (application/x-amz-cbor-1.1): blobs are byte strings, times are tag 1 over whole milliseconds (not seconds, as
// RFC 8949 has it), lengths may be left open. Our own, because it reads strangers' bytes: general libraries take extensions that
// build code or shared structures out of input, and their limits are process-wide. Every read is bounded by the body and by depthMax.
import { WireTime } from './wire-time.ts'

/** AWS's deepest input has four levels. */
const depthMax = 32
const indefinite = 31
const breakByte = 0xff
const two32 = 2 ** 32

/** The bytes are not CBOR, or not what AWS's clients write. */
export class CborInvalid extends Error {
  override name = 'CborInvalid'
}

/** Reads one value that fills the bytes, with at most so many values in it. Byte strings are views of them; maps become objects without a prototype. */
export function decodeCbor(bytes: Buffer, valuesMax = Number.POSITIVE_INFINITY): unknown {
  const reader = new Reader(bytes, valuesMax)
  const value = reader.value(0)
  if (reader.at !== bytes.length) throw new CborInvalid('bytes follow the value')
  return value
}

class Reader {
  at = 0
  readonly #bytes: Buffer

  #valuesLeft: number

  constructor(bytes: Buffer, valuesMax: number) {
    this.#bytes = bytes
    this.#valuesLeft = valuesMax
  }

  value(depth: number): unknown {
    if (depth > depthMax) throw new CborInvalid('nested too deep')
    if (--this.#valuesLeft < 0) throw new CborInvalid('too many values')
    const head = this.#take(1)[0]!
    const major = head >> 5
    const info = head & 31
    switch (major) {
      case 0:
        return this.#count(info)
      case 1:
        return -1 - this.#count(info)
      case 2:
        return info === indefinite ? Buffer.concat(this.#pieces(2)) : this.#take(this.#count(info))
      case 3:
        return (info === indefinite ? Buffer.concat(this.#pieces(3)) : this.#take(this.#count(info))).toString('utf8')
      case 4:
        return this.#list(info, depth)
      case 5:
        return this.#map(info, depth)
      case 6: {
        const tag = this.#count(info)
        const value = this.value(depth + 1)
        return tag === 1 && typeof value === 'number' ? new WireTime(Math.round(value)) : value
      }
      default:
        return this.#simple(info)
    }
  }

  #list(info: number, depth: number): unknown[] {
    const items: unknown[] = []
    // The announced length takes no memory: items are added as they are read.
    for (let left = info === indefinite ? Number.POSITIVE_INFINITY : this.#count(info); left > 0 && !this.#ends(info); left--) {
      items.push(this.value(depth + 1))
    }
    return items
  }

  #map(info: number, depth: number): Record<string, unknown> {
    const members = Object.create(null) as Record<string, unknown>
    for (let left = info === indefinite ? Number.POSITIVE_INFINITY : this.#count(info); left > 0 && !this.#ends(info); left--) {
      const key = this.value(depth + 1)
      if (typeof key !== 'string') throw new CborInvalid('a member has no name')
      members[key] = this.value(depth + 1)
    }
    return members
  }

  /** The chunks of a string whose length was left open. */
  #pieces(major: number): Buffer[] {
    const pieces: Buffer[] = []
    while (!this.#ends(indefinite)) {
      const head = this.#take(1)[0]!
      if (head >> 5 !== major || (head & 31) === indefinite) throw new CborInvalid('a string has a foreign chunk')
      pieces.push(this.#take(this.#count(head & 31)))
    }
    return pieces
  }

  #simple(info: number): unknown {
    switch (info) {
      case 20:
        return false
      case 21:
        return true
      case 22:
      case 23:
        return null
      case 25:
        return halfFloat(this.#take(2).readUInt16BE(0))
      case 26:
        return this.#take(4).readFloatBE(0)
      case 27:
        return this.#take(8).readDoubleBE(0)
      default:
        throw new CborInvalid(`simple value ${info}`)
    }
  }

  #count(info: number): number {
    if (info < 24) return info
    if (info === 24) return this.#take(1)[0]!
    if (info === 25) return this.#take(2).readUInt16BE(0)
    if (info === 26) return this.#take(4).readUInt32BE(0)
    if (info !== 27) throw new CborInvalid(`length ${info}`)
    const bytes = this.#take(8)
    return bytes.readUInt32BE(0) * two32 + bytes.readUInt32BE(4)
  }

  /** Whether an open length ends here. */
  #ends(info: number): boolean {
    if (info !== indefinite) return false
    if (this.#bytes[this.at] !== breakByte) return false
    this.at++
    return true
  }

  #take(count: number): Buffer {
    if (count > this.#bytes.length - this.at) throw new CborInvalid('cut off')
    this.at += count
    return this.#bytes.subarray(this.at - count, this.at)
  }
}

function halfFloat(bits: number): number {
  const sign = bits & 0x8000 ? -1 : 1
  const exponent = (bits >> 10) & 31
  const fraction = bits & 1023
  if (exponent === 31) return fraction ? Number.NaN : sign * Number.POSITIVE_INFINITY
  return sign * (exponent === 0 ? fraction * 2 ** -24 : (fraction + 1024) * 2 ** (exponent - 25))
}

/** Writes an output: measured first, then written once. Undefined members are left out. */
export function encodeCbor(value: unknown): Buffer {
  const bytes = Buffer.allocUnsafe(measure(value))
  write(bytes, value, 0)
  return bytes
}

function measure(value: unknown): number {
  switch (typeof value) {
    case 'string': {
      const length = Buffer.byteLength(value)
      return headBytes(length) + length
    }
    case 'number':
      return Number.isSafeInteger(value) ? headBytes(value < 0 ? -1 - value : value) : 9
    case 'boolean':
      return 1
    case 'object': {
      if (value === null) return 1
      if (Buffer.isBuffer(value)) return headBytes(value.length) + value.length
      if (value instanceof WireTime) return 1 + measure(value.ms)
      if (Array.isArray(value)) return value.reduce((sum: number, item) => sum + measure(item), headBytes(value.length))
      const members = present(value)
      return members.reduce((sum, [name, member]) => sum + measure(name) + measure(member), headBytes(members.length))
    }
    default:
      throw new Error(`a ${typeof value} has no CBOR form`)
  }
}

const present = (value: object): [string, unknown][] => Object.entries(value).filter(([, member]) => member !== undefined)

/** Answers the position after what was written. */
function write(bytes: Buffer, value: unknown, at: number): number {
  switch (typeof value) {
    case 'string': {
      at = writeHead(bytes, 3, Buffer.byteLength(value), at)
      return at + bytes.write(value, at)
    }
    case 'number':
      if (Number.isSafeInteger(value)) return value < 0 ? writeHead(bytes, 1, -1 - value, at) : writeHead(bytes, 0, value, at)
      bytes[at] = 0xfb
      return bytes.writeDoubleBE(value, at + 1)
    case 'boolean':
      bytes[at] = value ? 0xf5 : 0xf4
      return at + 1
    default:
      return writeObject(bytes, value as object | null, at)
  }
}

function writeObject(bytes: Buffer, value: object | null, at: number): number {
  if (value === null) {
    bytes[at] = 0xf6
    return at + 1
  }
  if (Buffer.isBuffer(value)) {
    at = writeHead(bytes, 2, value.length, at)
    return at + value.copy(bytes, at)
  }
  if (value instanceof WireTime) {
    bytes[at] = 0xc1
    return write(bytes, value.ms, at + 1)
  }
  if (Array.isArray(value)) {
    at = writeHead(bytes, 4, value.length, at)
    for (const item of value) at = write(bytes, item, at)
    return at
  }
  const members = present(value)
  at = writeHead(bytes, 5, members.length, at)
  for (const [name, member] of members) at = write(bytes, member, write(bytes, name, at))
  return at
}

const headBytes = (count: number): number => (count < 24 ? 1 : count < 0x100 ? 2 : count < 0x10000 ? 3 : count < two32 ? 5 : 9)

function writeHead(bytes: Buffer, major: number, count: number, at: number): number {
  const top = major << 5
  if (count < 24) {
    bytes[at] = top | count
    return at + 1
  }
  if (count < 0x100) {
    bytes[at] = top | 24
    bytes[at + 1] = count
    return at + 2
  }
  if (count < 0x10000) {
    bytes[at] = top | 25
    return bytes.writeUInt16BE(count, at + 1)
  }
  if (count < two32) {
    bytes[at] = top | 26
    return bytes.writeUInt32BE(count, at + 1)
  }
  bytes[at] = top | 27
  bytes.writeUInt32BE(Math.floor(count / two32), at + 1)
  return bytes.writeUInt32BE(count % two32, at + 5)
}
