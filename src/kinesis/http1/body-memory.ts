// The body of one request while it arrives: read straight into the memory that it will lie in. Memory is taken for no more than a few times what has come, so that a
// client which announces much and sends little holds little. What may be held is body.ts's Budget.
import type { Loans } from '../../lent-memory.ts'

/** Memory is taken for so many times what has come ... */
const ahead = 16
/** ... and for so much at least. */
const aheadBytesMin = 64 * 1024

export class BodyMemory {
  readonly #length: number
  readonly #loans: Loans
  #bytes: Buffer
  #filled = 0

  /** `first` is what came with the head: at least a byte, not all of it, and gone after the call. */
  constructor(length: number, first: Buffer, loans: Loans) {
    this.#length = length
    this.#loans = loans
    this.#bytes = loans.take(Math.min(length, roomFor(first.length)))
    this.#bytes.set(first)
    this.#filled = first.length
  }

  /** Where the next bytes belong; never empty before the end. */
  get rest(): Buffer {
    return this.#bytes.subarray(this.#filled)
  }

  /** Bytes that have come elsewhere; no more than are missing. */
  add(bytes: Buffer): void {
    for (let at = 0; at < bytes.length; ) {
      const { rest } = this
      const count = Math.min(rest.length, bytes.length - at)
      bytes.copy(rest, 0, at, at + count)
      at += count
      this.filled(count)
    }
  }

  /** So many bytes have come into `rest`. */
  filled(count: number): void {
    this.#filled += count
    if (this.#filled < this.#bytes.length || this.missing === 0) return
    const larger = this.#loans.take(Math.min(this.#length, roomFor(this.#filled)))
    larger.set(this.#bytes)
    this.#bytes = larger
  }

  get missing(): number {
    return this.#length - this.#filled
  }

  get bytes(): Buffer {
    return this.#bytes
  }
}

const roomFor = (comeBytes: number): number => Math.max(aheadBytesMin, comeBytes * ahead)
