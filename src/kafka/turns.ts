// Turns at the process's one thread, for requests that ask for very much: of each round of the event loop they get a slice together, then everybody else's requests come first.
// Knows nothing of what is done in a turn; handlers look between two elements of their answers.

/** What long work may take of one round, in all. A small request waits behind one slice, and behind what it waits for anyway. */
const sliceMs = 5

export interface TurnsOptions {
  /** The thread's time, in milliseconds. */
  nowMs?: () => number
  /** Calls back after the input and output that is waiting now has been seen to. */
  nextRound?: (begun: () => void) => void
}

export class Turns {
  readonly #nowMs: () => number
  readonly #nextRound: (begun: () => void) => void
  /** When this round's slice began; null while nobody works at length in this round. */
  #sinceMs: number | null = null
  readonly #waiting: (() => void)[] = []

  constructor({ nowMs = () => performance.now(), nextRound = (begun) => void setImmediate(begun) }: TurnsOptions = {}) {
    this.#nowMs = nowMs
    this.#nextRound = nextRound
  }

  /** Has long work had its slice of this round? Then whoever goes on with any awaits `next()`. */
  get over(): boolean {
    const nowMs = this.#nowMs()
    if (this.#sinceMs !== null) return nowMs - this.#sinceMs >= sliceMs
    this.#sinceMs = nowMs
    this.#nextRound(this.#begin)
    return this.#waiting.length > 0
  }

  /** Settles in a later round, behind those who have waited longer. */
  next(): Promise<void> {
    return new Promise((resolve) => {
      this.#waiting.push(resolve)
    })
  }

  #begin = (): void => {
    this.#sinceMs = null
    const next = this.#waiting.shift()
    if (!next) return
    this.#sinceMs = this.#nowMs()
    this.#nextRound(this.#begin)
    next()
  }
}
