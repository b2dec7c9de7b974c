// The text of a body: the fast way and the obvious one give the same.
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { textOf } from '../../src/kinesis/body-codec.ts'

test('a body reads as UTF-8, whether its bytes are ASCII or not', () => {
  const ascii = fc.array(fc.integer({ min: 0, max: 127 }))
  const bytes = fc.oneof(
    fc.uint8Array().map(Array.from<number>),
    ascii,
    fc.array(fc.integer({ min: 0x80, max: 0xd7ff })).map((points) => [...Buffer.from(String.fromCodePoint(...points))]),
  )
  fc.assert(
    fc.property(bytes, (given) => {
      const body = Buffer.from(given)
      expect(textOf(body)).toBe(body.toString('utf8'))
    }),
  )
})
