// Batches and message sets made by encoders that are not ours: what we read from them, whether validation takes them, and whether our own builder agrees.

import { createHash } from 'node:crypto'
import { readdirSync, readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { crcOf, lastSequenceOf, magicOf } from '../../protocol/records/batch.ts'
import { buildBatch } from '../../protocol/records/builder.ts'
import { buildEndMarker, readControl } from '../../protocol/records/control.ts'
import { convertMessageSet, readMessageSet } from '../../protocol/records/legacy.ts'
import { downConvert } from '../../protocol/records/legacy-fetch.ts'
import { type DecodedBatch, decodeBatch, decodeBatches } from '../../protocol/records/record.ts'
import { nextBatch, restampTimestamps, stampBatches } from '../../protocol/records/run.ts'
import { validateBatches } from '../../protocol/records/validate.ts'

type GoldenRecord = [number, number, string | null, string | null, [string, string | null][]]
interface GoldenBatch {
  magic: number
  records: GoldenRecord[]
  [field: string]: unknown
}
interface Golden {
  file: string
  name: string
  batches: GoldenBatch[]
  bytes: Buffer
}

const folder = new URL('../golden/records/', import.meta.url)
const vectors: Golden[] = readdirSync(folder).flatMap((file) =>
  readFileSync(new URL(file, folder), 'utf8')
    .split('\n\n')
    .filter((block) => block.startsWith('case '))
    .map((block) => {
      const [name = '', json = '', hex = ''] = block.split('\n').map((line) => line.slice(line.indexOf(' ') + 1))
      return { file, name, batches: JSON.parse(json), bytes: Buffer.from(hex, 'hex') }
    }),
)
const modern = vectors.filter(({ batches }) => batches[0]!.magic === 2)
const legacy = vectors.filter(({ batches }) => batches[0]!.magic !== 2)

const field = (bytes: Uint8Array | null): string | null =>
  bytes === null ? null : bytes.length <= 300 ? Buffer.from(bytes).toString('hex') : `sha1:${createHash('sha1').update(bytes).digest('hex')}`
const golden = (
  records: readonly {
    offset: number
    timestampMs: number
    key: Buffer | null
    value: Buffer | null
    headers?: DecodedBatch['records'][0]['headers']
  }[],
) =>
  records.map(
    (r): GoldenRecord => [
      r.offset,
      r.timestampMs,
      field(r.key),
      field(r.value),
      (r.headers ?? []).map((h) => [Buffer.from(h.key).toString('hex'), field(h.value)]),
    ],
  )
// Java writes 300 bytes and less as they are; kafkajs and platformatic vectors hold only such fields.

const rules = { batchBytesMax: 1_000_000, timestampType: 'create', nowMs: 1763700000000 } as const

it('every encoder is represented', () => {
  expect(new Set(vectors.map(({ file }) => file)).size).toBe(4)
  expect(modern.length).toBeGreaterThan(50)
  expect(legacy.length).toBeGreaterThan(15)
})

describe.each(modern)('$file $name', ({ name, batches, bytes }) => {
  it('is read field by field as its encoder meant it', () => {
    const decoded = decodeBatches(bytes)
    expect(decoded.length).toBe(batches.length)
    for (const [index, { magic, records, lastSequence, ...header }] of batches.entries()) {
      expect(magicOf(bytes)).toBe(magic)
      expect(decoded[index]).toMatchObject(header)
      expect(golden(decoded[index]!.records)).toEqual(records)
      if (lastSequence !== undefined) expect(lastSequenceOf(bytes)).toBe(lastSequence)
    }
  })

  it('passes validation exactly if a client could have sent it', () => {
    const [batch] = batches
    const sent = batch!['baseOffset'] === 0 && batch!['control'] === false
    if (!sent) expect(() => validateBatches(Buffer.from(bytes), rules)).toThrow(/base offset 0/)
    else {
      const copy = Buffer.from(bytes)
      const summary = validateBatches(copy, rules)
      expect(summary).toMatchObject({
        end: bytes.length,
        batchCount: 1,
        offsetCount: batch!.records.length,
        maxTimestampMs: batch!['maxTimestampMs'],
      })
      expect(summary.producers.length).toBe(batch!['producerId'] === -1 ? 0 : 1)
      expect(copy.equals(bytes)).toBe(true)
    }
  })

  it('is made again byte for byte by our builder, where no codec is in the way', () => {
    const decoded = decodeBatch(bytes)
    if (decoded.control) return
    const { codec, leaderEpoch, baseOffset, producerId, producerEpoch, baseSequence, transactional, logAppendTime, deleteHorizonMs, lastOffset } =
      decoded
    if (name.includes('compacted') || logAppendTime) return // These times and offsets come from elsewhere than the records; the round trips below cover them.
    const rebuilt = buildBatch(decoded.records, {
      ...{ codec, leaderEpoch, baseOffset, producerId, producerEpoch, baseSequence, transactional, lastOffsetDelta: lastOffset - baseOffset },
      ...(deleteHorizonMs === null ? {} : { deleteHorizonMs }),
    })
    if (codec === 0) expect(rebuilt.toString('hex')).toBe(bytes.toString('hex'))
    expect(decodeBatch(rebuilt)).toEqual({ ...decoded, records: decoded.records })
  })

  it('keeps its checksum when offsets are stamped, and gets a new one with log append time', () => {
    const copy = Buffer.from(bytes)
    const crc = crcOf(copy)
    const end = stampBatches(copy, 5000, 9)
    expect(end).toBe(5001 + (Number(batches[0]!['lastOffset']) - Number(batches[0]!['baseOffset'])))
    expect(crcOf(copy)).toBe(crc)
    expect(decodeBatch(copy)).toMatchObject({ baseOffset: 5000, leaderEpoch: 9 })
    restampTimestamps(copy, 1763800000001)
    expect(crcOf(copy)).not.toBe(crc)
    expect(decodeBatch(copy).records.every((record) => record.timestampMs === 1763800000001)).toBe(true)
    expect(nextBatch(copy, 0)).toBe(copy.length)
  })
})

it('transaction markers are the ones that Kafka writes', () => {
  const commit = vectors.find(({ name }) => name === 'marker-commit')!.bytes
  const abort = vectors.find(({ name }) => name === 'marker-abort')!.bytes
  expect(readControl(commit)).toEqual({ type: 1, version: 0, committed: true, coordinatorEpoch: 21 })
  expect(readControl(abort)).toEqual({ type: 0, version: 0, committed: false, coordinatorEpoch: 0 })
  const ours = buildEndMarker({ committed: true, producerId: 77, producerEpoch: 3, coordinatorEpoch: 21, timestampMs: 1763700000000 })
  stampBatches(ours, 10, 4)
  expect(ours.toString('hex')).toBe(commit.toString('hex'))
  expect(readControl(modern[0]!.bytes)).toBeUndefined()
})

describe.each(legacy)('$file $name', ({ name, batches, bytes }) => {
  const records = batches.flatMap((batch) => batch.records)

  it('is read as its encoder meant it', () => {
    expect(golden(readMessageSet(bytes))).toEqual(records)
  })

  it('becomes one batch of format 2 that passes validation', () => {
    const converted = convertMessageSet(bytes, { messageBytesMax: 1_000_000 })
    expect(validateBatches(converted, rules)).toMatchObject({ batchCount: 1, offsetCount: records.length, end: converted.length })
    const batch = decodeBatch(converted)
    expect(golden(batch.records)).toEqual(records.map(([, ...rest], index) => [index, ...rest]))
    expect(batch.codec).toBe(batches[0]!['codec'] ?? 0)
  })

  it('comes back as it was by way of format 2 and down-conversion', () => {
    if (name.includes('log-append')) return
    const magic = batches[0]!.magic as 0 | 1
    const stored = convertMessageSet(bytes, { messageBytesMax: 1_000_000, codec: 0 })
    stampBatches(stored, Math.max(records[0]![0], 0), 0)
    const set = downConvert(stored, { magic })
    expect(golden(readMessageSet(set))).toEqual(records.map(([, ...rest], index) => [Math.max(records[0]![0], 0) + index, ...rest]))
    // Kafka's own plain set, to the byte.
    if (name === `magic${magic}-none`) expect(set.toString('hex')).toBe(bytes.toString('hex'))
    const later = readMessageSet(downConvert(stored, { magic, fromOffset: Math.max(records[0]![0], 0) + 1 }))
    expect(later.length).toBe(records.length - 1)
  })
})
