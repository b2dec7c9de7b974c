// What validation refuses, by which name, and what it leaves alone.

import { describe, expect, it } from 'vitest'
import { attributesOf, crcOf, isLogAppendTime, maxTimestampOf, sealBatch, writeInt64 } from '../../protocol/records/batch.ts'
import { buildBatch, type RecordInput } from '../../protocol/records/builder.ts'
import { compress } from '../../protocol/records/compression.ts'
import { buildEndMarker } from '../../protocol/records/control.ts'
import { decodeBatch } from '../../protocol/records/record.ts'
import { RecordsRefused } from '../../protocol/records/refusal.ts'
import { type BatchRules, validateBatches } from '../../protocol/records/validate.ts'

const nowMs = 1763700000000
const rules: BatchRules = { batchBytesMax: 1_000_000, timestampType: 'create', nowMs }
const records: RecordInput[] = [
  { key: 'a', value: 'one', timestampMs: nowMs, headers: [{ key: 'h', value: Buffer.from('v') }] },
  { key: 'b', value: 'two', timestampMs: nowMs + 10 },
  { key: 'c', value: null, timestampMs: nowMs - 10 },
]

function refusal(bytes: Buffer, extra: Partial<BatchRules> = {}): RecordsRefused {
  try {
    validateBatches(bytes, { ...rules, ...extra })
  } catch (error) {
    if (error instanceof RecordsRefused) return error
    throw error
  }
  throw new Error('the batch was accepted')
}

/** A good batch with one change behind its checksum, which is then made right. */
function changed(change: (bytes: Buffer) => void, input = records, codec = 0): Buffer {
  const bytes = buildBatch(input, { codec })
  change(bytes)
  sealBatch(bytes)
  return bytes
}

describe('the header', () => {
  it.each([
    ['a wrong checksum', 'corrupt-message', /checksum/, () => buildBatch(records).fill(0x7f, 70, 71)],
    ['a length below any header', 'corrupt-message', /13 bytes long/, () => changed((b) => b.writeInt32BE(13, 8))],
    ['a negative length', 'corrupt-message', /-1 bytes long/, () => Buffer.from(buildBatch(records)).fill(0xff, 8, 12)],
    [
      'a length that ends inside the header',
      'corrupt-message',
      /smaller than its header/,
      () => Buffer.from(buildBatch(records)).fill(0, 8, 11).fill(40, 11, 12),
    ],
    ['message format 3', 'corrupt-message', /magic\) 3/, () => changed((b) => b.writeInt8(3, 16))],
    ['message format 1', 'invalid-record', /magic\) 1/, () => changed((b) => b.writeInt8(1, 16))],
    ['a base offset', 'invalid-record', /base offset 0, not 7/, () => changed((b) => writeInt64(b, 7, 0))],
    ['no records', 'invalid-record', /holds 0 records/, () => changed((b) => b.writeInt32BE(0, 57))],
    ['a negative count', 'invalid-record', /holds -3 records/, () => changed((b) => b.writeInt32BE(-3, 57))],
    ['a count that its offsets deny', 'invalid-record', /last offset delta is 2/, () => changed((b) => b.writeInt32BE(4, 57))],
    ['an unknown codec', 'corrupt-message', /codec 6/, () => changed((b) => b.writeUInt16BE(6, 21))],
    ['a producer without a sequence', 'invalid-record', /sequence number -1/, () => buildBatch(records, { producerId: 4, producerEpoch: 0 })],
    [
      'a control batch',
      'invalid-record',
      /control/,
      () => buildEndMarker({ committed: true, producerId: 1, producerEpoch: 0, coordinatorEpoch: 0, timestampMs: nowMs }),
    ],
    ['nothing at all', 'invalid-record', /0 bytes/, () => Buffer.alloc(0)],
    ['a batch that is cut off', 'invalid-record', /no batch in them/, () => buildBatch(records).subarray(0, 80)],
    ['two batches', 'invalid-record', /there are more/, () => Buffer.concat([buildBatch(records), buildBatch(records)])],
  ] as const)('refuses %s', (_, reason, message, make) => {
    const error = refusal(make())
    expect(error.reason).toBe(reason)
    expect(error.message).toMatch(message)
  })

  it('refuses a batch over max.message.bytes, and names both sizes', () => {
    const bytes = buildBatch(records)
    expect(refusal(bytes, { batchBytesMax: bytes.length - 1 })).toMatchObject({
      reason: 'message-too-large',
      message: expect.stringContaining(String(bytes.length)),
    })
    expect(validateBatches(bytes, { ...rules, batchBytesMax: bytes.length }).offsetCount).toBe(3)
  })

  it('refuses zstd where the request is too old for it', () => {
    expect(refusal(buildBatch(records, { codec: 4 }), { zstdAllowed: false }).reason).toBe('unsupported-compression-type')
  })

  it('takes several batches where the caller allows them, and says which producer wrote each', () => {
    const producer = { producerId: 4, producerEpoch: 1, transactional: true }
    const run = Buffer.concat([buildBatch(records), buildBatch(records, { ...producer, baseSequence: 0x7fff_fffe })])
    expect(validateBatches(run, { ...rules, batchCountMax: 2 })).toEqual({
      end: run.length,
      batchCount: 2,
      offsetCount: 6,
      maxTimestampMs: nowMs + 10,
      producers: [{ ...producer, baseSequence: 0x7fff_fffe, lastSequence: 0, at: run.length / 2, offsetDelta: 3, offsetCount: 3 }],
    })
  })

  it('lets stray bytes after the batch pass, and says where it ends', () => {
    const bytes = buildBatch(records)
    expect(validateBatches(Buffer.concat([bytes, Buffer.from('stray')]), rules).end).toBe(bytes.length)
  })
})

