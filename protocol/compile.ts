// Straight-line decode and encode functions for one declaration in one version, made as source text on first use and cached.
// Says the same as interpret.ts, which takes over where code generation is forbidden.
import { checkTagEnd, interpretDecode, interpretEncode, nullOrRefuse } from './interpret.ts'
import type { Reader } from './reader.ts'
import { type Body, bytesMinOf, defaultOf, type Field, type Fields, inVersion } from './schema.ts'
import { Writer } from './writer.ts'

export interface Codec {
  decode(r: Reader): Record<string, unknown>
  encode(w: Writer, value: Record<string, unknown>): void
}

const cache = new WeakMap<Body, Map<number, Codec>>()

/** The codec of a message body in one version. */
export function codecOf(body: Body, version: number, flexible: boolean): Codec {
  let versions = cache.get(body)
  if (!versions) cache.set(body, (versions = new Map()))
  let codec = versions.get(version)
  if (!codec) versions.set(version, (codec = compile(body.fields, version, flexible) ?? interpreted(body.fields, version, flexible)))
  return codec
}

export function interpreted(fields: Fields, version: number, flexible: boolean): Codec {
  return {
    decode: (r) => interpretDecode(fields, version, flexible, r),
    encode: (w, value) => interpretEncode(fields, version, flexible, w, value),
  }
}

/** Null where the process may not make code from text. */
export function compile(fields: Fields, version: number, flexible: boolean): Codec | null {
  const source = new Source(version, flexible)
  const decode = source.decoder(fields)
  const encode = source.encoder(fields)
  const text = `'use strict';\n${source.functions.join('\n')}\nreturn { decode: ${decode}, encode: ${encode} }`
  try {
    const make = new Function('fields', 'defaultOf', 'checkTagEnd', 'nullOrRefuse', 'Writer', text)
    return make(source.fields, defaultOf, checkTagEnd, nullOrRefuse, Writer) as Codec
  } catch (error) {
    if (error instanceof EvalError) return null
    throw error
  }
}

/** Collects the functions of one codec, one per struct and direction. */
class Source {
  readonly functions: string[] = []
  /** Fields that the text refers to by number: for defaults and comparisons that have no literal. */
  readonly fields: Field[] = []
  #version: number
  #flexible: boolean

  constructor(version: number, flexible: boolean) {
    this.#version = version
    this.#flexible = flexible
  }

  #look(field: Field) {
    return inVersion(field, this.#version, this.#flexible)
  }

