// The LZ4 frame format (version 1.6.3) as Kafka's clients use it: packing, unpacking, and how large a frame can become before anything is decompressed.
// Blocks are (de)compressed by the library that compression.ts hands in. Frames are taken apart here because the library's own frame decoder is five times slower;
// it still does the rare kinds: blocks that depend on each other, and checksums of content.

import { corrupt, RecordsRefused } from './refusal.ts'

/** What is used of the lz4 package. Its block functions put the plain size (uint32 LE) in front of the block. */
export interface Lz4Blocks {
  compressSync(bytes: Buffer): Buffer
  uncompressSync(bytes: Buffer): Buffer
  decompressFrameSync(bytes: Buffer): Buffer
}

const magic = 0x184d2204
const flagIndependent = 0x20
const flagBlockChecksum = 0x10
const flagContentSize = 0x08
const flagContentChecksum = 0x04
const flagDictionary = 0x01
const uncompressedBit = 0x8000_0000

/** Version 1, independent blocks (Java reads no others), 64 KiB each as Java writes them; the last byte is the header's checksum. */
const header = Buffer.from('04224d18604082', 'hex')
const packedBlockBytes = 64 * 1024
const endMark = Buffer.alloc(4)

/** Compresses into one frame. */
export function packLz4(bytes: Buffer, lz4: Lz4Blocks): Buffer {
  const parts: Buffer[] = [header]
  for (let at = 0; at < bytes.length; at += packedBlockBytes) {
    const plain = bytes.subarray(at, Math.min(at + packedBlockBytes, bytes.length))
    const sized = lz4.compressSync(plain)
    const stored = sized.length - 4 >= plain.length
    const word = Buffer.allocUnsafe(4)
    word.writeUInt32LE(stored ? (plain.length | uncompressedBit) >>> 0 : sized.length - 4, 0)
    parts.push(word, stored ? plain : sized.subarray(4))
  }
  parts.push(endMark)
  return Buffer.concat(parts)
}

/** Decompresses a frame. What would exceed `bytesMax` is refused before its memory is taken. */
export function unpackLz4(bytes: Buffer, bytesMax: number, lz4: Lz4Blocks): Buffer {
  if (lz4BytesBound(bytes, bytesMax) > bytesMax)
    throw new RecordsRefused('message-too-large', `The lz4 data of a record batch holds more than ${bytesMax} bytes`)
  const flags = bytes[4]!
  if ((flags & flagIndependent) === 0 || (flags & (flagBlockChecksum | flagContentChecksum | flagDictionary)) !== 0)
    return lz4.decompressFrameSync(bytes)
  const checksumAt = headerChecksumAt(bytes)
  if (bytes[checksumAt] !== headerChecksum(bytes, checksumAt)) throw corrupt('The header of an lz4 frame in a record batch has a wrong checksum')
  const parts: Buffer[] = []
  let total = 0
  walkBlocks(bytes, (at, end, blockBytesMax, stored) => {
    const plain = stored ? bytes.subarray(at, end) : unpackBlock(bytes, at, end, blockBytesMax, lz4)
    parts.push(plain)
    total += plain.length
    return 0
  })
  // The content size, where it is given, is the frame's own word on what must come out.
  if (flags & flagContentSize && bytes.readUInt32LE(6) + bytes.readUInt32LE(10) * 0x1_0000_0000 !== total) {
    throw corrupt(`An lz4 frame of a record batch does not hold as many bytes as it says; it holds ${total}`)
  }
  return parts.length === 1 ? parts[0]! : Buffer.concat(parts, total)
}

/** Above this the library is told the exact size of a block, because it takes and clears the memory that it is told of. */
const roughBlockBytesMax = 256 * 1024
/** Where a block gets its size put in front. Blocks that do not fit get memory of their own. */
let sized = Buffer.alloc(0)

