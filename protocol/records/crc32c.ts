// CRC32C (Castagnoli), the checksum of record batches. The native package does the work; it is loaded with the first checksum, because start-up time counts.
// The table-driven version beside it is the obvious one: the oracle in tests, and the fallback where no native build loads.

import { createRequire } from 'node:module'

type Crc = (input: Uint8Array, seed?: number) => number

let native: Crc | undefined

/** The checksum of bytes[from, to). With the checksum of what came before as `seed`, it goes on from there. */
export function crc32c(bytes: Uint8Array, from = 0, to = bytes.length, seed = 0): number {
  native ??= loadNative()
  return native(from === 0 && to === bytes.length ? bytes : bytes.subarray(from, to), seed)
}

function loadNative(): Crc {
  try {
    return (createRequire(import.meta.url)('@node-rs/crc32') as { crc32c: Crc }).crc32c
  } catch {
    return (input, seed = 0) => crc32cByTable(input, 0, input.length, seed)
  }
}

// 0x82f63b78 is Castagnoli's polynomial with its bits reversed (RFC 3720, appendix B.4).
const table = Int32Array.from({ length: 256 }, (_, byte) => {
  let crc = byte
  for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >>> 1) ^ 0x82f63b78 : crc >>> 1
  return crc
})

/** The same, a byte at a time. */
export function crc32cByTable(bytes: Uint8Array, from = 0, to = bytes.length, seed = 0): number {
  let crc = ~seed
  for (let at = from; at < to; at++) crc = (crc >>> 8) ^ table[(crc ^ bytes[at]!) & 0xff]!
  return ~crc >>> 0
}
