// Sequence numbers: AWS's layout, and the offset that comes back out of it.
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { cameFrom, offsetFrom, parseSequenceNumber, SequenceNumbers } from '../../src/kinesis/sequence.ts'

const shardIndex = fc.integer({ min: 0, max: 2 ** 31 - 1 })
const offset = fc.oneof(fc.nat(), fc.maxSafeNat())
const createdMs = fc.integer({ min: 1_400_000_000_000, max: 4_000_000_000_000 })
const timestampMs = fc.oneof(createdMs, fc.integer({ min: -5, max: 5 }), fc.constant(Number.MAX_SAFE_INTEGER))

test('the offset, the shard and its creation come back out of a sequence number', () => {
  fc.assert(
    fc.property(shardIndex, createdMs, offset, timestampMs, (index, created, at, ms) => {
      const text = new SequenceNumbers(index, created).at(at, ms)
      const position = parseSequenceNumber(text)
      expect(position).toEqual({ shardIndex: index, shardCreatedS: Math.floor(created / 1000) - 2, offset: at, before: false })
      expect(cameFrom(position!, index, created)).toBe(true)
      expect(text).toMatch(/^\d{56}$/)
    }),
  )
})

test('within a shard, order is by offset whatever the timestamps are', () => {
  fc.assert(
    fc.property(shardIndex, createdMs, offset, offset, timestampMs, timestampMs, (index, created, a, b, msA, msB) => {
      fc.pre(a < b)
      const numbers = new SequenceNumbers(index, created)
      expect(BigInt(numbers.at(a, msA)) < BigInt(numbers.at(b, msB))).toBe(true)
      expect(BigInt(numbers.at(b, msB)) < BigInt(numbers.end(created))).toBe(true)
    }),
  )
})

test('two shards never give the same sequence number', () => {
  fc.assert(
    fc.property(shardIndex, shardIndex, createdMs, offset, timestampMs, (a, b, created, at, ms) => {
      fc.pre(a !== b)
      expect(new SequenceNumbers(a, created).at(at, ms)).not.toBe(new SequenceNumbers(b, created).at(at, ms))
    }),
  )
})

test('no digit string makes the parser throw, and what it reads it would write', () => {
  fc.assert(
    fc.property(fc.oneof(fc.bigInt({ min: 0n, max: 1n << 190n }).map(String), fc.stringMatching(/^\d{0,129}$/), fc.string()), (text) => {
      const position = parseSequenceNumber(text)
      if (position) expect(BigInt(text) >> 184n).toBe(2n)
    }),
  )
})

test('the layout is AWS’s, digit for digit', () => {
  // 2 | second of creation, dated two back | low digit of the shard | index | 00 | second of the record | shard | 2
  const hex = BigInt(new SequenceNumbers(0x1f, 1_421_889_722_000).at(5, 1_421_889_723_456)).toString(16)
  expect(hex).toBe(
    `2${(1_421_889_720).toString(16).padStart(9, '0')}f${'5'.padStart(16, '0')}00${(1_421_889_723).toString(16).padStart(9, '0')}0000001f2`,
  )
})

test('the end of a closed shard reads as an offset above all', () => {
  expect(parseSequenceNumber(new SequenceNumbers(3, 1_500_000_000_000).end(1_500_000_100_000))?.offset).toBe(Number.POSITIVE_INFINITY)
})

test('a number before an offset is above the record before it and below the record at it, and AFTER it comes that record', () => {
  fc.assert(
    fc.property(shardIndex, createdMs, fc.nat(), timestampMs, timestampMs, (index, created, at, msA, msB) => {
      const numbers = new SequenceNumbers(index, created)
      const before = BigInt(numbers.before(at + 1))
      expect(BigInt(numbers.at(at, msA)) < before && before < BigInt(numbers.at(at + 1, msB))).toBe(true)
      const position = parseSequenceNumber(String(before))!
      expect([offsetFrom(position, 'AT_SEQUENCE_NUMBER'), offsetFrom(position, 'AFTER_SEQUENCE_NUMBER')]).toEqual([at + 1, at + 1])
      const record = parseSequenceNumber(numbers.at(at, msA))!
      expect([offsetFrom(record, 'AT_SEQUENCE_NUMBER'), offsetFrom(record, 'AFTER_SEQUENCE_NUMBER')]).toEqual([at, at + 1])
    }),
  )
})

test('numbers one after the other are what each by itself would be, as text and as digits', () => {
  const run = fc.array(fc.record({ jump: fc.oneof(fc.constant(1), fc.nat({ max: 3 })), second: fc.nat({ max: 1 }), digits: fc.boolean() }))
  fc.assert(
    fc.property(shardIndex, createdMs, fc.maxSafeNat(), run, (index, created, start, steps) => {
      const numbers = new SequenceNumbers(index, created)
      let at = Math.min(start, Number.MAX_SAFE_INTEGER - 1000)
      for (const { jump, second, digits } of steps) {
        at += jump
        const ms = created + second * 1000
        const into = Buffer.alloc(60, 'x')
        const text = digits ? into.toString('latin1', 3, numbers.write(into, 3, at, ms)) : numbers.at(at, ms)
        expect(text).toBe(new SequenceNumbers(index, created).at(at, ms))
      }
    }),
  )
})

test('a run carries from digit to digit', () => {
  const numbers = new SequenceNumbers(3, 1_763_722_000_000)
  const first = BigInt(numbers.at(0, 1_763_722_000_000))
  const wrong: number[] = []
  for (let at = 1; at < 20_000; at++) if (numbers.at(at, 1_763_722_000_000) !== String(first + (BigInt(at) << 80n))) wrong.push(at)
  expect(wrong).toEqual([])
})
