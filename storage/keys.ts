// Every key encoding of the store, so that their order can be seen in one place. Knows no values.
import type { ChunkFacts } from './segments.ts'
import type { Key, KeyPart } from './tables.ts'

/** The longest encoded row key, table name included. LMDB's own limit at 16 KiB pages is a little above. */
const rowKeyBytesMax = 1900

const numberTag = 1
const stringTag = 2
/** Ends a string. Followed by a tag or by nothing, both below 0xff. */
const stringEnd = 0
/** A NUL inside a string is written as NUL and this, which sorts after every string that ends there. */
const escapedNul = 0xff

/** A tuple as bytes that sort as its parts do: numbers by value and before strings, strings by code point, a prefix before what it begins. */
export function encodeTuple(parts: Key): Buffer {
  const pieces: Buffer[] = []
  for (const part of parts) pieces.push(typeof part === 'number' ? encodeNumber(part) : encodeString(part))
  return pieces.length === 1 ? pieces[0]! : Buffer.concat(pieces)
}

function encodeNumber(value: number): Buffer {
  const bytes = Buffer.allocUnsafe(9)
  bytes[0] = numberTag
  writeSortable(bytes, value, 1)
  return bytes
}

/** IEEE 754 with the sign bit flipped for positives and all bits for negatives: sorts bytewise as the numbers do. -0 becomes 0; NaN is refused. */
function writeSortable(bytes: Buffer, value: number, at: number): void {
  if (Number.isNaN(value)) throw new RangeError('NaN cannot be part of a key')
  bytes.writeDoubleBE(value === 0 ? 0 : value, at)
  if (bytes[at]! & 0x80) for (let i = at; i < at + 8; i++) bytes[i] = ~bytes[i]!
  else bytes[at]! |= 0x80
}

function readSortable(bytes: Uint8Array, at: number): number {
  const copy = Buffer.from(bytes.subarray(at, at + 8))
  if (copy[0]! & 0x80) copy[0]! &= 0x7f
  else for (let i = 0; i < 8; i++) copy[i] = ~copy[i]!
  return copy.readDoubleBE(0)
}

function encodeString(text: string): Buffer {
  let bytes = Buffer.from(text, 'utf8')
  if (bytes.includes(0)) bytes = Buffer.from(bytes.toString('latin1').replaceAll('\0', '\0\xff'), 'latin1')
  return Buffer.concat([Buffer.from([stringTag]), bytes, Buffer.from([stringEnd])])
}

/** The other way. Throws on bytes that encodeTuple did not make. */
export function decodeTuple(bytes: Uint8Array): Key {
  const parts: KeyPart[] = []
  for (let at = 0; at < bytes.length; ) {
    const tag = bytes[at++]
    if (tag === numberTag) {
      parts.push(readSortable(bytes, at))
      at += 8
    } else if (tag === stringTag) {
      const end = endOfString(bytes, at)
      parts.push(decodeString(bytes.subarray(at, end)))
      at = end + 1
    } else throw new Error(`unknown tag ${tag} in a key`)
  }
  return parts
}

function endOfString(bytes: Uint8Array, from: number): number {
  for (let at = bytes.indexOf(stringEnd, from); at >= 0; at = bytes.indexOf(stringEnd, at + 2)) {
    if (bytes[at + 1] !== escapedNul) return at
  }
  throw new Error('a string in a key has no end')
}

function decodeString(bytes: Uint8Array): string {
  const raw = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  return raw.includes(0) ? Buffer.from(raw.toString('latin1').replaceAll('\0\xff', '\0'), 'latin1').toString('utf8') : raw.toString('utf8')
}

/** The key of a row, with its table's name in front; refuses what is too long for either store. */
export function rowKey(table: string, key: Key): Buffer {
  const bytes = encodeTuple([table, ...key])
  if (bytes.length > rowKeyBytesMax)
    throw new RangeError(`the key of a row of ${table} takes ${bytes.length} bytes; at most ${rowKeyBytesMax} are possible`)
  return bytes
}

/** The key that `rowKey` was given; the table's name is left out. */
export const rowKeyParts = (bytes: Uint8Array): Key => decodeTuple(bytes).slice(1)

/** The smallest key above every key that begins with `prefix`. */
export function afterPrefix(prefix: Uint8Array): Buffer {
  // Tags and the end of a string are below 0xff, so nothing that continues the prefix reaches this.
  return Buffer.concat([prefix, Buffer.from([0xff])])
}

