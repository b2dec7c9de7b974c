// Shard iterators: what is sealed comes back, nothing else opens, and AWS's outer form holds.
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { javaDate, TokenSeal } from '../../src/kinesis/iterator.ts'
import { seededRandom, systemRandom } from '../../src/random.ts'

const seal = new TokenSeal(Buffer.alloc(32, 7), systemRandom)
const position = fc.record({
  topicId: fc.stringMatching(/^[A-Za-z0-9_-]{22}$/),
  streamName: fc.stringMatching(/^[a-zA-Z0-9_.-]{1,128}$/),
  shardIndex: fc.nat(2 ** 31 - 1),
  offset: fc.maxSafeNat(),
  issuedMs: fc.nat(4_000_000_000_000),
})

test('an iterator brings its position back, also in quotes, and fits AWS’s 512 characters', () => {
  fc.assert(
    fc.property(position, (at) => {
      const text = seal.sealIterator(at)
      expect(text.length).toBeLessThanOrEqual(512)
      expect(seal.openIterator(text)).toEqual(at)
      expect(seal.openIterator(`"${text}"`)).toEqual(at)
      const bytes = Buffer.from(text, 'base64')
      expect(bytes.subarray(0, 8).toString('hex')).toBe('0000000000000001')
      expect((bytes.length - 152) % 16).toBe(0)
    }),
  )
})

test('an iterator with any bit changed does not open', () => {
  fc.assert(
    fc.property(position, fc.nat(), (at, where) => {
      const bytes = Buffer.from(seal.sealIterator(at), 'base64')
      const bit = where % (bytes.length * 8)
      bytes[bit >> 3]! ^= 1 << (bit & 7)
      expect(seal.openIterator(bytes.toString('base64'))).toBeNull()
    }),
  )
})

test('no text opens that was not sealed here', () => {
  fc.assert(fc.property(fc.oneof(fc.string(), fc.base64String({ minLength: 200, maxLength: 400 })), (text) => seal.openIterator(text) === null))
  const at = { topicId: 'a', streamName: 'b', shardIndex: 0, offset: 0, issuedMs: 0 }
  expect(new TokenSeal(Buffer.alloc(32, 8), systemRandom).openIterator(seal.sealIterator(at))).toBeNull()
  expect(seal.openIterator(seal.seal('page/ListStreams', ['a', 'b', 0, 0, 0]))).toBeNull()
})

test('two iterators for one position differ', () => {
  const at = { topicId: 'a', streamName: 'b', shardIndex: 0, offset: 0, issuedMs: 0 }
  expect(seal.sealIterator(at)).not.toBe(seal.sealIterator(at))
  const seeded = () => new TokenSeal(Buffer.alloc(32, 7), seededRandom(1))
  expect(seeded().sealIterator(at)).toBe(seeded().sealIterator(at))
})

test('times read as Java prints them', () => {
  expect(javaDate(Date.UTC(2015, 0, 22, 1, 22, 2))).toBe('Thu Jan 22 01:22:02 UTC 2015')
})
