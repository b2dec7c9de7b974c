// The obvious codec: walks a declaration and reads or writes field by field. Oracle for compile.ts, and what runs where code
// generation is forbidden.
import { DecodeError, type Reader } from './reader.ts'
import { bytesMinOf, defaultOf, type Field, type Fields, inVersion } from './schema.ts'
import { type Bytes, type EncodedItems, Writer } from './writer.ts'

type Struct = Record<string, unknown>

export function interpretDecode(fields: Fields, version: number, flexible: boolean, r: Reader): Struct {
  const out: Struct = {}
  const tagged = new Map<number, [string, Field]>()
  for (const [name, field] of Object.entries(fields)) {
    const look = inVersion(field, version, flexible)
    if (look.present && !look.tagged) out[name] = readValue(field, version, flexible, look.nullable, r)
    else out[name] = defaultOf(field)
    if (look.present && look.tagged) tagged.set(field.options.tag!, [name, field])
  }
  if (flexible) readTags(tagged, out, version, r)
  return out
}

function readTags(tagged: ReadonlyMap<number, [string, Field]>, out: Struct, version: number, r: Reader): void {
  for (let left = r.unsignedVarint(); left > 0; left--) {
    const tag = r.unsignedVarint()
    const size = r.unsignedVarint()
    const known = tagged.get(tag)
    if (!known) {
      r.take(size)
      continue
    }
    const [name, field] = known
    const end = r.at + size
    out[name] = readValue(field, version, true, inVersion(field, version, true).nullable, r)
    checkTagEnd(r.at, end, tag)
  }
}

/** A tagged field must be as long as it says. */
export function checkTagEnd(at: number, end: number, tag: number): void {
  if (at !== end) throw new DecodeError(`tagged field ${tag} ends at ${at} instead of ${end}`)
}

function readValue(field: Field, version: number, flexible: boolean, nullable: boolean, r: Reader): unknown {
  switch (field.kind) {
    case 'string':
      if (flexible) return nullable ? r.compactNullableString() : r.compactString()
      return nullable ? r.nullableString() : r.string()
    case 'bytes':
      if (flexible) return nullable ? r.compactNullableBytesView() : r.compactBytesView()
      return nullable ? r.nullableBytesView() : r.bytesView()
    case 'records':
      return flexible ? r.compactNullableBytesView() : r.nullableBytesView()
    case 'array': {
      const element = field.element!
      const count = r.count(flexible, bytesMinOf(element, version, flexible))
      if (count === -1) return nullOrRefuse(nullable)
      const out: unknown[] = []
      for (let i = 0; i < count; i++) out.push(readValue(element, version, flexible, false, r))
      return out
    }
    case 'struct':
      if (nullable && r.int8() < 0) return null
      return interpretDecode(field.fields!, version, flexible, r)
    default:
      return r[field.kind]()
  }
}

/** Null where the version has no null. */
export function nullOrRefuse(nullable: boolean): null {
  if (!nullable) throw new DecodeError('null where a value is needed')
  return null
}

export function interpretEncode(fields: Fields, version: number, flexible: boolean, w: Writer, value: Struct): void {
  const tagged: [number, Field, unknown][] = []
  for (const [name, field] of Object.entries(fields)) {
    const look = inVersion(field, version, flexible)
    if (!look.present) continue
    const given = value[name] === undefined ? defaultOf(field) : value[name]
    if (!look.tagged) writeValue(field, version, flexible, look.nullable, w, given)
    else if (!isDefault(field, given)) tagged.push([field.options.tag!, field, given])
  }
  if (!flexible) return
  w.unsignedVarint(tagged.length)
  for (const [tag, field, given] of tagged.sort(([a], [b]) => a - b)) {
    const inner = new Writer()
    writeValue(field, version, true, inVersion(field, version, true).nullable, inner, given)
    w.unsignedVarint(tag)
    w.unsignedVarint(inner.length)
    w.raw(inner.parts())
  }
}

/** A tagged field with its default is not sent. */
export function isDefault(field: Field, value: unknown): boolean {
  const plain = defaultOf(field)
  if (value === plain) return true
  if (value === null || plain === null) return false
  if (field.kind === 'array') return (value as unknown[]).length === 0
  if (field.kind === 'bytes') return Buffer.isBuffer(value) && value.length === 0
  if (field.kind !== 'struct') return false
  return Object.entries(field.fields!).every(([name, inner]) => {
    const part = (value as Struct)[name]
    return part === undefined || isDefault(inner, part)
  })
}

function writeValue(field: Field, version: number, flexible: boolean, nullable: boolean, w: Writer, value: unknown): void {
  switch (field.kind) {
    case 'string':
      if (nullable) flexible ? w.compactNullableString(value as string | null) : w.nullableString(value as string | null)
      else flexible ? w.compactString(value as string) : w.string(value as string)
      return
    case 'bytes':
    case 'records':
      if (nullable || field.kind === 'records') flexible ? w.compactNullableBytes(value as Bytes | null) : w.nullableBytes(value as Bytes | null)
      else flexible ? w.compactBytes(value as Bytes) : w.byteString(value as Bytes)
      return
    case 'array': {
      const elements = value as unknown[] | EncodedItems<unknown> | null
      if (elements === null && nullable) {
        w.count(-1, flexible)
        return
      }
      w.count(elements!.length, flexible)
      if (!Array.isArray(elements)) w.raw(elements!.encoded())
      else for (const element of elements) writeValue(field.element!, version, flexible, false, w, element)
      return
    }
    case 'struct':
      if (nullable) w.int8(value === null ? -1 : 1)
      if (value !== null || !nullable) interpretEncode(field.fields!, version, flexible, w, value as Struct)
      return
    default:
      writeScalar(field.kind, w, value)
  }
}

function writeScalar(
  kind: 'bool' | 'uuid' | 'int8' | 'int16' | 'uint16' | 'int32' | 'uint32' | 'int64' | 'float64',
  w: Writer,
  value: unknown,
): void {
  if (kind === 'bool') w.bool(value as boolean)
  else if (kind === 'uuid') w.uuid(value as string)
  else w[kind](value as number)
}
