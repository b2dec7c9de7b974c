// Random batches, whole and damaged. A failure prints fast-check's seed and path, with which it can be run again.

import { createRequire } from 'node:module'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { batchHeaderBytes, codecLz4, codecSnappy, codecZstd, endOffsetOf, lastOffsetOf, sealBatch } from '../../protocol/records/batch.ts'
import { buildBatch, type RecordInput } from '../../protocol/records/builder.ts'
import { compress, decompress } from '../../protocol/records/compression.ts'
import { crc32, crc32ByTable, crc32c, crc32cByTable } from '../../protocol/records/crc32c.ts'
import { convertMessageSet, readMessageSet } from '../../protocol/records/legacy.ts'
import { downConvert } from '../../protocol/records/legacy-fetch.ts'
import { type Lz4Blocks, lz4BytesBound, packLz4 } from '../../protocol/records/lz4-frame.ts'
import { decodeBatch, decodeBatches } from '../../protocol/records/record.ts'
import { RecordsRefused } from '../../protocol/records/refusal.ts'
import { firstBatchFrom, forEachBatch, nextBatch, sliceBatches, stampBatches } from '../../protocol/records/run.ts'
import { scanRecords } from '../../protocol/records/scan.ts'
import { packXerial, type SnappyBlocks } from '../../protocol/records/snappy-frame.ts'
import { validateBatches } from '../../protocol/records/validate.ts'
import { readVarint, readVarlong, varintBytes, varintEnd, varlongBytes, writeVarint, writeVarlong } from '../../protocol/records/varint.ts'
import { zstdBytesBound } from '../../protocol/records/zstd-frame.ts'
import { obviousRecords } from './obvious.ts'

const rules = { batchBytesMax: 1 << 20, timestampType: 'create', nowMs: 0, decompressedBytesMax: 1 << 20 } as const
const noBounds = { keyRequired: false, timestampMinMs: Number.MIN_SAFE_INTEGER, timestampMaxMs: Number.MAX_SAFE_INTEGER }

const bytes = (maxLength = 40) => fc.uint8Array({ maxLength }).map((array) => Buffer.from(array))
const nullable = fc.option(fc.oneof({ weight: 9, arbitrary: bytes() }, { weight: 1, arbitrary: bytes(3000) }), { nil: null })
const record: fc.Arbitrary<RecordInput> = fc.record({
  key: nullable,
  value: nullable,
  timestampMs: fc.oneof(fc.integer({ min: -1, max: 2_000_000_000_000 }), fc.integer({ min: -(2 ** 51), max: 2 ** 51 })),
  headers: fc.array(fc.record({ key: fc.string({ maxLength: 10 }), value: nullable }), { maxLength: 3 }),
})
const records = fc.array(record, { minLength: 1, maxLength: 20 })
const codec = fc.integer({ min: 0, max: 4 })

/** What may happen to bytes on their way: single bits, bytes, runs of them, cuts and doublings. */
const damage = fc.array(
  fc.record({
    kind: fc.constantFrom('flip', 'set', 'fill', 'cut', 'double'),
    where: fc.double({ min: 0, max: 1, noNaN: true }),
    value: fc.nat(255),
    length: fc.nat(12),
  }),
  { minLength: 1, maxLength: 4 },
)
type Damage = typeof damage extends fc.Arbitrary<infer T> ? T : never

function damaged(whole: Buffer, damages: Damage, from = 0): Buffer {
  let out = Buffer.from(whole)
  for (const { kind, where, value, length } of damages) {
    const at = Math.min(from + Math.floor(where * (out.length - from)), out.length - 1)
    if (at < from) break
    if (kind === 'flip') out[at] = out[at]! ^ (1 << (value & 7))
    else if (kind === 'set') out[at] = value
    else if (kind === 'fill') out.fill(value, at, Math.min(at + length, out.length))
    else if (kind === 'cut') out = out.subarray(0, at)
    else out = Buffer.concat([out.subarray(0, at), out.subarray(Math.max(at - length, from))])
  }
  return Buffer.from(out)
}

