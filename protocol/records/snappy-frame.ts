// Snappy as Kafka's clients speak it: the framing of the xerial snappy-java library (a 16-byte header, then blocks with int32 lengths), which the Java clients
// write and read; and a bare snappy block, which librdkafka may write and everybody reads. Does not load the codec; compression.ts hands it in.

import { corrupt, RecordsRefused } from './refusal.ts'

/** The two functions that are used of the snappy package. */
export interface SnappyBlocks {
  compressSync(bytes: Buffer, options?: { copyOutputData?: boolean }): Buffer
  uncompressSync(bytes: Buffer, options?: { copyOutputData?: boolean }): Buffer | string
}

/** 0x82 "SNAPPY" 0x00, then the version and the oldest compatible version as int32, both 1. */
const header = Buffer.from('82534e41505059000000000100000001', 'hex')
const magicBytes = 8
/** The first four bytes of the magic, as the block length that they would be in the middle of a stream. */
const magicAsLength = header.readInt32BE(0)
/** How much goes into one block: what snappy-java's stream takes at most from Kafka's Java client. */
const blockBytes = 32 * 1024
/** No snappy element makes more than 64 bytes of 3; whatever claims more is lying, and is refused before its memory is taken. */
const expansionMax = 22

/** Compresses into the xerial framing. */
export function packXerial(bytes: Buffer, snappy: SnappyBlocks): Buffer {
  const parts: Buffer[] = [header]
  for (let at = 0; at < bytes.length; at += blockBytes) {
    // Copied output: buffers over foreign memory are slower to make and to free than this copy.
    const block = snappy.compressSync(bytes.subarray(at, Math.min(at + blockBytes, bytes.length)), { copyOutputData: true })
    const length = Buffer.allocUnsafe(4)
    length.writeInt32BE(block.length, 0)
    parts.push(length, block)
  }
  return Buffer.concat(parts)
}

/** Decompresses either framing; more than `bytesMax` is refused before its memory is taken. */
export function unpackSnappy(bytes: Buffer, bytesMax: number, snappy: SnappyBlocks): Buffer {
  if (bytes.length < header.length || bytes.compare(header, 0, magicBytes, 0, magicBytes) !== 0) {
    plainBytes(bytes, 0, bytes.length, bytesMax)
    return snappy.uncompressSync(bytes, { copyOutputData: true }) as Buffer
  }
  let total = 0
  for (let at = header.length; at < bytes.length; ) {
    const end = blockEnd(bytes, at)
    if (end !== at) total += plainBytes(bytes, at + 4, end, bytesMax - total)
    at = end === at ? at + header.length : end
  }
  const out = Buffer.allocUnsafe(total)
  let filled = 0
  for (let at = header.length; at < bytes.length; ) {
    const end = blockEnd(bytes, at)
    if (end !== at) {
      const block = snappy.uncompressSync(bytes.subarray(at + 4, end), { copyOutputData: true }) as Buffer
      filled += block.copy(out, filled)
    }
    at = end === at ? at + header.length : end
  }
  return filled === total ? out : out.subarray(0, filled)
}

/** Where the block at `at` ends; `at` itself if another stream's header begins there (streams may be joined). */
function blockEnd(bytes: Buffer, at: number): number {
  if (bytes.length - at < 4) throw corrupt('The snappy data of a record batch ends in the middle of a block')
  const lengthBytes = bytes.readInt32BE(at)
  if (lengthBytes === magicAsLength) return at
  const end = at + 4 + lengthBytes
  if (lengthBytes <= 0 || end > bytes.length)
    throw corrupt(`A snappy block of a record batch says that it is ${lengthBytes} bytes long; ${bytes.length - at - 4} are left`)
  return end
}

/** How many bytes the bare block in bytes[at, end) says it holds, if that can be true and is allowed. */
function plainBytes(bytes: Buffer, at: number, end: number, bytesMax: number): number {
  let length = 0
  let cursor = at
  for (let scale = 1; ; scale *= 128) {
    if (cursor >= end || cursor - at === 5) throw corrupt('A snappy block of a record batch does not begin with its length')
    const byte = bytes[cursor++]!
    length += (byte & 0x7f) * scale
    if (byte < 0x80) break
  }
  if (length > (end - cursor) * expansionMax)
    throw corrupt(`A snappy block of ${end - at} bytes says that it holds ${length}, more than snappy can do`)
  if (length > bytesMax) throw new RecordsRefused('message-too-large', `The snappy data of a record batch holds more than ${bytesMax} bytes`)
  return length
}
