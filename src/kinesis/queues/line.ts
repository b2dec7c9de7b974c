// Who waits for records of one queue stands in a line: only the first listens for them, so that one record wakes one waiting call and not all of them, and who
// came first is served first. Pure but for the clock that it is handed.
import type { Clock } from '../../clock.ts'

interface Place {
  /** Called when everybody before has left. */
  first(): void
}

export class Line {
  readonly #places: Place[] = []
  readonly #clock: Clock

  constructor(clock: Clock) {
    this.#clock = clock
  }

  get length(): number {
    return this.#places.length
  }

  /**
   * Runs `wait` when everybody who came before has left; whoever comes next has its turn when that settles. Runs it out of turn when the deadline comes or the
   * signal aborts: there is no time to wait any more.
   */
  async stand<Result>(deadlineMs: number, signal: AbortSignal, wait: () => Promise<Result>): Promise<Result> {
    const place: Place = { first: () => {} }
    this.#places.push(place)
    try {
      if (this.#places[0] !== place) await this.#turn(place, deadlineMs, signal)
      return await wait()
    } finally {
      const at = this.#places.indexOf(place)
      this.#places.splice(at, 1)
      if (at === 0) this.#places[0]?.first()
    }
  }

  #turn(place: Place, deadlineMs: number, signal: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      const done = (): void => {
        timer.cancel()
        signal.removeEventListener('abort', done)
        resolve()
      }
      const timer = this.#clock.at(deadlineMs, done)
      signal.addEventListener('abort', done, { once: true })
      place.first = done
      if (signal.aborted) done()
    })
  }
}
