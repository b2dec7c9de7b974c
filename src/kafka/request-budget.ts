// Bytes of requests that all connections hold together. Small requests have a part of it to themselves: whoever announces large ones and never sends them must not
// keep others from their heartbeats, fetches and commits.
import { Budget } from './budget.ts'

/** Requests up to this are small: most of those that are not record batches. */
const smallBytesMax = 16 * 1024
/** What is theirs of the limit. */
const smallShare = 0.25

/** As a Budget; what is released is the size of a request that was claimed, or 0. */
export class RequestBudget {
  readonly #small: Budget
  readonly #large: Budget

  /** A negative limit is none. */
  constructor(bytesMax: number) {
    this.#small = new Budget(bytesMax * smallShare)
    this.#large = new Budget(bytesMax * (1 - smallShare))
  }

  get waiting(): number {
    return this.#small.waiting + this.#large.waiting
  }

  claim(bytes: number, granted: () => void): boolean {
    return this.#of(bytes).claim(bytes, granted)
  }

  release(bytes: number): void {
    this.#of(bytes).release(bytes)
  }

  withdraw(granted: () => void): void {
    this.#small.withdraw(granted)
    this.#large.withdraw(granted)
  }

  #of(bytes: number): Budget {
    return bytes <= smallBytesMax ? this.#small : this.#large
  }
}
