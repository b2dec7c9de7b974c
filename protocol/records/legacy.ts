// Message formats 0 and 1, which clients from before Kafka 0.11 speak: sets of single messages, or of wrapper messages that hold a compressed set.
// convertMessageSet turns what such a client produces into one batch of format 2, as Apache Kafka 3.9 did on Produce v0-v2. legacy-fetch.ts goes the other way.
//
//   0 offset int64, 8 size int32 (of what follows), 12 crc uint32 (CRC32 of what follows), 16 magic int8, 17 attributes int8: 0-2 codec, 3 log append time
//   18 timestamp int64 (format 1 only), then key and value, each with an int32 length, -1 for none

import { attributeCodecMask, attributeLogAppendTime, codecGzip, codecLz4, codecNone, codecSnappy, noTimestamp, readInt64 } from './batch.ts'
import { BatchBuilder, type BatchOptions } from './builder.ts'
import { decompress, decompressedBytesMaxDefault } from './compression.ts'
import { crc32 } from './crc32c.ts'
import { repairLz4HeaderChecksum } from './lz4-frame.ts'
import { corrupt, RecordsRefused } from './refusal.ts'

/** Offset and size: what stands before the bytes that the size counts. */
export const messageOverheadBytes = 12
/** The least that the size can be: CRC, magic, attributes and two lengths. */
const sizeMin = [14, 22] as const

/** One message of an old set. Its bytes are views. */
export interface LegacyMessage {
  /** As it stands: what an old consumer saw. In a compressed set of format 1 made absolute, from the wrapper's offset. */
  readonly offset: number
  readonly magic: 0 | 1
  /** -1 in format 0. */
  readonly timestampMs: number
  readonly logAppendTime: boolean
  readonly key: Buffer | null
  readonly value: Buffer | null
}

/** What a topic demands of a set that is converted. */
export interface ConversionRules {
  /** `max.message.bytes`, which holds for each message, wrappers included. The batch that is made is checked by validateBatches. */
  readonly messageBytesMax: number
  readonly decompressedBytesMax?: number
  /** A codec number where the topic's `compression.type` names one; absent, the producer's own is kept. */
  readonly codec?: number
}

/**
 * The set as one uncompressed-or-compressed batch of format 2, ready for validateBatches (which checks keys and times). All messages must be of one format, and a
 * compressed set must be one wrapper. A message that is cut off at the end is left out, as brokers have always done.
 */
export function convertMessageSet(bytes: Buffer, rules: ConversionRules): Buffer {
  const decompressedBytesMax = rules.decompressedBytesMax ?? decompressedBytesMaxDefault
  let builder: BatchBuilder | undefined
  let firstMagic = -1
  for (let at = 0, end: number; (end = messageEnd(bytes, at)) !== -1; at = end) {
    const magic = bytes[at + 16]!
    if (firstMagic === -1) firstMagic = magic
    if (magic !== firstMagic) throw invalid(`A message has the format (magic) ${magic} in a set that began with ${firstMagic}`)
    if (end - at > rules.messageBytesMax) {
      throw new RecordsRefused('message-too-large', `A message takes ${end - at} bytes; max.message.bytes allows ${rules.messageBytesMax}`)
    }
    const message = readMessage(bytes, at, end)
    const codec = codecOf(bytes, at)
    if (codec !== codecNone && (builder !== undefined || messageEnd(bytes, end) !== -1))
      throw invalid('A compressed set of messages must be the only one')
    builder ??= new BatchBuilder(builderOptions(rules.codec ?? codec, bytes.length * (codec === codecNone ? 1 : 4)))
    if (codec === codecNone) builder.append(message.timestampMs, message.key, message.value)
    else for (const inner of unwrap(message, codec, decompressedBytesMax)) builder.append(inner.timestampMs, inner.key, inner.value)
  }
  if (builder === undefined) throw invalid(`There is no whole message in ${bytes.length} bytes`)
  return builder.build()
}

const builderOptions = (codec: number, bytesHint: number): BatchOptions => ({ codec, bytesHint: bytesHint + 256 })

/** Every message of a set, those inside wrappers in place of the wrappers; with absolute offsets. For tests and tools: what an old consumer would see. */
export function readMessageSet(bytes: Buffer, decompressedBytesMax: number = decompressedBytesMaxDefault): LegacyMessage[] {
  const messages: LegacyMessage[] = []
  for (let at = 0, end: number; (end = messageEnd(bytes, at)) !== -1; at = end) {
    const message = readMessage(bytes, at, end)
    const codec = codecOf(bytes, at)
    if (codec === codecNone) messages.push(message)
    else for (const inner of unwrap(message, codec, decompressedBytesMax)) messages.push(inner)
  }
  return messages
}

