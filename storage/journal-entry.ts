// A journal entry as bytes: the small appends of one commit, of however many partitions, back to back behind a table that says what they are. Beside the keys and
// the segment rows it is the only layout of the log on disk. What entries are for is journal.ts's.

/** An append that is kept in an entry. */
export interface EntryPart {
  readonly partition: number
  readonly baseOffset: number
  readonly offsetCount: number
  readonly maxTimestampMs: number
  /** Its bytes, perhaps in pieces. */
  readonly runs: readonly Buffer[]
  readonly bytes: number
}

/** What an entry says. */
export interface UnpackedEntry {
  readonly nowMs: number
  /** Each in one run, a view of the entry. */
  readonly parts: EntryPart[]
  /** Partitions that were dropped: what earlier entries hold of them is void. */
  readonly dropped: number[]
}

const headerBytes = 12
const rowBytes = 36
/** As the count of offsets: the row is about a partition that was dropped. */
const voids = 0

/** What an entry takes. */
export function entryBytesOf(parts: readonly EntryPart[], dropped: readonly number[]): number {
  let bytes = headerBytes + rowBytes * (parts.length + dropped.length)
  for (const part of parts) bytes += part.bytes
  return bytes
}

/** Fills `entry`, which has the size that `entryBytesOf` says. */
export function packEntry(entry: Buffer, nowMs: number, parts: readonly EntryPart[], dropped: readonly number[]): void {
  entry.writeDoubleBE(nowMs, 0)
  entry.writeUInt32BE(dropped.length + parts.length, 8)
  let row = headerBytes
  for (const partition of dropped) {
    writeRow(entry, row, partition, 0, -1, voids, 0)
    row += rowBytes
  }
  let at = row + rowBytes * parts.length
  for (const { partition, baseOffset, maxTimestampMs, offsetCount, bytes, runs } of parts) {
    writeRow(entry, row, partition, baseOffset, maxTimestampMs, offsetCount, bytes)
    row += rowBytes
    for (let n = 0; n < runs.length; n++) {
      entry.set(runs[n]!, at)
      at += runs[n]!.length
    }
  }
}

function writeRow(
  entry: Buffer,
  at: number,
  partition: number,
  baseOffset: number,
  maxTimestampMs: number,
  offsetCount: number,
  bytes: number,
): void {
  entry.writeDoubleBE(partition, at)
  entry.writeDoubleBE(baseOffset, at + 8)
  entry.writeDoubleBE(maxTimestampMs, at + 16)
  entry.writeDoubleBE(offsetCount, at + 24)
  entry.writeUInt32BE(bytes, at + 32)
}

/** Where the bytes of the first part begin in an entry of so many parts. */
export const contentAt = (partCount: number, droppedCount: number): number => headerBytes + rowBytes * (partCount + droppedCount)

export function unpackEntry(entry: Buffer): UnpackedEntry {
  const count = entry.readUInt32BE(8)
  const dropped: number[] = []
  const parts: EntryPart[] = []
  let at = contentAt(count, 0)
  for (let row = headerBytes; row < headerBytes + rowBytes * count; row += rowBytes) {
    const partition = entry.readDoubleBE(row)
    const offsetCount = entry.readDoubleBE(row + 24)
    if (offsetCount === voids) {
      dropped.push(partition)
      continue
    }
    const bytes = entry.readUInt32BE(row + 32)
    const runs = [entry.subarray(at, at + bytes)]
    at += bytes
    parts.push({ partition, baseOffset: entry.readDoubleBE(row + 8), maxTimestampMs: entry.readDoubleBE(row + 16), offsetCount, bytes, runs })
  }
  return { nowMs: entry.readDoubleBE(0), parts, dropped }
}
