// Memory for what one commit puts together: many small chunks side by side in a few blocks of the pool, which go back to it at once. A piece of the pool for each
// would be four times as large as a chunk of 1 KB, and lie on a page of its own.
import type { BufferPool } from './buffer-pool.ts'

const blockBytes = 256 * 1024

export class Slab {
  readonly #pool: BufferPool
  readonly #taken: Buffer[] = []
  #block: Buffer | null = null
  #at = 0

  constructor(pool: BufferPool) {
    this.#pool = pool
  }

  /** Exactly so many bytes, with anything in them, until `giveBack`. */
  take(bytes: number): Buffer {
    // What fills most of a block has memory of its own size.
    if (bytes * 4 > blockBytes) return this.#from(bytes)
    if (!this.#block || this.#at + bytes > blockBytes) {
      this.#block = this.#from(blockBytes)
      this.#at = 0
    }
    this.#at += bytes
    return this.#block.subarray(this.#at - bytes, this.#at)
  }

  /** Nobody reads or writes any of it from here on. A slab that is let go without it leaves its memory to the collector. */
  giveBack(): void {
    for (const buffer of this.#taken) this.#pool.give(buffer)
    this.#taken.length = 0
    this.#block = null
  }

  #from(bytes: number): Buffer {
    const buffer = this.#pool.take(bytes)
    this.#taken.push(buffer)
    return buffer
  }
}
