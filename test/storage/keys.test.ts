// Keys sort as their parts do, and come back as they went in.
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { afterPrefix, chunkBound, chunkKey, chunkOfKey, decodeTuple, encodeTuple, rowKey } from '../../storage/keys.ts'
import type { Key, KeyPart } from '../../storage/tables.ts'

const part = fc.oneof(
  fc.double({ noNaN: true }).map((value) => (value === 0 ? 0 : value)),
  fc.integer(),
  fc.maxSafeInteger(),
  fc.string({ unit: fc.constantFrom('\0', 'a', 'b', '\u{1}', 'é', '\u{1f600}', '￿') }),
)
const key = fc.array(part, { maxLength: 4 })

function comparePart(a: KeyPart, b: KeyPart): number {
  if (typeof a === 'number' && typeof b === 'number') return a - b || (a < b ? -1 : a > b ? 1 : 0)
  if (typeof a === 'string' && typeof b === 'string') return Buffer.compare(Buffer.from(a), Buffer.from(b))
  return typeof a === 'number' ? -1 : 1
}

function compare(a: Key, b: Key): number {
  for (let i = 0; i < Math.min(a.length, b.length); i++) {
    const order = comparePart(a[i]!, b[i]!)
    if (order !== 0) return order
  }
  return a.length - b.length
}

test('tuples come back as they went in', () => {
  fc.assert(
    fc.property(key, (parts) => {
      expect(decodeTuple(encodeTuple(parts))).toEqual(parts)
    }),
  )
})

test('encoded tuples sort as the tuples do', () => {
  fc.assert(
    fc.property(key, key, (a, b) => {
      expect(Math.sign(Buffer.compare(encodeTuple(a), encodeTuple(b)))).toBe(Math.sign(compare(a, b)))
    }),
    { numRuns: 2000 },
  )
})

test('exactly the keys that begin with a prefix lie between it and its end', () => {
  fc.assert(
    fc.property(key, key, (prefix, other) => {
      const bytes = encodeTuple(other)
      const from = encodeTuple(prefix)
      const inside = Buffer.compare(bytes, from) >= 0 && Buffer.compare(bytes, afterPrefix(from)) < 0
      expect(inside).toBe(other.length >= prefix.length && compare(other.slice(0, prefix.length), prefix) === 0)
    }),
    { numRuns: 2000 },
  )
})

test('a row key that is too long is refused, NaN too', () => {
  expect(() => rowKey('table', ['x'.repeat(2000)])).toThrow(/2009 bytes; at most 1900/)
  expect(() => encodeTuple([Number.NaN])).toThrow(RangeError)
})

test('chunk keys carry their facts and sort by partition and offset', () => {
  const chunk = { baseOffset: 2 ** 40 + 3, endOffset: 2 ** 53 - 1, position: 2 ** 45, maxTimestampMs: -1, runningMaxTimestampMs: 1.7e12 }
  expect(chunkOfKey(chunkKey(2 ** 33 + 1, chunk))).toEqual(chunk)
  const keys = [
    chunkBound(1, 0),
    chunkKey(1, { ...chunk, baseOffset: 0 }),
    chunkKey(1, { ...chunk, baseOffset: 255 }),
    chunkBound(1, 256),
    chunkKey(1, { ...chunk, baseOffset: 256 }),
    chunkKey(1, { ...chunk, baseOffset: 2 ** 32 }),
    chunkBound(2, 0),
    chunkKey(2 ** 32, { ...chunk, baseOffset: 0 }),
  ]
  expect([...keys].sort(Buffer.compare)).toEqual(keys)
})