/** Where the message at `at` ends; -1 if it is not wholly there. */
function messageEnd(bytes: Buffer, at: number): number {
  if (bytes.length - at < messageOverheadBytes + 5) return -1
  const size = bytes.readInt32BE(at + 8)
  const magic = bytes.readInt8(at + 16)
  if (magic !== 0 && magic !== 1) throw corrupt(`A message has the format (magic) ${magic} where 0 or 1 was expected`)
  if (size < sizeMin[magic]) throw corrupt(`A message says that it is ${size} bytes long; none of format ${magic} is shorter than ${sizeMin[magic]}`)
  const end = at + messageOverheadBytes + size
  return end > bytes.length ? -1 : end
}

const codecOf = (bytes: Buffer, at: number): number => bytes[at + 17]! & attributeCodecMask

/** Reads the message in bytes[at, end) after checking its checksum and lengths. */
function readMessage(bytes: Buffer, at: number, end: number): LegacyMessage {
  const stored = bytes.readUInt32BE(at + 12)
  const crc = crc32(bytes, at + 16, end)
  if (crc !== stored) throw corrupt(`A message is corrupt: its checksum (CRC32) says ${stored}, its bytes give ${crc}`)
  const magic = bytes[at + 16] === 0 ? 0 : 1
  const keyAt = at + (magic === 0 ? 22 : 30)
  const keyEnd = keyAt + Math.max(bytes.readInt32BE(keyAt - 4), 0)
  if (keyEnd + 4 > end) throw corrupt('A message is corrupt: its key is longer than the message')
  const valueBytes = bytes.readInt32BE(keyEnd)
  const valueEnd = keyEnd + 4 + Math.max(valueBytes, 0)
  if (valueEnd > end) throw corrupt('A message is corrupt: its value is longer than the message')
  return {
    offset: readInt64(bytes, at),
    magic,
    timestampMs: magic === 0 ? noTimestamp : readInt64(bytes, at + 18),
    logAppendTime: magic === 1 && (bytes[at + 17]! & attributeLogAppendTime) !== 0,
    key: bytes.readInt32BE(keyAt - 4) < 0 ? null : bytes.subarray(keyAt, keyEnd),
    value: valueBytes < 0 ? null : bytes.subarray(keyEnd + 4, valueEnd),
  }
}

/** The messages inside a wrapper. Format 1 counts their offsets from 0 and gives the wrapper the offset of the last (KIP-31); format 0 has absolute ones. */
function unwrap(wrapper: LegacyMessage, codec: number, decompressedBytesMax: number): LegacyMessage[] {
  if (codec !== codecGzip && codec !== codecSnappy && codec !== codecLz4)
    throw corrupt(`A message of format ${wrapper.magic} names the compression codec ${codec}`)
  if (wrapper.value === null) throw invalid('A compressed message has no value')
  // Clients of format 0 computed LZ4's header checksum over the wrong bytes (KAFKA-3160); the library would refuse their frames.
  const packed = codec === codecLz4 && wrapper.magic === 0 ? repairLz4HeaderChecksum(wrapper.value) : wrapper.value
  const bytes = decompress(codec, packed, decompressedBytesMax)
  const messages: LegacyMessage[] = []
  for (let at = 0, end: number; (end = messageEnd(bytes, at)) !== -1; at = end) {
    if (bytes[at + 16] !== wrapper.magic) throw invalid(`A compressed message of format ${wrapper.magic} holds one of format ${bytes[at + 16]}`)
    if (codecOf(bytes, at) !== codecNone) throw invalid('A compressed message holds another compressed message')
    messages.push(readMessage(bytes, at, end))
  }
  if (messages.length === 0) throw invalid('A compressed message holds no message')
  if (wrapper.magic === 0) return messages
  const shift = wrapper.offset - messages.at(-1)!.offset
  const { logAppendTime } = wrapper
  return messages.map((inner) => {
    const timestampMs = logAppendTime ? wrapper.timestampMs : inner.timestampMs
    return { ...inner, offset: inner.offset + shift, timestampMs, logAppendTime }
  })
}

const invalid = (message: string): RecordsRefused => new RecordsRefused('invalid-record', message)
