// A token bucket: refilled evenly, full at the start. Pure: time comes in.

export class Bucket {
  readonly #perSecond: number
  readonly #size: number
  #level: number
  #atMs: number

  constructor(perSecond: number, size: number, nowMs: number) {
    this.#perSecond = perSecond
    this.#size = size
    this.#level = size
    this.#atMs = nowMs
  }

  has(amount: number, nowMs: number): boolean {
    this.#refill(nowMs)
    return this.#level >= amount
  }

  /** Takes the amount if it is there. */
  take(amount: number, nowMs: number): boolean {
    if (!this.has(amount, nowMs)) return false
    this.#level -= amount
    return true
  }

  /** Takes the amount in any case: what is missing is owed. */
  spend(amount: number, nowMs: number): void {
    this.#refill(nowMs)
    this.#level -= amount
  }

  #refill(nowMs: number): void {
    // A clock that was set back refills from then on, not once it has caught up with itself.
    const passedMs = Math.max(0, nowMs - this.#atMs)
    this.#level = Math.min(this.#size, this.#level + (passedMs / 1000) * this.#perSecond)
    this.#atMs = nowMs
  }
}
