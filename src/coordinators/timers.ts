// Named deadlines of one key. Moving a deadline back costs a number, not a timer: a heartbeat does it every time, an expiry hardly ever happens.
import type { Clock, Timer } from '../clock.ts'

interface Deadline {
  atMs: number
  /** When the clock's timer fires; at or before `atMs`. */
  firesMs: number
  timer: Timer
}

export class Timers {
  readonly #clock: Clock
  readonly #onDue: (name: string) => void
  readonly #deadlines = new Map<string, Deadline>()

  constructor(clock: Clock, onDue: (name: string) => void) {
    this.#clock = clock
    this.#onDue = onDue
  }

  get size(): number {
    return this.#deadlines.size
  }

  /** Sets or moves a deadline. */
  arm(name: string, atMs: number): void {
    const deadline = this.#deadlines.get(name)
    if (deadline && deadline.firesMs <= atMs) {
      deadline.atMs = atMs
      return
    }
    deadline?.timer.cancel()
    this.#deadlines.set(name, { atMs, firesMs: atMs, timer: this.#clock.at(atMs, () => this.#fire(name)) })
  }

  cancel(name: string): void {
    this.#deadlines.get(name)?.timer.cancel()
    this.#deadlines.delete(name)
  }

  cancelAll(): void {
    for (const deadline of this.#deadlines.values()) deadline.timer.cancel()
    this.#deadlines.clear()
  }

  /** The deadlines as they stand, for tests and transcripts. */
  list(): [name: string, atMs: number][] {
    return [...this.#deadlines].map(([name, deadline]) => [name, deadline.atMs])
  }

  #fire(name: string): void {
    const deadline = this.#deadlines.get(name)
    if (!deadline) return
    if (deadline.atMs > this.#clock.now()) {
      deadline.firesMs = deadline.atMs
      deadline.timer = this.#clock.at(deadline.atMs, () => this.#fire(name))
      return
    }
    this.#deadlines.delete(name)
    this.#onDue(name)
  }
}
