// The tables in memory: rows kept as the bytes that the durable tables would store, under the same keys, in a sorted list.
import { afterPrefix, encodeTuple, rowKey, rowKeyParts } from './keys.ts'
import { unpackRow } from './rows.ts'
import type { Key, Table } from './tables.ts'

/** Rows of a memory store, changed synchronously. */
export class MemoryRows {
  readonly #rows = new Map<string, Buffer>()
  /** The keys of `#rows` as latin1 text, which sorts as the bytes do. */
  readonly #sorted: string[] = []

  put(key: string, row: Buffer): void {
    if (!this.#rows.has(key)) this.#sorted.splice(this.#firstAtOrAfter(key), 0, key)
    this.#rows.set(key, row)
  }

  delete(key: string): void {
    if (this.#rows.delete(key)) this.#sorted.splice(this.#firstAtOrAfter(key), 1)
  }

  get<Row>(table: Table<Row>, key: Key): Row | undefined {
    const bytes = this.#rows.get(rowText(table.name, key))
    return bytes && unpackRow<Row>(bytes)
  }

  list<Row>(table: Table<Row>, prefix: Key, limit: number): { key: Key; row: Row }[] {
    const from = encodeTuple([table.name, ...prefix])
    const end = afterPrefix(from).toString('latin1')
    const found: { key: Key; row: Row }[] = []
    for (let i = this.#firstAtOrAfter(from.toString('latin1')); i < this.#sorted.length && found.length < limit; i++) {
      const text = this.#sorted[i]!
      if (text >= end) break
      found.push({ key: rowKeyParts(Buffer.from(text, 'latin1')), row: unpackRow<Row>(this.#rows.get(text)!) })
    }
    return found
  }

  clear(): void {
    this.#rows.clear()
    this.#sorted.length = 0
  }

  #firstAtOrAfter(key: string): number {
    let low = 0
    let high = this.#sorted.length
    while (low < high) {
      const middle = (low + high) >> 1
      if (this.#sorted[middle]! < key) low = middle + 1
      else high = middle
    }
    return low
  }
}

/** A row's key as MemoryRows keeps it. */
export const rowText = (table: string, key: Key): string => rowKey(table, key).toString('latin1')
