// An array of a message that is encoded element by element, as the elements are made: only their bytes are kept, and whoever makes very many can let others have a turn in
// between. Equal parts of many elements need be encoded once: an Items may stand in any number of elements. What the elements are is the declaration's business.

import { isFlexible } from './codec.ts'
import { codecOf } from './compile.ts'
import type { Api, Body, Field, Piecewise } from './schema.ts'
import { type EncodedItems, Writer } from './writer.ts'

/** A writer is put away when it holds this much: growing it further would copy what is there, and the last growth would leave half of it empty. */
const pieceBytes = 64 * 1024

export class Items<Element> implements EncodedItems<Element> {
  declare readonly element?: Element
  readonly #encode: (writer: Writer, element: Record<string, unknown>) => void
  #parts: Buffer[] = []
  #writer = new Writer()
  #length = 0

  constructor(encode: (writer: Writer, element: Record<string, unknown>) => void) {
    this.#encode = encode
  }

  /** Elements added so far. */
  get length(): number {
    return this.#length
  }

  add(element: Element): void {
    this.#length++
    this.#encode(this.#writer, element as Record<string, unknown>)
    if (this.#writer.length >= pieceBytes) this.#putAway(pieceBytes + pieceBytes / 4)
  }

  /** The elements' bytes, in order. More may be added afterwards. */
  encoded(): readonly Buffer[] {
    if (this.#writer.length > 0) this.#putAway()
    return this.#parts
  }

  #putAway(nextBytes?: number): void {
    for (const part of this.#writer.parts()) this.#parts.push(part)
    this.#writer = new Writer(nextBytes)
  }
}

/** An empty array for a field of an API's response: `itemsOf(metadata, version, metadata.response.fields.topics)`. */
export function itemsOf<E extends Field>(api: Api, version: number, array: { readonly element: E }): Items<ElementOf<E>> {
  return new Items(codecOf(array.element as unknown as Body, version, isFlexible(api, version)).encode)
}

/** What is given to encode one element. */
export type ElementOf<F> = F extends Field<infer _Out, infer In, infer _Optional> ? Piecewise<In> : never