/** Makes length and checksum true again, so that what lies behind them is reached. */
function resealed(batch: Buffer): Buffer {
  if (batch.length < batchHeaderBytes) return batch
  batch.writeInt32BE(batch.length - 12, 8)
  sealBatch(batch)
  return batch
}

/** Runs it; a refusal is an answer, any other error a bug. */
function refusedOr<T>(run: () => T): T | RecordsRefused {
  try {
    return run()
  } catch (error) {
    if (error instanceof RecordsRefused) return error
    throw error
  }
}

describe('random batches', () => {
  it('come back as they went in, with every codec', () => {
    fc.assert(
      fc.property(records, codec, (input, codec) => {
        const batch = buildBatch(input, { codec, producerId: 7, producerEpoch: 1, baseSequence: 5 })
        const summary = validateBatches(batch, rules)
        expect(summary.maxTimestampMs).toBe(Math.max(...input.map((r) => r.timestampMs!), -1))
        const decoded = decodeBatch(batch)
        expect(decoded.codec).toBe(codec)
        expect(decoded.records.map(({ key, value, timestampMs, headers, offset }) => ({ key, value, timestampMs, headers, offset }))).toEqual(
          input.map((r, offset) => ({ ...r, headers: r.headers!.map((h) => ({ ...h, key: Buffer.from(h.key).toString() })), offset })),
        )
      }),
      { numRuns: 150 },
    )
  })

  it('go through old formats and back', () => {
    fc.assert(
      fc.property(fc.array(record, { minLength: 1, maxLength: 20 }), codec, fc.constantFrom(0 as const, 1 as const), (input, codec, magic) => {
        const set = downConvert(buildBatch(input, { codec }), { magic })
        const again = decodeBatch(convertMessageSet(set, { messageBytesMax: 1 << 20 }))
        expect(again.records).toEqual(
          decodeBatch(buildBatch(input.map((r) => ({ ...r, headers: [], timestampMs: magic === 0 ? -1 : r.timestampMs! })))).records,
        )
        expect(readMessageSet(set).map((m) => m.offset)).toEqual(input.map((_, i) => i))
      }),
      { numRuns: 100 },
    )
  })
})

describe('damaged bytes', () => {
  it('are judged alike by the straight scan and the obvious reader', () => {
    let refused = 0
    fc.assert(
      fc.property(records, fc.option(damage), (input, damages) => {
        const batch = buildBatch(input)
        const body = damages ? damaged(batch.subarray(batchHeaderBytes), damages) : batch.subarray(batchHeaderBytes)
        const base = input[0]!.timestampMs!
        const fast = refusedOr(() => scanRecords(body, 0, body.length, input.length, base, noBounds))
        let slow: bigint | undefined
        try {
          slow = -1n
          for (const { timestampMs } of obviousRecords(body, input.length, BigInt(base))) if (timestampMs > slow) slow = timestampMs
        } catch {
          slow = undefined
          refused++
        }
        // Times beyond 2^53 are the one thing that the obvious reader takes and the scan refuses.
        if (fast instanceof RecordsRefused) expect(slow === undefined || fast.reason === 'invalid-timestamp').toBe(true)
        else expect(slow === undefined ? undefined : Number(slow)).toBe(fast)
      }),
      { numRuns: 2000 },
    )
    expect(refused).toBeGreaterThan(200)
  })

  it('are refused by name or accepted, never a crash, whatever the codec', () => {
    fc.assert(
      fc.property(records, codec, damage, fc.boolean(), fc.boolean(), (input, codec, damages, wholeBatch, reseal) => {
        const batch = damaged(buildBatch(input, { codec }), damages, wholeBatch ? 0 : batchHeaderBytes)
        const bytes = reseal ? resealed(batch) : batch
        refusedOr(() => validateBatches(Buffer.from(bytes), rules))
        refusedOr(() => decodeBatches(bytes, 1 << 20))
        refusedOr(() => convertMessageSet(bytes, { messageBytesMax: 1 << 20, decompressedBytesMax: 1 << 20 }))
        refusedOr(() => nextBatch(bytes, 0))
      }),
      { numRuns: 1500 },
    )
  })

  it('of old message sets are refused by name or converted, never a crash', () => {
    fc.assert(
      fc.property(
        records,
        damage,
        fc.constantFrom(0 as const, 1 as const),
        fc.integer({ min: 0, max: 3 }),
        fc.boolean(),
        (input, damages, magic, codec, fix) => {
          const inner = damaged(downConvert(buildBatch(input), { magic }), damages)
          const set = codec === 0 ? inner : wrapped(compress(codec, inner), magic, codec)
          const hurt = codec === 0 || fix ? set : damaged(set, damages)
          refusedOr(() => convertMessageSet(hurt, { messageBytesMax: 1 << 20, decompressedBytesMax: 1 << 20 }))
          refusedOr(() => readMessageSet(hurt, 1 << 20))
        },
      ),
      { numRuns: 1000 },
    )
  })

  it('decompress within the limit or not at all', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 4 }), bytes(2000), fc.integer({ min: 1, max: 200 }), damage, (codec, unit, times, damages) => {
        const packed = damaged(compress(codec, Buffer.concat(Array.from({ length: times }, () => unit))), damages)
        const out = refusedOr(() => decompress(codec, packed, 100_000))
        if (!(out instanceof RecordsRefused)) expect(out.length).toBeLessThanOrEqual(100_000)
      }),
      { numRuns: 1500 },
    )
  })
})

