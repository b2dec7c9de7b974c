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

  constructor(options: PaceOptions) {
    this.#options = options
  }

  /** Waits until there has been time for these bytes too, or the work is no longer wanted. */
  async spend(bytes: number, unwanted: () => boolean): Promise<void> {
    const { clock, bytesPerSecondMax } = this.#options
    this.#paidAtMs = Math.max(this.#paidAtMs, clock.now()) + (bytes / bytesPerSecondMax()) * 1000
    while (!unwanted()) {
      const waitMs = this.#paidAtMs - clock.now()
      if (waitMs < 1) return
      await new Promise<void>((resolve) => clock.at(clock.now() + Math.min(waitMs, sliceMs), resolve))
    }
  }
}
