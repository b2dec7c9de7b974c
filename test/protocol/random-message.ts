// Random values for declared messages, version by version. Absent fields get their default, as decoding gives it.
import fc from 'fast-check'
import { defaultOf, type Field, type Fields, inVersion } from '../../protocol/schema.ts'

export function messageOf(fields: Fields, version: number, flexible: boolean): fc.Arbitrary<Record<string, unknown>> {
  const members: Record<string, fc.Arbitrary<unknown>> = {}
  for (const [name, field] of Object.entries(fields)) {
    const look = inVersion(field, version, flexible)
    members[name] = look.present ? anyOf(field, version, flexible, look.nullable) : fc.constant(null).map(() => defaultOf(field))
  }
  return fc.record(members)
}

const text = fc.string({ unit: 'grapheme', maxLength: 12 })

function anyOf(field: Field, version: number, flexible: boolean, nullable: boolean): fc.Arbitrary<unknown> {
  const plain = plainOf(field, version, flexible)
  return nullable || field.kind === 'records' ? fc.option(plain, { nil: null }) : plain
}

function plainOf(field: Field, version: number, flexible: boolean): fc.Arbitrary<unknown> {
  switch (field.kind) {
    case 'bool':
      return fc.boolean()
    case 'int8':
      return fc.integer({ min: -128, max: 127 })
    case 'int16':
      return fc.integer({ min: -32768, max: 32767 })
    case 'uint16':
      return fc.integer({ min: 0, max: 65535 })
    case 'int32':
      return fc.integer({ min: -(2 ** 31), max: 2 ** 31 - 1 })
    case 'uint32':
      return fc.integer({ min: 0, max: 2 ** 32 - 1 })
    case 'int64':
      return fc.oneof(fc.maxSafeInteger(), fc.constant(2 ** 63))
    case 'float64':
      return fc.double({ noNaN: true })
    case 'string':
      return text
    case 'uuid':
      return fc.uint8Array({ minLength: 16, maxLength: 16 }).map((bytes) => Buffer.from(bytes).toString('base64url'))
    case 'bytes':
    case 'records':
      return fc.uint8Array({ maxLength: 40 }).map((bytes) => Buffer.from(bytes))
    case 'array':
      return fc.array(anyOf(field.element!, version, flexible, false), { maxLength: 3 })
    case 'struct':
      return messageOf(field.fields!, version, flexible)
  }
}