describe("other people's frames", () => {
  it('of LZ4, with large blocks or checksums, are taken apart as the library does it', () => {
    const lz4 = createRequire(import.meta.url)('lz4-napi') as Lz4Blocks & { compressFrameSync(bytes: Buffer, options: object): Buffer }
    fc.assert(
      fc.property(bytes(3000), fc.integer({ min: 1, max: 150 }), fc.boolean(), fc.boolean(), (unit, times, contentChecksum, blockChecksums) => {
        const plain = Buffer.concat(Array.from({ length: times }, () => unit))
        const frame = lz4.compressFrameSync(plain, { contentChecksum, blockChecksums })
        expect(decompress(codecLz4, frame).equals(plain)).toBe(true)
        expect(lz4BytesBound(frame, 0)).toBe(plain.length)
        expect(refusedOr(() => decompress(codecLz4, frame, plain.length - 1))).toBeInstanceOf(RecordsRefused)
        expect(lz4.decompressFrameSync(packLz4(plain, lz4)).equals(plain)).toBe(true)
      }),
      { numRuns: 60 },
    )
  })

  it('of snappy, bare or joined, are read like framed ones', () => {
    const snappy = createRequire(import.meta.url)('snappy') as SnappyBlocks
    fc.assert(
      fc.property(bytes(3000), fc.integer({ min: 1, max: 50 }), (unit, times) => {
        const plain = Buffer.concat(Array.from({ length: times }, () => unit))
        expect(decompress(codecSnappy, snappy.compressSync(plain)).equals(plain)).toBe(true)
        const framed = packXerial(plain, snappy)
        expect(decompress(codecSnappy, Buffer.concat([framed, framed])).equals(Buffer.concat([plain, plain]))).toBe(true)
      }),
      { numRuns: 60 },
    )
  })

  it('of zstd are bounded from above by what their blocks can hold', () => {
    fc.assert(
      fc.property(bytes(3000), fc.integer({ min: 1, max: 150 }), fc.integer({ min: 1, max: 9 }), (unit, times, level) => {
        const plain = Buffer.concat(Array.from({ length: times }, () => unit))
        const packed = compress(codecZstd, plain, { level })
        const bound = zstdBytesBound(packed)
        expect(bound).toBeGreaterThanOrEqual(plain.length)
        expect(bound).toBeLessThan(plain.length + 2 * 128 * 1024)
        expect(decompress(codecZstd, packed).equals(plain)).toBe(true)
      }),
      { numRuns: 60 },
    )
  })
})

