// JSON bodies in their plainest form -> typed input in one pass over the bytes: no text of the whole body, no object of wire values, base64 decoded from
// where it stands into one block of memory. Whatever is not plain (an escape, a letter beyond ASCII, null, an unknown or repeated member, a value of another
// type, a mistake) is not judged here: the answer is null, and JSON.parse with shape-convert.ts, the obvious way, takes the body and finds AWS's words for it.
import type { Loans } from '../lent-memory.ts'
import type { MemberNode, Node, StructureNode } from './shape.ts'
import { type Converted, hasStrayBits } from './shape-convert.ts'

interface PlainMember {
  readonly name: string
  /** The name on the wire. */
  readonly wire: Buffer
  readonly node: PlainNode
}

interface PlainNode {
  readonly kind: Node['kind']
  /** Of a structure. */
  readonly members: readonly PlainMember[]
  /** Of a list. */
  readonly item: PlainNode | null
}

const quote = 0x22
const backslash = 0x5c
const comma = 0x2c
const colon = 0x3a
const minus = 0x2d
const zero = 0x30
const nine = 0x39
const openBrace = 0x7b
const closeBrace = 0x7d
const openBracket = 0x5b
const closeBracket = 0x5d
/** Every integer of so many digits is exact. */
const integerDigitsMax = 15
const int32Max = 2 ** 31 - 1
/** What a reading method answers where it gives up. */
const notPlain = undefined
const noData = Buffer.alloc(0)
const textCharsMax = 32 * 1024

const compiled = new WeakMap<StructureNode, PlainNode>()

/** The typed input of an operation, as `convertStructure` would give it, its blobs in memory of `loans`; null where the body is not plain. */
export function readPlain(body: Buffer, declared: StructureNode, loans: Loans): Converted | null {
  let node = compiled.get(declared)
  if (!node) compiled.set(declared, (node = compile(declared)))
  return new PlainReader(body, loans).whole(node)
}

const compile = (node: Node): PlainNode => ({
  kind: node.kind,
  members: node.kind === 'structure' ? node.members.map(compileMember) : [],
  item: node.kind === 'list' ? compile(node.member) : null,
})
const compileMember = ({ name, wireName, node }: MemberNode): PlainMember => ({ name, wire: Buffer.from(wireName), node: compile(node) })

/** Every reading method answers `notPlain` where it gives up; nothing is read after that. */
class PlainReader {
  readonly #body: Buffer
  readonly #loans: Loans
  #at = 0
  /** Decoded base64, one value after the other. */
  #data: Buffer | null = null
  #dataAt = 0
  /** A piece of the body, from there on. */
  #text = ''
  #textFrom = 0

  constructor(body: Buffer, loans: Loans) {
    this.#body = body
    this.#loans = loans
  }

  whole(node: PlainNode): Converted | null {
    if (this.#token() !== openBrace) return null
    const value = this.#structure(node)
    this.#token()
    return value === notPlain || this.#at < this.#body.length ? null : value
  }

  /** Skips white space; the byte that is next, -1 at the end. */
  #token(): number {
    const body = this.#body
    for (; this.#at < body.length; this.#at++) {
      const byte = body[this.#at]!
      if (byte !== 0x20 && byte !== 0x0a && byte !== 0x0d && byte !== 0x09) return byte
    }
    return -1
  }

  #value(node: PlainNode): unknown {
    const next = this.#token()
    switch (node.kind) {
      case 'string':
        return next === quote ? this.#string() : notPlain
      case 'blob':
        return next === quote ? this.#blob() : notPlain
      case 'structure':
        return next === openBrace ? this.#structure(node) : notPlain
      case 'list':
        return next === openBracket ? this.#list(node.item!) : notPlain
      case 'integer': {
        const value = this.#integer(next)
        return value === notPlain || Math.abs(value) > int32Max ? notPlain : value
      }
      case 'long':
        return this.#integer(next)
      default:
        return notPlain
    }
  }

