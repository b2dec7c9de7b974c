// Outputs -> JSON 1.1 as bytes: the fast way for answers with many records, where joined strings cost several times what their base64 does.
// json.ts is the obvious one, and says what the form is; both give the same bytes.
import type { Loans } from '../lent-memory.ts'
import { encodeJson, nameOf } from './json.ts'

/** A value that writes itself. */
export abstract class OwnJson {
  /** What it takes at most. */
  abstract readonly jsonBytesMax: number
  /** Answers where it ends. */
  abstract writeJson(into: Buffer, at: number): number
}

const startBytes = 64 * 1024
/** Memory that was never touched costs nothing, touching it anew for every copy does: few large steps. */
const growth = 4
/** Text gathers up to this before it is written: a call into the runtime per piece would cost more than the piece. */
const textCharsMax = 4096
/** UTF-8 bytes that one UTF-16 unit takes at most. */
const bytesPerChar = 3

/** The bytes of `encodeJson(value)`, in memory of `loans`. */
export function encodeJsonBytes(value: unknown, loans: Loans): Buffer {
  const writer = new JsonWriter(loans)
  writer.value(value)
  return writer.finish()
}

class JsonWriter {
  readonly #loans: Loans
  #bytes: Buffer
  #length = 0
  /** Written next. */
  #text = ''

  constructor(loans: Loans) {
    this.#loans = loans
    this.#bytes = loans.take(startBytes)
  }

  value(value: unknown): void {
    if (typeof value !== 'object' || value === null) this.#put(encodeJson(value))
    else if (Buffer.isBuffer(value)) this.#blob(value)
    else if (Array.isArray(value)) this.#list(value)
    else if (value instanceof OwnJson) this.#own(value)
    else if (Object.getPrototypeOf(value) === Object.prototype) this.#members(value as Record<string, unknown>)
    else this.#put(encodeJson(value))
  }

  finish(): Buffer {
    this.#flush()
    return this.#bytes.subarray(0, this.#length)
  }

  #list(items: readonly unknown[]): void {
    this.#text += '['
    for (let i = 0; i < items.length; i++) {
      if (i > 0) this.#text += ','
      this.value(items[i])
    }
    this.#text += ']'
  }

  #members(members: Record<string, unknown>): void {
    let before = '{'
    for (const name in members) {
      const value = members[name]
      if (value === undefined) continue
      this.#text += before + nameOf(name)
      this.value(value)
      before = ','
    }
    this.#put(before === '{' ? '{}' : '}')
  }

  #put(text: string): void {
    this.#text += text
    if (this.#text.length > textCharsMax) this.#flush()
  }

  /** Base64 is ASCII: it is written as it is. */
  #blob(blob: Buffer): void {
    this.#text += '"'
    this.#flush()
    const base64 = blob.toString('base64')
    this.#reserve(base64.length)
    this.#length += this.#bytes.write(base64, this.#length, 'latin1')
    this.#text = '"'
  }

  #own(value: OwnJson): void {
    this.#flush()
    this.#reserve(value.jsonBytesMax)
    this.#length = value.writeJson(this.#bytes, this.#length)
  }

  #flush(): void {
    if (this.#text.length === 0) return
    this.#reserve(this.#text.length * bytesPerChar)
    this.#length += this.#bytes.write(this.#text, this.#length, 'utf8')
    this.#text = ''
  }

  #reserve(more: number): void {
    const wanted = this.#length + more
    if (wanted <= this.#bytes.length) return
    const larger = this.#loans.take(Math.max(wanted, this.#bytes.length * growth))
    this.#bytes.copy(larger, 0, 0, this.#length)
    this.#bytes = larger
  }
}