describe('arithmetic', () => {
  it('CRC32C and CRC32 agree with the tables on any part, in one piece or several', () => {
    expect(crc32cByTable(Buffer.from('123456789'))).toBe(0xe3069283)
    expect(crc32ByTable(Buffer.from('123456789'))).toBe(0xcbf43926)
    fc.assert(
      fc.property(bytes(3000), fc.nat(3000), fc.nat(3000), (data, a, b) => {
        const from = Math.min(a, b, data.length)
        const to = Math.min(Math.max(a, b), data.length)
        expect(crc32c(data, from, to)).toBe(crc32cByTable(data.subarray(from, to)))
        expect(crc32(data, from, to)).toBe(crc32ByTable(data.subarray(from, to)))
        expect(crc32c(data, from, data.length, crc32c(data, 0, from))).toBe(crc32cByTable(data))
      }),
    )
  })

  it('varints take every int32 and every safe integer there and back', () => {
    const buffer = Buffer.alloc(16)
    const edges = [0, -1, 1, 63, 64, -64, -65, 2 ** 27, -(2 ** 27) - 1, 2 ** 30, -(2 ** 30) - 1, 2 ** 31 - 1, -(2 ** 31)]
    const wide = [...edges, 2 ** 31, 2 ** 52, 2 ** 53 - 1, -(2 ** 52) - 1, -(2 ** 53) + 1]
    fc.assert(
      fc.property(fc.oneof(fc.integer(), fc.constantFrom(...edges)), fc.oneof(fc.maxSafeInteger(), fc.constantFrom(...wide)), (int, long) => {
        const end = writeVarint(buffer, int, 1)
        expect([readVarint(buffer, 1, 16), varintEnd, varintBytes(int)]).toEqual([int, end, end - 1])
        const longEnd = writeVarlong(buffer, long, 1)
        expect([readVarlong(buffer, 1, 16), varintEnd, varlongBytes(long)]).toEqual([long, longEnd, longEnd - 1])
        expect(() => readVarlong(buffer, 1, longEnd - 1)).toThrow(RecordsRefused)
      }),
    )
  })
})

describe('runs of batches', () => {
  const run = fc
    .array(fc.integer({ min: 1, max: 5 }), { minLength: 1, maxLength: 8 })
    .map((counts) => counts.map((count) => buildBatch(Array.from({ length: count }, () => ({ value: 'v'.repeat(count * 7) })))))

  it('are stamped, found and cut as a list of batches would be', () => {
    fc.assert(
      fc.property(run, fc.nat(1000), fc.nat(40), fc.nat(1500), fc.nat(40), (batches, base, skip, bytesMax, ahead) => {
        const bytes = Buffer.concat(batches)
        const end = stampBatches(bytes, base, 3)
        expect(end).toBe(base + decodeBatches(bytes).reduce((sum, batch) => sum + batch.records.length, 0))
        const list: { at: number; end: number }[] = []
        forEachBatch(bytes, (at, end) => void list.push({ at, end }))
        expect(list.length).toBe(batches.length)

        const from = base + skip
        const kept = list.filter(({ at }) => lastOffsetOf(bytes, at) >= from)
        expect(firstBatchFrom(bytes, from)).toBe(kept[0]?.at ?? -1)
        const endOffset = from + ahead
        const fitting = kept.filter(
          ({ at, end }, index) =>
            (index === 0 || end - kept[0]!.at <= bytesMax) && endOffsetOf(bytes, at) - decodeBatch(bytes, at).records.length < endOffset,
        )
        const cut = sliceBatches(bytes, from, bytesMax, endOffset)
        expect(cut.equals(Buffer.concat(fitting.map(({ at, end }) => bytes.subarray(at, end))))).toBe(true)
        // A cut-off tail is nobody's batch.
        expect(sliceBatches(bytes.subarray(0, bytes.length - 1), base, 1 << 20).length).toBe(list.at(-1)!.at)
      }),
    )
  })
})

function wrapped(value: Buffer, magic: 0 | 1, codec: number): Buffer {
  const set = downConvert(buildBatch([{ value, timestampMs: 5 }]), { magic })
  set[17] = codec
  set.writeUInt32BE(crc32(set, 16), 12)
  return set
}