  #structure({ members }: PlainNode): Converted | undefined {
    const value: Converted = {}
    this.#at++
    if (this.#token() === closeBrace) {
      this.#at++
      return value
    }
    /** Clients write members in an order of their own, but always in the same. */
    let likely = 0
    for (;;) {
      const place = this.#token() === quote ? this.#memberAt(members, likely) : -1
      if (place === -1 || this.#token() !== colon) return notPlain
      this.#at++
      const { name, node } = members[place]!
      if (value[name] !== undefined) return notPlain
      const read = this.#value(node)
      if (read === notPlain) return notPlain
      value[name] = read
      likely = place + 1
      const next = this.#token()
      this.#at++
      if (next === closeBrace) return value
      if (next !== comma) return notPlain
    }
  }

  /** Reads a name; which member it is, -1 for none. */
  #memberAt(members: readonly PlainMember[], likely: number): number {
    for (let i = 0; i < members.length; i++) {
      const place = (likely + i) % members.length
      const { wire } = members[place]!
      const end = this.#at + 1 + wire.length
      if (this.#body[end] !== quote || !this.#stands(wire)) continue
      this.#at = end + 1
      return place
    }
    return -1
  }

  #stands(wire: Buffer): boolean {
    const from = this.#at + 1
    for (let i = 0; i < wire.length; i++) if (this.#body[from + i] !== wire[i]) return false
    return true
  }

  #list(item: PlainNode): unknown[] | undefined {
    const values: unknown[] = []
    this.#at++
    if (this.#token() === closeBracket) {
      this.#at++
      return values
    }
    for (;;) {
      const read = this.#value(item)
      if (read === notPlain) return notPlain
      values.push(read)
      const next = this.#token()
      this.#at++
      if (next === closeBracket) return values
      if (next !== comma) return notPlain
    }
  }

  #string(): string | undefined {
    const body = this.#body
    const from = this.#at + 1
    for (let at = from; at < body.length; at++) {
      const byte = body[at]!
      if (byte === quote) {
        this.#at = at + 1
        return body.toString('latin1', from, at)
      }
      if (byte < 0x20 || byte > 0x7e || byte === backslash) return notPlain
    }
    return notPlain
  }

  /** As strict as the obvious way: whole groups of four, the standard alphabet, no stray bits. */
  #blob(): Buffer | undefined {
    const body = this.#body
    const from = this.#at + 1
    const text = this.#textBefore(from)
    if (text === notPlain || text.length % 4 !== 0) return notPlain
    const { length } = text
    this.#at = from + length + 1
    if (length === 0) return noData
    const pads = text.endsWith('==') ? 2 : text.endsWith('=') ? 1 : 0
    if (hasStrayBits(text, pads) || text.includes('-') || text.includes('_')) return notPlain
    this.#data ??= this.#loans.take(Math.ceil(((body.length - from) / 4) * 3))
    const start = this.#dataAt
    // Node skips what is not base64: a full length means that nothing was skipped.
    this.#dataAt += this.#data.write(text, start, 'base64')
    return this.#dataAt - start === (length / 4) * 3 - pads ? this.#data.subarray(start, this.#dataAt) : notPlain
  }

  /** The text before the next quotation mark. Many values lie in one piece of text: to make one of each costs as much as to decode it. */
  #textBefore(from: number): string | undefined {
    let end = this.#text.indexOf('"', from - this.#textFrom)
    if (end < 0) {
      this.#textFrom = from
      this.#text = this.#body.toString('latin1', from, from + textCharsMax)
      end = this.#text.indexOf('"')
    }
    if (end >= 0) return this.#text.slice(from - this.#textFrom, end)
    const far = this.#body.indexOf(quote, from)
    return far < 0 ? notPlain : this.#body.toString('latin1', from, far)
  }

  #integer(first: number): number | undefined {
    const body = this.#body
    const from = first === minus ? this.#at + 1 : this.#at
    let at = from
    let value = 0
    for (let byte = body[at]; byte !== undefined && byte >= zero && byte <= nine; byte = body[++at]) value = value * 10 + byte - zero
    const digits = at - from
    // JSON knows no leading zeros, and -0 is not what 0 is. A fraction or an exponent is left standing, which nobody takes for the end of a value.
    if (digits === 0 || digits > integerDigitsMax || (body[from] === zero && (digits > 1 || first === minus))) return notPlain
    this.#at = at
    return first === minus ? -value : value
  }
}
