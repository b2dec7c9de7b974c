// The LZ4 frame format (version 1.6.3), as far as is needed to know how large a frame can become before it is decompressed. Decompressing is the library's work.

import { corrupt } from './refusal.ts'

const magic = 0x184d2204
const flagBlockChecksum = 0x10
const flagContentSize = 0x08
const flagContentChecksum = 0x04
const flagDictionary = 0x01
const uncompressedBit = 0x8000_0000

/** An upper bound of what the frame decompresses to. Exact where the rough bound of 255 to 1, or the block size, would exceed `bytesMax`. */
export function lz4BytesBound(bytes: Buffer, bytesMax: number): number {
  const rough = walkBlocks(bytes, (at, end, blockBytesMax) => Math.min(blockBytesMax, (end - at) * 255))
  return rough <= bytesMax ? rough : walkBlocks(bytes, (at, end) => lz4BlockBytes(bytes, at, end))
}

/** Adds up `size(at, end, blockBytesMax)` of the compressed blocks and the lengths of the others. Refuses what is not a frame. */
function walkBlocks(bytes: Buffer, size: (at: number, end: number, blockBytesMax: number) => number): number {
  if (bytes.length < 7 || bytes.readUInt32LE(0) !== magic) throw corrupt('The lz4 data of a record batch does not begin as an LZ4 frame')
  const flags = bytes[4]!
  // Block sizes are 64 KiB, 256 KiB, 1 MiB and 4 MiB, numbered from 4.
  const sizeId = (bytes[5]! >> 4) & 7
  if (sizeId < 4) throw corrupt(`The lz4 data of a record batch names the block size ${sizeId}; 4 to 7 exist`)
  const blockBytesMax = 1 << (8 + 2 * sizeId)
  let at = 7 + (flags & flagContentSize ? 8 : 0) + (flags & flagDictionary ? 4 : 0)
  let total = 0
  for (;;) {
    if (at + 4 > bytes.length) throw corrupt('The lz4 data of a record batch ends without an end mark')
    const word = bytes.readUInt32LE(at)
    at += 4
    if (word === 0) break
    const blockBytes = word & ~uncompressedBit
    const end = at + blockBytes
    if (end > bytes.length || blockBytes > blockBytesMax)
      throw corrupt(`An lz4 block of a record batch says that it is ${blockBytes} bytes long; ${bytes.length - at} are left`)
    total += word >= uncompressedBit ? blockBytes : size(at, end, blockBytesMax)
    at = end + (flags & flagBlockChecksum ? 4 : 0)
  }
  at += flags & flagContentChecksum ? 4 : 0
  // A second frame would be decompressed too; nobody writes one into a batch.
  if (at !== bytes.length) throw corrupt(`${bytes.length - at} bytes follow the lz4 frame of a record batch`)
  return total
}

/** What the block in bytes[at, end) decompresses to, by adding the lengths of its literals and matches. */
export function lz4BlockBytes(bytes: Uint8Array, at: number, end: number): number {
  let total = 0
  while (at < end) {
    const token = bytes[at++]!
    let literals = token >> 4
    if (literals === 15) for (let more = 255; more === 255 && at < end; literals += more) more = bytes[at++]!
    at += literals
    total += literals
    // The last sequence has no match.
    if (at >= end) break
    at += 2
    let match = (token & 15) + 4
    if (match === 19) for (let more = 255; more === 255 && at < end; match += more) more = bytes[at++]!
    total += match
  }
  return total
}

/** The same frame with its header's checksum computed as the format has it; old Kafka clients took the frame's magic into it (KAFKA-3160). */
export function repairLz4HeaderChecksum(bytes: Buffer): Buffer {
  if (bytes.length < 7) return bytes
  const flags = bytes[4]!
  const checksumAt = 6 + (flags & flagContentSize ? 8 : 0) + (flags & flagDictionary ? 4 : 0)
  if (checksumAt >= bytes.length) return bytes
  const repaired = Buffer.from(bytes)
  repaired[checksumAt] = (shortXxHash32(bytes.subarray(4, checksumAt)) >>> 8) & 0xff
  return repaired
}

/** xxHash32 with seed 0 of fewer than 16 bytes, all that a frame header can hold. */
function shortXxHash32(bytes: Uint8Array): number {
  let hash = 0x165667b1 + bytes.length
  let at = 0
  for (; at + 4 <= bytes.length; at += 4) {
    const word = bytes[at]! | (bytes[at + 1]! << 8) | (bytes[at + 2]! << 16) | (bytes[at + 3]! << 24)
    hash = Math.imul(rotate(hash + Math.imul(word, 0xc2b2ae3d), 17), 0x27d4eb2f)
  }
  for (; at < bytes.length; at++) hash = Math.imul(rotate(hash + Math.imul(bytes[at]!, 0x165667b1), 11), 0x9e3779b1)
  hash = Math.imul(hash ^ (hash >>> 15), 0x85ebca77)
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae3d)
  return (hash ^ (hash >>> 16)) >>> 0
}

const rotate = (word: number, by: number): number => (word << by) | (word >>> (32 - by))
