// The text of a body: the fast way and the obvious one give the same.
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { parseBody, textOf } from '../../src/kinesis/body-codec.ts'

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

test('a body of more values than any request has is refused before they are made', () => {
  const many = 300_000
  expect(() => parseBody(Buffer.from(`{"a":[${'0,'.repeat(many)}0]}`), 'json')).toThrow(expect.objectContaining({ type: 'SerializationException' }))
  expect(() => parseBody(Buffer.from(`{"a":${'['.repeat(many)}${']'.repeat(many)}}`), 'json')).toThrow(
    expect.objectContaining({ type: 'SerializationException' }),
  )
  const head = Buffer.from([0xa1, 0x61, 0x61, 0x9a, 0, 0, 0, 0])
  head.writeUInt32BE(many, 4)
  expect(() => parseBody(Buffer.concat([head, Buffer.alloc(many, 1)]), 'cbor')).toThrow(expect.objectContaining({ type: 'SerializationException' }))
})

test('the largest PutRecords passes, whatever its partition keys are', () => {
  const record = { PartitionKey: ',[{:'.repeat(64), ExplicitHashKey: '1', Data: 'A'.repeat(12_000) }
  const records = Array.from({ length: 500 }, () => record)
  expect(parseBody(Buffer.from(JSON.stringify({ StreamName: 's', Records: records })), 'json')['Records']).toHaveLength(500)
})
