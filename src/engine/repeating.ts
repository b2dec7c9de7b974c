// Work that comes again and again by the clock: the next round is counted from the end of the last one, whatever came of that.
import type { Clock, Timer } from '../clock.ts'

export interface RepeatingOptions {
  clock: Clock
  /** Asked before each round, so that a change acts from the next one on. */
  intervalMs(): number
  work(): Promise<void>
  failed(error: unknown): void
}

export class Repeating {
  readonly #options: RepeatingOptions
  #timer: Timer | null = null
  #closed = false

  constructor(options: RepeatingOptions) {
    this.#options = options
  }

  /** The first round comes after one interval. */
  start(): void {
    const { clock, intervalMs, work, failed } = this.#options
    this.#timer = clock.at(clock.now() + Math.max(1, intervalMs()), () => {
      work()
        .catch(failed)
        .finally(() => {
          if (!this.#closed) this.start()
        })
    })
  }

  /** No round begins any more; one that is under way goes on. */
  close(): void {
    this.#closed = true
    this.#timer?.cancel()
  }
}