describe.each([0, 1, 2, 3, 4])('the records, with codec %i', (codec) => {
  // The records of a batch that were changed before they were compressed: the checksum is right, the content is not.
  const withBody = (change: (body: Buffer) => Buffer): Buffer => {
    const plain = buildBatch(records)
    const body = change(Buffer.from(plain.subarray(61)))
    return rewrap(plain, body, codec)
  }

  it.each([
    ['an offset delta that repeats', /offset delta 0; deltas/, (b: Buffer) => b.fill(0, b.indexOf('b') - 2, b.indexOf('b') - 1)],
    ['a record longer than the batch', /bytes long/, (b: Buffer) => b.fill(0x7e, 0, 1)],
    ['a record shorter than its fields', /ends in the middle|ends at/, (b: Buffer) => b.fill(b[0]! - 4, 0, 1)],
    ['a header count without headers', /headers|header|ends/, (b: Buffer) => b.fill(0x7e, b.indexOf('one') + 3, b.indexOf('one') + 4)],
    ['a negative header count', /says that it has -1 headers/, (b: Buffer) => b.fill(1, b.indexOf('one') + 3, b.indexOf('one') + 4)],
    ['bytes after the last record', /5 bytes follow/, (b: Buffer) => Buffer.concat([b, Buffer.alloc(5)])],
    ['fewer records than the header says', /ends after 2/, (b: Buffer) => b.subarray(0, b.indexOf('c') - 5)],
    ['a varint without an end', /variable-length/, (b: Buffer) => b.fill(0xff, 0, 6)],
  ])('refuses %s', (_, message, change) => {
    const error = refusal(withBody(change))
    expect(error.reason).toBe('invalid-record')
    expect(error.message).toMatch(message)
  })

  it('refuses a record without a key on a compacted topic, and names it', () => {
    const bytes = buildBatch([...records, { value: 'keyless', timestampMs: nowMs }], { codec })
    expect(refusal(bytes, { compacted: true })).toMatchObject({
      reason: 'invalid-record',
      recordFaults: [{ batchIndex: 3, message: expect.stringMatching(/needs a key/) }],
    })
    expect(validateBatches(bytes, rules).offsetCount).toBe(4)
  })

  it('refuses times outside the bounds of the topic, and takes those on the bounds', () => {
    const bytes = buildBatch(records, { codec })
    expect(refusal(bytes, { timestampAfterMaxMs: 9 })).toMatchObject({ reason: 'invalid-timestamp', recordFaults: [{ batchIndex: 1 }] })
    expect(refusal(bytes, { timestampBeforeMaxMs: 9 })).toMatchObject({ reason: 'invalid-timestamp', recordFaults: [{ batchIndex: 2 }] })
    expect(validateBatches(bytes, { ...rules, timestampBeforeMaxMs: 10, timestampAfterMaxMs: 10 }).maxTimestampMs).toBe(nowMs + 10)
  })

  it('does not ask the producer for good times where the broker sets them', () => {
    const bytes = buildBatch(records, { codec })
    const summary = validateBatches(bytes, {
      ...rules,
      timestampType: 'log-append',
      nowMs: nowMs + 99,
      timestampBeforeMaxMs: 0,
      timestampAfterMaxMs: 0,
    })
    expect(summary.maxTimestampMs).toBe(nowMs + 99)
    expect(decodeBatch(bytes)).toMatchObject({ logAppendTime: true, maxTimestampMs: nowMs + 99 })
    expect(refusal(bytes, { timestampType: 'log-append' }).reason).toBe('invalid-timestamp')
  })

  it('takes a record without a time', () => {
    expect(
      validateBatches(buildBatch([{ value: 'x' }], { codec }), { ...rules, timestampBeforeMaxMs: 1, timestampAfterMaxMs: 1 }).maxTimestampMs,
    ).toBe(-1)
  })

  it('corrects a largest timestamp that the records deny, and the timestamp type', () => {
    const bytes = buildBatch(records, { codec, logAppendTimeMs: nowMs + 5000 })
    const crc = crcOf(bytes)
    expect(validateBatches(bytes, rules).maxTimestampMs).toBe(nowMs + 10)
    expect([maxTimestampOf(bytes), isLogAppendTime(bytes), attributesOf(bytes)]).toEqual([nowMs + 10, false, codec])
    expect(crcOf(bytes)).not.toBe(crc)
    expect(validateBatches(bytes, rules).offsetCount).toBe(3)
  })
})

