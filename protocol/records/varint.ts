// Zig-zag varints as records use them, without allocation: a read leaves the position after it in `varintEnd`, which is all the state there is, and is
// overwritten by the next read. The caller bounds the read; nothing past `end` is looked at.

import { RecordsRefused } from './refusal.ts'

/** The position after the varint that was read last. */
export let varintEnd = 0

const two27 = 2 ** 27

/** An int32. Refuses more than five bytes and a varint that `end` cuts off. */
export function readVarint(bytes: Uint8Array, at: number, end: number): number {
  let raw = 0
  for (let shift = 0; at < end; shift += 7) {
    const byte = bytes[at++]!
    raw |= (byte & 0x7f) << shift
    if (byte < 0x80) {
      varintEnd = at
      return (raw >>> 1) ^ -(raw & 1)
    }
    if (shift === 28) throw tooLong('5')
  }
  throw cutOff()
}

/** An int64 as a number, exact within ±2^53. Refuses more than ten bytes and a varint that `end` cuts off. */
export function readVarlong(bytes: Uint8Array, at: number, end: number): number {
  let raw = 0
  for (let shift = 0; shift < 28; shift += 7) {
    if (at >= end) throw cutOff()
    const byte = bytes[at++]!
    raw |= (byte & 0x7f) << shift
    if (byte < 0x80) {
      varintEnd = at
      return (raw >>> 1) ^ -(raw & 1)
    }
  }
  // 28 bits no longer hold it: go on in doubles, without the sign in the lowest bit, so that 53 bits are exact.
  let half = raw >>> 1
  for (let scale = two27, count = 5; ; scale *= 128, count++) {
    if (at >= end) throw cutOff()
    const byte = bytes[at++]!
    half += (byte & 0x7f) * scale
    if (byte < 0x80) break
    if (count === 10) throw tooLong('10')
  }
  varintEnd = at
  return raw & 1 ? -half - 1 : half
}

/** Writes an int32; returns the position after it. At most five bytes. */
export function writeVarint(bytes: Uint8Array, value: number, at: number): number {
  let raw = (value << 1) ^ (value >> 31)
  while ((raw & ~0x7f) !== 0) {
    bytes[at++] = (raw & 0x7f) | 0x80
    raw >>>= 7
  }
  bytes[at++] = raw
  return at
}

/** Writes a safe integer as an int64; returns the position after it. At most ten bytes. */
export function writeVarlong(bytes: Uint8Array, value: number, at: number): number {
  if (value >= -0x4000_0000 && value < 0x4000_0000) return writeVarint(bytes, value, at)
  let raw = value < 0 ? -value * 2 - 1 : value * 2
  // Zig-zag takes a 54th bit, which a double does not have.
  if (raw > Number.MAX_SAFE_INTEGER) return writeBigVarlong(bytes, value, at)
  while (raw >= 128) {
    bytes[at++] = (raw % 128) | 0x80
    raw = Math.floor(raw / 128)
  }
  bytes[at++] = raw
  return at
}

/** How many bytes `writeVarint` takes. */
export function varintBytes(value: number): number {
  const raw = ((value << 1) ^ (value >> 31)) >>> 0
  return raw < 0x80 ? 1 : raw < 0x4000 ? 2 : raw < 0x20_0000 ? 3 : raw < 0x1000_0000 ? 4 : 5
}

/** How many bytes `writeVarlong` takes. */
export function varlongBytes(value: number): number {
  let raw = value < 0 ? -(value + 1) * 2 + 1 : value * 2
  let count = 1
  while (raw >= 128) {
    raw = Math.floor(raw / 128)
    count++
  }
  return count
}

function writeBigVarlong(bytes: Uint8Array, value: number, at: number): number {
  let raw = BigInt.asUintN(64, (BigInt(value) << 1n) ^ (BigInt(value) >> 63n))
  while (raw >= 128n) {
    bytes[at++] = Number(raw & 0x7fn) | 0x80
    raw >>= 7n
  }
  bytes[at++] = Number(raw)
  return at
}

const tooLong = (limit: string): RecordsRefused =>
  new RecordsRefused('invalid-record', `A record holds a variable-length integer of more than ${limit} bytes`)
const cutOff = (): RecordsRefused => new RecordsRefused('invalid-record', 'A record ends in the middle of a variable-length integer')
