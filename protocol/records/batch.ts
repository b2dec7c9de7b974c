// The header of a record batch of message format 2: every field by name, read and written where it lies, with no object made. A batch is named by the
// buffer that holds it and the position of its first byte. Does not look at records (record.ts) and trusts its input (validate.ts is for strangers' bytes).
//
//   0 baseOffset int64        23 lastOffsetDelta int32    51 producerEpoch int16
//   8 batchLength int32       27 baseTimestamp int64      53 baseSequence int32
//  12 leaderEpoch int32       35 maxTimestamp int64       57 recordCount int32
//  16 magic int8              43 producerId int64         61 records
//  17 crc uint32, over all that follows it (21 …), so that base offset and leader epoch can be rewritten without it
//  21 attributes int16: 0-2 codec, 3 log append time, 4 transactional, 5 control, 6 delete horizon

import { crc32c } from './crc32c.ts'

/** Bytes before `batchLength` begins to count: the base offset and the length itself. */
export const batchLengthOffset = 12
/** Bytes of a whole batch header; records begin here. */
export const batchHeaderBytes = 61
/** Where the checksummed part of a batch begins: at its attributes. */
export const batchCrcFrom = 21

/** Codec numbers as the attribute bits spell them. */
export const codecNone = 0
export const codecGzip = 1
export const codecSnappy = 2
export const codecLz4 = 3
export const codecZstd = 4

export const attributeCodecMask = 0x07
export const attributeLogAppendTime = 0x08
export const attributeTransactional = 0x10
export const attributeControl = 0x20
export const attributeDeleteHorizon = 0x40

/** "No producer id", "no sequence", "no timestamp", "leader epoch unknown" are all -1. */
export const noProducerId = -1
export const noSequence = -1
export const noTimestamp = -1
export const noLeaderEpoch = -1

/** Sequence numbers run from 0 to this and then start again at 0 (KIP-98). */
const sequenceMax = 0x7fff_ffff

const two32 = 0x1_0000_0000

/** An int64 as a number: exact within ±2^53, which offsets and real timestamps never leave. */
export function readInt64(bytes: Buffer, at: number): number {
  return bytes.readInt32BE(at) * two32 + bytes.readUInt32BE(at + 4)
}

/** The reverse of `readInt64`, for safe integers. */
export function writeInt64(bytes: Buffer, value: number, at: number): void {
  const high = Math.floor(value / two32)
  bytes.writeInt32BE(high, at)
  bytes.writeUInt32BE(value - high * two32, at + 4)
}

export const baseOffsetOf = (bytes: Buffer, at = 0): number => readInt64(bytes, at)
/** The batch's bytes after the length field; `batchBytesOf` is the whole. */
export const batchLengthOf = (bytes: Buffer, at = 0): number => bytes.readInt32BE(at + 8)
export const batchBytesOf = (bytes: Buffer, at = 0): number => batchLengthOffset + bytes.readInt32BE(at + 8)
export const leaderEpochOf = (bytes: Buffer, at = 0): number => bytes.readInt32BE(at + 12)
export const magicOf = (bytes: Buffer, at = 0): number => bytes.readInt8(at + 16)
export const crcOf = (bytes: Buffer, at = 0): number => bytes.readUInt32BE(at + 17)
export const attributesOf = (bytes: Buffer, at = 0): number => bytes.readUInt16BE(at + 21)
export const lastOffsetDeltaOf = (bytes: Buffer, at = 0): number => bytes.readInt32BE(at + 23)
export const baseTimestampOf = (bytes: Buffer, at = 0): number => readInt64(bytes, at + 27)
export const maxTimestampOf = (bytes: Buffer, at = 0): number => readInt64(bytes, at + 35)
export const producerIdOf = (bytes: Buffer, at = 0): number => readInt64(bytes, at + 43)
export const producerEpochOf = (bytes: Buffer, at = 0): number => bytes.readInt16BE(at + 51)
export const baseSequenceOf = (bytes: Buffer, at = 0): number => bytes.readInt32BE(at + 53)
export const recordCountOf = (bytes: Buffer, at = 0): number => bytes.readInt32BE(at + 57)

export const codecOf = (bytes: Buffer, at = 0): number => bytes[at + 22]! & attributeCodecMask
export const isLogAppendTime = (bytes: Buffer, at = 0): boolean => (bytes[at + 22]! & attributeLogAppendTime) !== 0
export const isTransactional = (bytes: Buffer, at = 0): boolean => (bytes[at + 22]! & attributeTransactional) !== 0
export const isControl = (bytes: Buffer, at = 0): boolean => (bytes[at + 22]! & attributeControl) !== 0
/** The base timestamp of such a batch is the time at which compaction may drop its tombstones (KIP-534). */
export const hasDeleteHorizon = (bytes: Buffer, at = 0): boolean => (bytes[at + 22]! & attributeDeleteHorizon) !== 0

/** The offset of the batch's last record, also where compaction has removed that record. */
export const lastOffsetOf = (bytes: Buffer, at = 0): number => baseOffsetOf(bytes, at) + lastOffsetDeltaOf(bytes, at)
/** One past the last offset. */
export const endOffsetOf = (bytes: Buffer, at = 0): number => lastOffsetOf(bytes, at) + 1

/** The last record's sequence number; -1 without a producer. Wraps from 2^31-1 to 0. */
export function lastSequenceOf(bytes: Buffer, at = 0): number {
  const base = baseSequenceOf(bytes, at)
  return base === noSequence ? noSequence : addSequence(base, lastOffsetDeltaOf(bytes, at))
}

/** The sequence number `by` after `sequence`, with the wrap of KIP-98. */
export function addSequence(sequence: number, by: number): number {
  const sum = sequence + by
  return sum > sequenceMax ? sum - sequenceMax - 1 : sum
}

/** The checksum that the batch at `at` ought to carry. */
export function computeCrc(bytes: Buffer, at = 0): number {
  return crc32c(bytes, at + batchCrcFrom, at + batchBytesOf(bytes, at))
}

/** Whether the batch at `at` carries the checksum that it ought to. */
export const isIntact = (bytes: Buffer, at = 0): boolean => crcOf(bytes, at) === computeCrc(bytes, at)

/** Writes the checksum of the batch at `at`; needed after any change behind its CRC field. */
export function sealBatch(bytes: Buffer, at = 0): void {
  bytes.writeUInt32BE(computeCrc(bytes, at), at + 17)
}

/** Sets the timestamp type and largest timestamp, and the checksum where that changed anything. Under log append time the batch's `maxTimestamp` is every record's time. */
export function restampBatch(bytes: Buffer, at: number, logAppendTime: boolean, maxTimestampMs: number): void {
  const low = bytes[at + 22]!
  const wanted = logAppendTime ? low | attributeLogAppendTime : low & ~attributeLogAppendTime
  if (wanted === low && maxTimestampOf(bytes, at) === maxTimestampMs) return
  bytes[at + 22] = wanted
  writeInt64(bytes, maxTimestampMs, at + 35)
  sealBatch(bytes, at)
}