// What LMDB's one tree holds, in this order. Kinds come before partitions, so that a commit that touches many partitions changes few pages.
const kinds = { schema: 1, row: 2, segment: 3, garbage: 4, chunk: 5, journal: 6 } as const

const partitionAt = 1
const offsetAt = 9

/** The row that says which version wrote the directory. */
export const schemaKey = Buffer.from([kinds.schema])

/** The first and, exclusive, the last key of all rows, and of all notes about garbage. */
const rowsFrom = Buffer.from([kinds.row])
export const garbageRange = { start: Buffer.from([kinds.garbage]), end: Buffer.from([kinds.garbage + 1]) }

/** A row's key inside the tree. */
export const storedRowKey = (encoded: Uint8Array): Buffer => Buffer.concat([rowsFrom, encoded])
export const storedRowParts = (key: Uint8Array): Key => rowKeyParts(key.subarray(1))

/** The row of facts of one segment: kind, partition, base offset. */
export function segmentKey(partition: number, baseOffset: number): Buffer {
  const key = Buffer.allocUnsafe(offsetAt + 8)
  key[0] = kinds.segment
  writeUint64(key, partition, partitionAt)
  writeUint64(key, baseOffset, offsetAt)
  return key
}

export const segmentBaseOffset = (key: Uint8Array): number => readUint64(key, offsetAt)

/** The note that chunks of a partition may be deleted: all below an offset, or all. */
export function garbageKey(partition: number): Buffer {
  const key = Buffer.allocUnsafe(offsetAt)
  key[0] = kinds.garbage
  writeUint64(key, partition, partitionAt)
  return key
}

export const garbagePartition = (key: Uint8Array): number => readUint64(key, partitionAt)

/** One entry of the journal; they sort by age. */
export function journalKey(sequence: number): Buffer {
  const key = Buffer.allocUnsafe(1 + 8)
  key[0] = kinds.journal
  writeUint64(key, sequence, 1)
  return key
}

/** The row that says which file has entries beside these, and from which entry on they count. */
export const journalMarkKey = Buffer.from([kinds.journal])

export const journalSequence = (key: Uint8Array): number => readUint64(key, 1)
export const journalRange = { start: Buffer.from([kinds.journal, 0]), end: Buffer.from([kinds.journal + 1]) }

/**
 * The key of a chunk: kind, partition, base offset, and then the rest of its facts. Sorted by offset, it is found by any offset it holds; and
 * because it carries the running maximum of its segment's timestamps, a binary search over keys alone answers a question about time. So there
 * is no second index to write, to sync and to delete, and the value is the entries' bytes and nothing else.
 */
export function chunkKey(partition: number, chunk: ChunkFacts): Buffer {
  const key = Buffer.allocUnsafe(chunkKeyBytes)
  key[0] = kinds.chunk
  writeUint64(key, partition, partitionAt)
  writeUint64(key, chunk.baseOffset, offsetAt)
  writeUint64(key, chunk.endOffset, offsetAt + 8)
  writeUint64(key, chunk.position, offsetAt + 16)
  key.writeDoubleBE(chunk.maxTimestampMs, offsetAt + 24)
  key.writeDoubleBE(chunk.runningMaxTimestampMs, offsetAt + 32)
  return key
}

const chunkKeyBytes = offsetAt + 40

export function chunkOfKey(bytes: Uint8Array): ChunkFacts {
  const key = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  return {
    baseOffset: readUint64(key, offsetAt),
    endOffset: readUint64(key, offsetAt + 8),
    position: readUint64(key, offsetAt + 16),
    maxTimestampMs: key.readDoubleBE(offsetAt + 24),
    runningMaxTimestampMs: key.readDoubleBE(offsetAt + 32),
  }
}

/** Sorts before every chunk of the partition with this base offset or a larger one, and after every smaller. */
export function chunkBound(partition: number, baseOffset: number): Buffer {
  const key = segmentKey(partition, baseOffset)
  key[0] = kinds.chunk
  return key
}

/** Whole numbers below 2^53, in eight bytes that sort. */
function writeUint64(bytes: Buffer, value: number, at: number): void {
  bytes.writeUInt32BE(Math.floor(value / 2 ** 32), at)
  bytes.writeUInt32BE(value % 2 ** 32, at + 4)
}

function readUint64(bytes: Uint8Array, at: number): number {
  const view = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  return view.readUInt32BE(at) * 2 ** 32 + view.readUInt32BE(at + 4)
}
