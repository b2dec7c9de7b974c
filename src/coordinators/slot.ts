// One key of a runtime: its state once it is loaded, its queue, its timers, and what is under way for it. Decides nothing; runtime.ts works it off.
import type { Token } from './effect.ts'
import type { Timers } from './timers.ts'

/** An event that waits, with whom to answer. */
export interface Queued<Event> {
  event: Event
  token: Token
}

export class Slot<State, Event> {
  readonly key: string
  readonly timers: Timers
  state: State | undefined
  loading = false
  /** A record that does not commute is being stored: nothing else of this key runs. */
  storing = false
  /** Commuting batches under way. */
  inFlight = 0
  /** Who is answered once a batch under way is stored. */
  readonly storingFor = new Set<Token>()
  queue: Queued<Event>[] = []
  head = 0

  constructor(key: string, timers: Timers) {
    this.key = key
    this.timers = timers
  }

  get queued(): number {
    return this.queue.length - this.head
  }

  *tokensUnderWay(): IterableIterator<Token> {
    yield* this.storingFor
    for (let at = this.head; at < this.queue.length; at++) yield this.queue[at]!.token
  }

  /** The next one, or one behind it. */
  peek(behind = 0): Queued<Event> | undefined {
    return this.queue[this.head + behind]
  }

  drop(): void {
    this.head++
    if (this.head === this.queue.length) {
      this.queue = []
      this.head = 0
    }
  }
}
