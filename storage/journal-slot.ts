// An entry as it lies in the journal file: a header that says whose it is, which one, and how far the journal was settled, then its bytes. A slot counts only when its
// checksum holds, so that a write that a crash cut in two is as if it had never been. What is in an entry is journal-entry.ts's.

/** CRC32C or another checksum; with that of what came before as `seed`, it goes on from there. */
export type Checksum = (bytes: Uint8Array, seed: number) => number

export interface SlotFacts {
  /** Which entry of the journal it is; they count up by one, whether they lie here or in LMDB. */
  readonly sequence: number
  /** When it was written, entries below this were settled: they are void. */
  readonly floor: number
}

/** A slot that a start found. */
export interface FoundSlot extends SlotFacts {
  readonly at: number
  readonly value: Buffer
}

export const fileIdBytes = 16
const sequenceAt = fileIdBytes
const floorAt = sequenceAt + 8
const lengthAt = floorAt + 8
const checksumAt = lengthAt + 4
const headerBytes = checksumAt + 4

/** Slots begin at multiples of this: a disk writes so much at least in one piece. */
export const slotUnitBytes = 512

/** What an entry of so many bytes takes in the file. */
export const slotBytesOf = (valueBytes: number): number => Math.ceil((headerBytes + valueBytes) / slotUnitBytes) * slotUnitBytes

export function packSlotHeader(id: Buffer, { sequence, floor }: SlotFacts, value: Buffer, checksum: Checksum): Buffer {
  const header = Buffer.allocUnsafe(headerBytes)
  id.copy(header, 0)
  header.writeDoubleBE(sequence, sequenceAt)
  header.writeDoubleBE(floor, floorAt)
  header.writeUInt32BE(value.length, lengthAt)
  header.writeUInt32BE(checksumOf(header, value, checksum), checksumAt)
  return header
}

/** Every whole slot with this id, in the order of the file. Its values are views of `file`. */
export function findSlots(file: Buffer, id: Buffer, checksum: Checksum): FoundSlot[] {
  const found: FoundSlot[] = []
  for (let at = 0; at + headerBytes <= file.length; ) {
    const slot = slotAt(file, at, id, checksum)
    if (slot) found.push(slot)
    at += slot ? slotBytesOf(slot.value.length) : slotUnitBytes
  }
  return found
}

function slotAt(file: Buffer, at: number, id: Buffer, checksum: Checksum): FoundSlot | null {
  if (id.compare(file, at, at + fileIdBytes) !== 0) return null
  const header = file.subarray(at, at + headerBytes)
  const end = at + headerBytes + header.readUInt32BE(lengthAt)
  if (end > file.length) return null
  const value = file.subarray(at + headerBytes, end)
  if (checksumOf(header, value, checksum) !== header.readUInt32BE(checksumAt)) return null
  return { sequence: header.readDoubleBE(sequenceAt), floor: header.readDoubleBE(floorAt), at, value }
}

const checksumOf = (header: Buffer, value: Buffer, checksum: Checksum): number => checksum(value, checksum(header.subarray(0, checksumAt), 0)) >>> 0
