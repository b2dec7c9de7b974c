import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { compile, interpreted } from '../../protocol/compile.ts'
import { apis } from '../../protocol/messages/index.ts'
import { DecodeError, elementsMax, Reader } from '../../protocol/reader.ts'
import { arrayOf, bytes, int32, int64, records, string, struct } from '../../protocol/schema.ts'
import { Writer } from '../../protocol/writer.ts'
import { messageOf } from './random-message.ts'

const encoded = (codec: ReturnType<typeof interpreted>, value: Record<string, unknown>): Buffer => {
  const writer = new Writer()
  codec.encode(writer, value)
  const length = writer.length
  const bytes = writer.toBuffer()
  expect(bytes.length).toBe(length)
  return bytes
}

describe('compiled codecs say what the obvious one says', () => {
  for (const api of apis) {
    test(`${api.name}: every version, random values`, () => {
      for (const body of [api.request, api.response]) {
        for (let version = api.versions[0]; version <= api.versions[1]; version++) {
          const flexible = version >= api.flexibleSince
          const fast = compile(body.fields, version, flexible)
          if (!fast) throw new Error('code generation is forbidden here')
          const obvious = interpreted(body.fields, version, flexible)
          fc.assert(
            fc.property(messageOf(body.fields, version, flexible), (value) => {
              const bytes = encoded(obvious, value)
              expect(encoded(fast, value)).toEqual(bytes)
              expect(obvious.decode(new Reader(bytes))).toEqual(value)
              const reader = new Reader(bytes)
              expect(fast.decode(reader)).toEqual(value)
              expect(reader.left).toBe(0)
            }),
            { numRuns: 8 },
          )
        }
      }
    })
  }
})

test('random and mutated bytes are decoded or refused with DecodeError, alike by both codecs', () => {
  const all = apis.flatMap((api) => [api.request, api.response].map((body) => ({ api, body })))
  fc.assert(
    fc.property(
      fc.nat(),
      fc.nat(),
      fc.array(fc.tuple(fc.nat(), fc.integer({ min: 0, max: 255 })), { maxLength: 4 }),
      fc.nat(),
      fc.infiniteStream(fc.nat()),
      (pick, pickVersion, changes, cut, seeds) => {
        const { api, body } = all[pick % all.length]!
        const version = api.versions[0] + (pickVersion % (api.versions[1] - api.versions[0] + 1))
        const flexible = version >= api.flexibleSince
        const [value] = fc.sample(messageOf(body.fields, version, flexible), { numRuns: 1, seed: seeds.next().value as number })
        const whole = encoded(interpreted(body.fields, version, flexible), value!)
        const bytes = Buffer.from(cut % 3 === 0 ? whole.subarray(0, cut % (whole.length + 1)) : whole)
        for (const [at, byte] of changes) if (bytes.length > 0) bytes[at % bytes.length] = byte
        const outcome = (codec: ReturnType<typeof interpreted>): unknown => {
          try {
            return codec.decode(new Reader(bytes))
          } catch (error) {
            if (!(error instanceof DecodeError)) throw error
            return 'refused'
          }
        }
        expect(outcome(compile(body.fields, version, flexible)!)).toEqual(outcome(interpreted(body.fields, version, flexible)))
      },
    ),
    { numRuns: 2000 },
  )
})

test('a count that the bytes cannot hold is refused before memory is taken', () => {
  const list = struct({ items: arrayOf(struct({ id: int32(), name: string() })) })
  const lie = Buffer.alloc(4)
  lie.writeInt32BE(500_000_000)
  expect(() => interpreted(list.fields, 0, false).decode(new Reader(lie))).toThrow(/array of 500000000/)
})

test('a message of more elements than any client sends is refused before memory is taken, nested ones counted', () => {
  const list = struct({ groups: arrayOf(struct({ names: arrayOf(string()) })) })
  const many = (groups: number, names: number): Buffer => {
    const writer = new Writer()
    interpreted(list.fields, 0, true).encode(writer, { groups: Array(groups).fill({ names: Array(names).fill('') }) })
    return writer.toBuffer()
  }
  const codec = compile(list.fields, 0, true)!
  expect(codec.decode(new Reader(many(1, elementsMax - 1)))).toHaveProperty('groups')
  expect(() => codec.decode(new Reader(many(2, elementsMax / 2)))).toThrow(/more than 500000 array elements/)
})

test('a tagged struct is sent when one of its members differs from its default, and left out otherwise', () => {
  const leader = struct({ leader: struct({ id: int32({ default: -1 }), name: string({ nullableSince: 0, default: null }) }, { tag: 0 }) })
  const codec = compile(leader.fields, 0, true)!
  for (const plain of [{}, { leader: {} }, { leader: { id: -1, name: null } }]) expect(encoded(codec, plain)).toEqual(Buffer.from([0]))
  for (const value of [{ leader: { id: 3, name: null } }, { leader: { id: -1, name: '' } }]) {
    const bytes = encoded(codec, value)
    expect(bytes).toEqual(encoded(interpreted(leader.fields, 0, true), value))
    expect(codec.decode(new Reader(bytes))).toEqual(value)
  }
})

test('large byte fields leave as parts of their own, uncopied', () => {
  const codec = compile(struct({ first: bytes(), batches: records(), last: int64() }).fields, 0, true)!
  const large = [Buffer.alloc(5000, 1), Buffer.alloc(3000, 2)]
  const writer = new Writer()
  codec.encode(writer, { first: Buffer.from('small'), batches: large, last: 7 })
  const parts = writer.parts()
  expect(parts).toContain(large[0])
  expect(parts).toContain(large[1])
  expect(codec.decode(new Reader(Buffer.concat(parts)))).toEqual({ first: Buffer.from('small'), batches: Buffer.concat(large), last: 7 })
})

test('unknown tagged fields are stepped over', () => {
  const codec = compile(struct({ id: int32() }).fields, 0, true)!
  expect(codec.decode(new Reader(Buffer.from([0, 0, 0, 5, 1, 99, 2, 1, 2])))).toEqual({ id: 5 })
})

test('a field with a default may be left out', () => {
  const codec = compile(struct({ id: int32({ default: 9 }), name: string({ since: 0, nullableSince: 0, default: null }) }).fields, 0, false)!
  expect(codec.decode(new Reader(encoded(codec, {})))).toEqual({ id: 9, name: null })
})
