// The fast JSON writer beside the obvious one, on random outputs: the same bytes.
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { encodeJson } from '../../src/kinesis/json.ts'
import { encodeJsonBytes } from '../../src/kinesis/json-bytes.ts'
import { WireTime } from '../../src/kinesis/wire-time.ts'
import { LentMemory, Loans } from '../../src/lent-memory.ts'

const loans = (): Loans => new Loans(new LentMemory(0))

const codePoint = fc.oneof(fc.integer({ min: 0, max: 0x7f }), fc.integer({ min: 0x80, max: 0xd7ff }), fc.integer({ min: 0x1_0000, max: 0x10_ffff }))
const text = fc.array(codePoint).map((points) => String.fromCodePoint(...points))
const { value } = fc.letrec((tie) => ({
  value: fc.oneof(
    { maxDepth: 4 },
    fc.oneof(text, fc.integer(), fc.boolean(), fc.constant(null)),
    fc.uint8Array({ maxLength: 300 }).map((bytes) => Buffer.from(bytes)),
    fc.nat().map((ms) => new WireTime(ms)),
    fc.array(tie('value')),
    fc.array(fc.tuple(text, fc.option(tie('value'), { nil: undefined }))).map((entries) => Object.fromEntries(entries)),
  ),
}))

test('bytes and text say the same', () => {
  fc.assert(fc.property(value, (output) => encodeJsonBytes(output, loans()).equals(Buffer.from(encodeJson(output)))))
})

test('an output larger than any buffer to begin with comes out whole', () => {
  const output = {
    Records: Array.from({ length: 3000 }, (_, i) => ({ Data: Buffer.alloc(i % 700, i), PartitionKey: 'ключ'.repeat(i % 9), n: i })),
    Next: 'x',
  }
  expect(encodeJsonBytes(output, loans()).equals(Buffer.from(encodeJson(output)))).toBe(true)
})

test('what has no JSON form is refused, as the other one refuses it', () => {
  expect(() => encodeJsonBytes({ n: 1n }, loans())).toThrow('has no JSON form')
})
