// Bytes that many connections hold together, against one limit. Who finds no room waits in line and is told when there is some.
// Knows nothing of sockets; connection.ts stops reading one while it waits.

/** One that waits for room. */
interface Waiting {
  bytes: number
  granted: () => void
}

/** A count of bytes held, with an upper bound and a queue. */
export class Budget {
  readonly bytesMax: number
  #heldBytes = 0
  #queue: Waiting[] = []

  /** A negative limit is none. */
  constructor(bytesMax: number) {
    this.bytesMax = bytesMax < 0 ? Number.POSITIVE_INFINITY : bytesMax
  }

  get heldBytes(): number {
    return this.#heldBytes
  }

  /** How many wait for room. */
  get waiting(): number {
    return this.#queue.length
  }

  /**
   * Takes `bytes` at once (true), or puts the caller in line (false): `granted` is called when they were taken for it. What is larger
   * than the whole limit passes when nothing else is held, so that it is late and not stuck.
   */
  claim(bytes: number, granted: () => void): boolean {
    if (this.#queue.length === 0 && this.#fits(bytes)) {
      this.#heldBytes += bytes
      return true
    }
    this.#queue.push({ bytes, granted })
    return false
  }

  release(bytes: number): void {
    this.#heldBytes -= bytes
    while (this.#queue.length > 0 && this.#fits(this.#queue[0]!.bytes)) {
      const next = this.#queue.shift()!
      this.#heldBytes += next.bytes
      next.granted()
    }
  }

  /** Leaves the line. */
  withdraw(granted: () => void): void {
    this.#queue = this.#queue.filter((waiting) => waiting.granted !== granted)
    this.release(0)
  }

  #fits(bytes: number): boolean {
    return this.#heldBytes === 0 || this.#heldBytes + bytes <= this.bytesMax
  }
}
