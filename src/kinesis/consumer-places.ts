// The places that a stream has for registered consumers: fan-out consumers and queues share them (AWS: 20, and 50 with on-demand Advantage). One registration
// goes after the other, so that two cannot both take the last place.
import { Turns } from '../engine/turns.ts'
import { limitExceeded } from './aws-error.ts'
import type { Stream } from './streams.ts'

const perStream = { standard: 20, advantage: 50 }

export class ConsumerPlaces {
  readonly #account: string
  readonly #counts: ((stream: Stream) => number)[] = []
  readonly #turns = new Turns()

  constructor(account: string) {
    this.#account = account
  }

  /** Names one kind of what takes places. */
  counting(count: (stream: Stream) => number): void {
    this.#counts.push(count)
  }

  /** Runs an action after all that were handed in before it. */
  change<Result>(action: () => Promise<Result>): Promise<Result> {
    return this.#turns.take(action)
  }

  /** Refuses one more where the stream has no place left. */
  check(stream: Stream, advantage: boolean): void {
    const most = advantage ? perStream.advantage : perStream.standard
    const taken = this.#counts.reduce((sum, count) => sum + count(stream), 0)
    if (taken >= most) throw limitExceeded(`Stream ${stream.name} under account ${this.#account} already has ${most} registered consumers.`)
  }
}
