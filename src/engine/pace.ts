// How fast background work may go: what was done is paid for with time before more is done. Knows nothing of the work.
import type { Clock } from '../clock.ts'

/** The longest wait before somebody looks whether the work is still wanted. */
const sliceMs = 100

export interface PaceOptions {
  clock: Clock
  /** Asked each time, so that a change acts at once. */
  bytesPerSecondMax(): number
}

export class Pace {
  readonly #options: PaceOptions
  /** When everything that was done so far is paid for. */
  #paidAtMs = 0
  #lastMs = 0

  constructor(options: PaceOptions) {
    this.#options = options
  }

  /** Waits until there has been time for these bytes too, or the work is no longer wanted. */
  async spend(bytes: number, unwanted: () => boolean): Promise<void> {
    const { clock, bytesPerSecondMax } = this.#options
    const startMs = this.#now()
    this.#paidAtMs = Math.max(this.#paidAtMs, startMs) + (bytes / bytesPerSecondMax()) * 1000
    while (!unwanted()) {
      const nowMs = this.#now()
      const waitMs = this.#paidAtMs - nowMs
      if (waitMs < 1) return
      await new Promise<void>((resolve) => clock.at(nowMs + Math.min(waitMs, sliceMs), resolve))
    }
  }

  /** Where the clock was set back, what is owed is not owed for longer. */
  #now(): number {
    const nowMs = this.#options.clock.now()
    if (nowMs < this.#lastMs) this.#paidAtMs -= this.#lastMs - nowMs
    this.#lastMs = nowMs
    return nowMs
  }
}
