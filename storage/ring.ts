// Places in a file that is written round and round: the next one is behind the last, or at the beginning, and never on one that is still needed. Pure.
import { Fifo } from './fifo.ts'

interface Place {
  readonly sequence: number
  readonly at: number
  readonly bytes: number
}

export class Ring {
  readonly bytes: number
  readonly #needed = new Fifo<Place>()
  #neededBytes = 0
  /** Where the next place begins, if it fits in front of the end. */
  #next = 0

  constructor(bytes: number) {
    this.bytes = bytes
  }

  /** Bytes that may not be written over. */
  get neededBytes(): number {
    return this.#neededBytes
  }

  /** Where so many bytes would go; -1 while there is no room for them. */
  room(bytes: number): number {
    const oldest = this.#needed.at(0)
    const toEnd = this.bytes - this.#next
    if (!oldest) return bytes <= toEnd ? this.#next : bytes <= this.bytes ? 0 : -1
    // The place behind the last one and the oldest never meet: then a full ring would look like an empty one.
    if (this.#next <= oldest.at) return this.#next + bytes < oldest.at ? this.#next : -1
    if (bytes <= toEnd) return this.#next
    return bytes < oldest.at ? 0 : -1
  }

  /** Takes a place that `room` gave. Sequences grow. */
  take(sequence: number, at: number, bytes: number): void {
    this.#needed.push({ sequence, at, bytes })
    this.#neededBytes += bytes
    this.#next = at + bytes
  }

  /** What is below `floor` is not needed any more. */
  release(floor: number): void {
    for (let oldest = this.#needed.at(0); oldest && oldest.sequence < floor; oldest = this.#needed.at(0)) {
      this.#neededBytes -= oldest.bytes
      this.#needed.shift()
    }
  }

  clear(): void {
    this.#needed.clear()
    this.#neededBytes = 0
    this.#next = 0
  }
}