describe.each([1, 2, 3, 4])('compressed data, codec %i', (codec) => {
  it('refuses garbage as corrupt', () => {
    const bytes = rewrap(buildBatch(records), Buffer.from('this was never compressed by anybody'), 0)
    bytes[22] = codec
    sealBatch(bytes)
    expect(refusal(bytes).reason).toBe('corrupt-message')
  })

  it('refuses what grows beyond the limit, before it has grown', () => {
    const bomb = buildBatch([{ value: Buffer.alloc(32 << 20) }], { codec })
    const before = process.memoryUsage()
    expect(refusal(bomb, { batchBytesMax: 1 << 30, decompressedBytesMax: 1 << 20 }).reason).toBe('message-too-large')
    const after = process.memoryUsage()
    expect(after.arrayBuffers + after.heapUsed - before.arrayBuffers - before.heapUsed).toBeLessThan(8 << 20)
  })

  it('leaves the records unread where it is told to', () => {
    const bytes = changed((b) => b.fill(0, 64), records, codec)
    expect(validateBatches(bytes, { ...rules, checkRecords: false }).offsetCount).toBe(3)
  })
})

/** The header of `plain` over other records, compressed. */
function rewrap(plain: Buffer, body: Buffer, codec: number): Buffer {
  const bytes = Buffer.concat([plain.subarray(0, 61), compress(codec, body)])
  bytes.writeInt32BE(bytes.length - 12, 8)
  bytes[22] = codec
  sealBatch(bytes)
  return bytes
}
