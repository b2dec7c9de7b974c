// A batch around other records, or around the same ones in another codec: everything else of its header stays. For compaction, and for topics with a codec of their own.
import { attributeCodecMask, attributesOf, batchCrcFrom, batchHeaderBytes, batchLengthOffset } from './batch.ts'
import { type CompressionOptions, compress } from './compression.ts'

/** The header of the batch at `at` and `records`, which are plain, in `codec`. Its checksum is not right yet: the caller changes what else differs and seals it. */
export function repacked(bytes: Buffer, at: number, records: Buffer, codec: number, options: CompressionOptions = {}): Buffer {
  const packed = compress(codec, records, options)
  const batch = Buffer.allocUnsafe(batchHeaderBytes + packed.length)
  bytes.copy(batch, 0, at, at + batchHeaderBytes)
  packed.copy(batch, batchHeaderBytes)
  batch.writeInt32BE(batch.length - batchLengthOffset, 8)
  batch.writeUInt16BE((attributesOf(bytes, at) & ~attributeCodecMask) | codec, batchCrcFrom)
  return batch
}
