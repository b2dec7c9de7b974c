// CRC32C (Castagnoli), the checksum of record batches, and the CRC32 of older formats. The native package does the work; it is loaded with the first checksum, because start-up time counts.
// The table-driven version beside it is the obvious one: the oracle in tests, and the fallback where no native build loads.

import { createRequire } from 'node:module'

interface Crcs {
  crc32c(input: Uint8Array, seed: number): number
  crc32(input: Uint8Array, seed: number): number
}

let loaded: Crcs | undefined

function load(): Crcs {
  try {
    return createRequire(import.meta.url)('@node-rs/crc32') as Crcs
  } catch {
    return { crc32c: crc32cByTable, crc32: crc32ByTable }
  }
}

/** The checksum of bytes[from, to). With the checksum of what came before as `seed`, it goes on from there. */
export function crc32c(bytes: Uint8Array, from = 0, to = bytes.length, seed = 0): number {
  loaded ??= load()
  return loaded.crc32c(from === 0 && to === bytes.length ? bytes : bytes.subarray(from, to), seed)
}

/** The older checksum (IEEE), which message formats 0 and 1 carry. */
export function crc32(bytes: Uint8Array, from = 0, to = bytes.length): number {
  loaded ??= load()
  return loaded.crc32(bytes.subarray(from, to), 0)
}

// Polynomials with their bits reversed: Castagnoli's (RFC 3720, appendix B.4) and that of Ethernet and zip.
const castagnoli = 0x82f63b78
const ieee = 0xedb88320

const tableOf = (polynomial: number): Int32Array =>
  Int32Array.from({ length: 256 }, (_, byte) => {
    let crc = byte
    for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >>> 1) ^ polynomial : crc >>> 1
    return crc
  })
const tables = new Map<number, Int32Array>()

function byTable(polynomial: number, bytes: Uint8Array, seed: number): number {
  const table = tables.get(polynomial) ?? tableOf(polynomial)
  tables.set(polynomial, table)
  let crc = ~seed
  for (let at = 0; at < bytes.length; at++) crc = (crc >>> 8) ^ table[(crc ^ bytes[at]!) & 0xff]!
  return ~crc >>> 0
}

/** CRC32C a byte at a time: the oracle. */
export const crc32cByTable = (bytes: Uint8Array, seed = 0): number => byTable(castagnoli, bytes, seed)
/** CRC32 a byte at a time. */
export const crc32ByTable = (bytes: Uint8Array, seed = 0): number => byTable(ieee, bytes, seed)