  #ref(field: Field): string {
    return `fields[${this.fields.push(field) - 1}]`
  }

  #add(parameters: string, body: string): string {
    const name = `f${this.functions.length}`
    this.functions.push(`function ${name}(${parameters}) {\n${body}\n}`)
    return name
  }

  #default(field: Field): string {
    const value = defaultOf(field)
    if (value === null || typeof value === 'number' || typeof value === 'boolean' || typeof value === 'string') return JSON.stringify(value)
    if (field.kind === 'array') return '[]'
    if (field.kind === 'struct') {
      const members = Object.entries(field.fields!).map(([name, inner]) => `${name}: ${this.#default(inner)}`)
      return `{ ${members.join(', ')} }`
    }
    return `defaultOf(${this.#ref(field)})`
  }

  decoder(fields: Fields): string {
    const members: string[] = []
    const cases: string[] = []
    for (const [name, field] of Object.entries(fields)) {
      const { present, tagged, nullable } = this.#look(field)
      members.push(`${name}: ${present && !tagged ? this.#read(field, nullable) : this.#default(field)}`)
      if (present && tagged) cases.push(`case ${field.options.tag}: o.${name} = ${this.#read(field, nullable)}; checkTagEnd(r.at, end, tag); break`)
    }
    // Members of an object literal are evaluated in order, so this reads in order and always makes the same shape.
    const tags = !this.#flexible
      ? ''
      : cases.length === 0
        ? 'r.skipTags();'
        : `for (let left = r.unsignedVarint(); left > 0; left--) {
  const tag = r.unsignedVarint(), end = r.unsignedVarint() + r.at
  switch (tag) { ${cases.join('\n')}
  default: r.take(end - r.at) }
}`
    return this.#add('r', `const o = { ${members.join(', ')} }\n${tags}\nreturn o`)
  }

  #read(field: Field, nullable: boolean): string {
    const compact = this.#flexible
    switch (field.kind) {
      case 'string':
        return `r.${nullable ? (compact ? 'compactNullableString' : 'nullableString') : compact ? 'compactString' : 'string'}()`
      case 'records':
      case 'bytes':
        if (nullable || field.kind === 'records') return `r.${compact ? 'compactNullableBytesView' : 'nullableBytesView'}()`
        return `r.${compact ? 'compactBytesView' : 'bytesView'}()`
      case 'array':
        return `${this.#arrayReader(field.element!, nullable)}(r)`
      case 'struct': {
        const read = `${this.decoder(field.fields!)}(r)`
        return nullable ? `(r.int8() < 0 ? null : ${read})` : read
      }
      default:
        return `r.${field.kind}()`
    }
  }

  #arrayReader(element: Field, nullable: boolean): string {
    const bytesMin = bytesMinOf(element, this.#version, this.#flexible)
    return this.#add(
      'r',
      `const count = r.count(${this.#flexible}, ${bytesMin})
if (count === -1) return nullOrRefuse(${nullable})
const out = []
for (let i = 0; i < count; i++) out.push(${this.#read(element, false)})
return out`,
    )
  }

  encoder(fields: Fields): string {
    const lines: string[] = []
    const tagged: { tag: number; name: string; field: Field }[] = []
    for (const [name, field] of Object.entries(fields)) {
      const look = this.#look(field)
      if (!look.present) continue
      const value = field.options.default === undefined ? `v.${name}` : `(v.${name} === undefined ? ${this.#default(field)} : v.${name})`
      if (look.tagged) tagged.push({ tag: field.options.tag!, name, field })
      else lines.push(this.#write(field, look.nullable, 'w', value))
    }
    if (this.#flexible) lines.push(this.#writeTags(tagged))
    return this.#add('w, v', lines.join('\n'))
  }

  #writeTags(tagged: { tag: number; name: string; field: Field }[]): string {
    if (tagged.length === 0) return 'w.unsignedVarint(0)'
    const sorted = tagged.sort((a, b) => a.tag - b.tag)
    const sent = sorted.map(
      ({ tag, field, name }) => `const t${tag} = v.${name}, s${tag} = t${tag} !== undefined && (${this.#differs(field, `t${tag}`)})`,
    )
    const writes = sorted.map(
      ({ tag, field }) => `if (s${tag}) { const t = new Writer()
${this.#write(field, this.#look(field).nullable, 't', `t${tag}`)}
w.unsignedVarint(${tag}); w.unsignedVarint(t.length); w.raw(t.parts()) }`,
    )
    return [...sent, `w.unsignedVarint(${sorted.map(({ tag }) => `s${tag}`).join(' + ')})`, ...writes].join('\n')
  }

  /** The negation of isDefault as an expression: every partition of every answer asks, so nothing may be made for it. */
  #differs(field: Field, value: string): string {
    const plain = defaultOf(field)
    if (plain === null) return `${value} !== null`
    if (field.kind === 'array' || field.kind === 'bytes') return `${value} === null || ${value}.length > 0`
    if (field.kind !== 'struct') return `${value} !== ${JSON.stringify(plain)}`
    const members = Object.entries(field.fields!).map(([name, inner]) => {
      const member = `${value}.${name}`
      return `${member} !== undefined && (${this.#differs(inner, member)})`
    })
    return [`${value} === null`, ...members].join(' || ')
  }

  #write(field: Field, nullable: boolean, w: string, value: string): string {
    const compact = this.#flexible
    switch (field.kind) {
      case 'string':
        return `${w}.${nullable ? (compact ? 'compactNullableString' : 'nullableString') : compact ? 'compactString' : 'string'}(${value})`
      case 'records':
      case 'bytes':
        if (nullable || field.kind === 'records') return `${w}.${compact ? 'compactNullableBytes' : 'nullableBytes'}(${value})`
        return `${w}.${compact ? 'compactBytes' : 'byteString'}(${value})`
      case 'array':
        return `${this.#arrayWriter(field.element!, nullable)}(${w}, ${value})`
      case 'struct': {
        const write = this.encoder(field.fields!)
        return nullable ? `{ const s = ${value}; ${w}.int8(s === null ? -1 : 1); if (s !== null) ${write}(${w}, s) }` : `${write}(${w}, ${value})`
      }
      default:
        return `${w}.${field.kind}(${value})`
    }
  }

  #arrayWriter(element: Field, nullable: boolean): string {
    return this.#add(
      'w, v',
      `${nullable ? `if (v === null) { w.count(-1, ${this.#flexible}); return }` : ''}
w.count(v.length, ${this.#flexible})
if (v.encoded !== undefined) { w.raw(v.encoded()); return }
for (let i = 0; i < v.length; i++) ${this.#write(element, false, 'w', 'v[i]')}`,
    )
  }
}