function unpackBlock(bytes: Buffer, at: number, end: number, blockBytesMax: number, lz4: Lz4Blocks): Buffer {
  const neededBytes = 4 + end - at
  if (sized.length === 0) sized = Buffer.allocUnsafeSlow(4 + packedBlockBytes)
  const target = neededBytes <= sized.length ? sized : Buffer.allocUnsafe(neededBytes)
  const bound =
    blockBytesMax <= roughBlockBytesMax ? Math.min(blockBytesMax, (end - at) * 255) : Math.min(blockBytesMax, lz4BlockBytes(bytes, at, end))
  target.writeUInt32LE(bound, 0)
  bytes.copy(target, 4, at, end)
  return lz4.uncompressSync(target.subarray(0, neededBytes))
}

/** An upper bound of what the frame decompresses to. Exact where the rough bound of 255 to 1, or the block size, would exceed `bytesMax`. */
export function lz4BytesBound(bytes: Buffer, bytesMax: number): number {
  const rough = walkBlocks(bytes, (at, end, blockBytesMax, stored) => (stored ? end - at : Math.min(blockBytesMax, (end - at) * 255)))
  return rough <= bytesMax ? rough : walkBlocks(bytes, (at, end, _, stored) => (stored ? end - at : lz4BlockBytes(bytes, at, end)))
}

/** Calls `visit` for each block and adds up what it returns. Refuses what is not one frame. */
function walkBlocks(bytes: Buffer, visit: (at: number, end: number, blockBytesMax: number, stored: boolean) => number): number {
  if (bytes.length < header.length || bytes.readUInt32LE(0) !== magic) throw corrupt('The lz4 data of a record batch does not begin as an LZ4 frame')
  const flags = bytes[4]!
  // Block sizes are 64 KiB, 256 KiB, 1 MiB and 4 MiB, numbered from 4.
  const sizeId = (bytes[5]! >> 4) & 7
  if (flags >> 6 !== 1 || sizeId < 4)
    throw corrupt(`The lz4 data of a record batch has the version ${flags >> 6} and the block size ${sizeId}; version 1 and sizes 4 to 7 exist`)
  const blockBytesMax = 1 << (8 + 2 * sizeId)
  let at = headerChecksumAt(bytes) + 1
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
    total += visit(at, end, blockBytesMax, word >= uncompressedBit)
    at = end + (flags & flagBlockChecksum ? 4 : 0)
  }
  at += flags & flagContentChecksum ? 4 : 0
  // A second frame would need a second look; nobody writes one into a batch.
  if (at !== bytes.length) throw corrupt(`${bytes.length - at} bytes follow the lz4 frame of a record batch`)
  return total
}

/** What the block in bytes[at, end) decompresses to, by adding the lengths of its literals and matches. */
function lz4BlockBytes(bytes: Uint8Array, at: number, end: number): number {
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
  if (bytes.length < header.length) return bytes
  const checksumAt = headerChecksumAt(bytes)
  if (checksumAt >= bytes.length) return bytes
  const repaired = Buffer.from(bytes)
  repaired[checksumAt] = headerChecksum(bytes, checksumAt)
  return repaired
}

const headerChecksumAt = (bytes: Buffer): number => 6 + (bytes[4]! & flagContentSize ? 8 : 0) + (bytes[4]! & flagDictionary ? 4 : 0)
const headerChecksum = (bytes: Buffer, checksumAt: number): number => (shortXxHash32(bytes, 4, checksumAt) >>> 8) & 0xff

/** xxHash32 with seed 0 of fewer than 16 bytes, which is all that a frame's header can hold. */
function shortXxHash32(bytes: Buffer, from: number, to: number): number {
  let hash = 0x165667b1 + to - from
  let at = from
  for (; at + 4 <= to; at += 4) hash = Math.imul(rotate(hash + Math.imul(bytes.readInt32LE(at), 0xc2b2ae3d), 17), 0x27d4eb2f)
  for (; at < to; at++) hash = Math.imul(rotate(hash + Math.imul(bytes[at]!, 0x165667b1), 11), 0x9e3779b1)
  hash = Math.imul(hash ^ (hash >>> 15), 0x85ebca77)
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae3d)
  return (hash ^ (hash >>> 16)) >>> 0
}

const rotate = (word: number, by: number): number => (word << by) | (word >>> (32 - by))
