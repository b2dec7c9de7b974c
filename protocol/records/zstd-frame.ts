// The Zstandard frame format (RFC 8878), as far as is needed to know how large frames can become before they are decompressed. Decompressing is the library's work.

import { corrupt } from './refusal.ts'

const magic = 0xfd2fb528
/** 0x184d2a50 to …5f: frames that a decoder steps over. */
const skippableMagic = 0x184d2a50
/** No block makes more than this, whatever the window. */
const blockBytesMax = 128 * 1024
const dictionaryIdBytes = [0, 1, 2, 4]
const contentSizeBytes = [0, 2, 4, 8]

/**
 * An upper bound of what all frames in `bytes` decompress to: raw and run-length blocks say it exactly, a compressed one may make 128 KiB. That is coarse for an
 * encoder that flushes tiny blocks, and close for all others; a frame's own content size cannot serve, because a decoder notices a lie only at the end.
 */
export function zstdBytesBound(bytes: Buffer): number {
  let total = 0
  for (let at = 0; at < bytes.length; ) {
    if (at + 5 > bytes.length) throw cutOff()
    const frameMagic = bytes.readUInt32LE(at)
    if ((frameMagic & ~0xf) >>> 0 === skippableMagic) {
      if (at + 8 > bytes.length) throw cutOff()
      at += 8 + bytes.readUInt32LE(at + 4)
      if (at > bytes.length) throw cutOff()
      continue
    }
    if (frameMagic !== magic) throw corrupt('The zstd data of a record batch does not begin as a Zstandard frame')
    const descriptor = bytes[at + 4]!
    const singleSegment = (descriptor & 0x20) !== 0
    const sizeFlag = descriptor >> 6
    at += 5 + (singleSegment ? 0 : 1) + dictionaryIdBytes[descriptor & 3]! + (sizeFlag === 0 && singleSegment ? 1 : contentSizeBytes[sizeFlag]!)
    for (let last = false; !last; ) {
      if (at + 3 > bytes.length) throw cutOff()
      const blockHeader = bytes.readUIntLE(at, 3)
      last = (blockHeader & 1) === 1
      const type = (blockHeader >> 1) & 3
      const size = blockHeader >> 3
      if (type === 3) throw corrupt('A zstd block of a record batch has the reserved type')
      total += type === 2 ? blockBytesMax : size
      at += 3 + (type === 1 ? 1 : size)
      if (at > bytes.length) throw cutOff()
    }
    if (descriptor & 4) at += 4
    if (at > bytes.length) throw cutOff()
  }
  return total
}

const cutOff = () => corrupt('The zstd data of a record batch ends in the middle of a frame')
