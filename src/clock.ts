// Time as a parameter. The broker's composition root picks the clock; nothing below it asks the system for the time.

/** A deadline that can be called off. */
export interface Timer {
  cancel(): void
}

/** Wall time and deadlines. Tests pass one that they advance by hand. */
export interface Clock {
  /** Milliseconds since the epoch. */
  now(): number
  /** Runs `action` once, when `now()` reaches `atMs`. A deadline in the past runs soon, never synchronously. */
  at(atMs: number, action: () => void): Timer
}

/** The longest delay that Node's timers take; longer deadlines are re-armed. */
const delayMsMax = 2 ** 31 - 1

/** The system's clock. Its timers do not keep the process alive. */
export const systemClock: Clock = {
  now: () => Date.now(),
  at(atMs, action) {
    let handle: NodeJS.Timeout
    const arm = (): void => {
      const delayMs = Math.max(0, atMs - Date.now())
      handle = setTimeout(() => (delayMs > delayMsMax ? arm() : action()), Math.min(delayMs, delayMsMax))
      handle.unref()
    }
    arm()
    return { cancel: () => clearTimeout(handle) }
  },
}

/** A clock that stands still until it is advanced: timers fire in order of deadline while it moves. */
export class ManualClock implements Clock {
  #nowMs: number
  #timers: { atMs: number; order: number; action: () => void }[] = []
  #order = 0

  constructor(startMs = 1_700_000_000_000) {
    this.#nowMs = startMs
  }

  now(): number {
    return this.#nowMs
  }

  at(atMs: number, action: () => void): Timer {
    const timer = { atMs, order: this.#order++, action }
    this.#timers.push(timer)
    return {
      cancel: () => {
        this.#timers = this.#timers.filter((other) => other !== timer)
      },
    }
  }

  /** Moves time on by `ms` and runs what falls due, letting promises settle between timers. */
  async advance(ms: number): Promise<void> {
    const endMs = this.#nowMs + ms
    for (;;) {
      const due = this.#timers.filter((t) => t.atMs <= endMs).sort((a, b) => a.atMs - b.atMs || a.order - b.order)[0]
      if (!due) break
      this.#timers = this.#timers.filter((t) => t !== due)
      this.#nowMs = Math.max(this.#nowMs, due.atMs)
      due.action()
      await new Promise((settled) => setImmediate(settled))
    }
    this.#nowMs = endMs
  }
}
