// The entries of the storage crash test: each says what it is, how long it is, and fills the rest with a byte that can be checked.
import { crc32c } from '../../protocol/records/crc32c.ts'
import type { JournalFilePolicy } from '../../storage/store.ts'

/** So small that it is written round and round. */
export const journalFile: JournalFilePolicy = {
  bytes: 128 * 1024,
  afterEntries: 2,
  checksum: (bytes, seed) => crc32c(bytes, 0, bytes.length, seed),
}

const textAt = 20

/** An entry run of `size` bytes at least. */
export function entry(text: string, size: number): Buffer {
  const length = Buffer.byteLength(text)
  const bytes = Buffer.alloc(Math.max(size, textAt + length), length & 0xff)
  bytes.fill(0, 0, textAt)
  bytes.writeUInt32BE(bytes.length, 12)
  bytes.writeUInt32BE(length, 16)
  bytes.write(text, textAt)
  return bytes
}

export function stamp(bytes: Buffer, baseOffset: number, leaderEpoch: number): void {
  bytes.writeBigInt64BE(BigInt(baseOffset), 0)
  bytes.writeInt32BE(leaderEpoch, 8)
}

/** The entries of a chunk with their offsets; throws where a byte is not what was written. */
export function entriesOf(chunk: Buffer): { offset: number; text: string }[] {
  const found: { offset: number; text: string }[] = []
  for (let at = 0; at < chunk.length; ) {
    const size = chunk.readUInt32BE(at + 12)
    const length = chunk.readUInt32BE(at + 16)
    const text = chunk.toString('utf8', at + textAt, at + textAt + length)
    for (let i = at + textAt + length; i < at + size; i++) {
      if (chunk[i] !== (length & 0xff)) throw new Error(`byte ${i - at} of ${text} is ${chunk[i]}, not ${length & 0xff}`)
    }
    found.push({ offset: Number(chunk.readBigInt64BE(at)), text })
    at += size
  }
  return found
}
