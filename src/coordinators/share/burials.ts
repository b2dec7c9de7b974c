// Records that share groups gave up, on their way to the dead letter queue (KIP-1191): one run of a partition after the other is written, then settled. What was given
// up is stored as such before, and settled after, so that a stop in between writes it again and loses nothing. Writing is the door's; rules are partition-state.ts's.
import type { Clock, Timer } from '../../clock.ts'
import { storeRetryMs } from '../limits.ts'
import { isGivenUp, type Run, type SharePartitionState } from './partition-state.ts'

/** A partition of a group. */
export interface SharePlace {
  readonly groupId: string
  readonly topicId: string
  readonly partition: number
}

export interface BurialOptions {
  clock: Clock
  /** Where the group stands, as far as that is in memory. */
  stateOf(place: SharePlace): SharePartitionState | null
  /** Writes the run's records to the dead letter queue, where there is a way to. False: not now, ask again later. */
  write(place: SharePlace, run: Run): Promise<boolean>
  /** Settles the run's records. False: that could not be stored, ask again later. */
  settle(place: SharePlace, run: Run): Promise<boolean>
  onError(error: unknown, groupId: string): void
}

export class Burials {
  readonly #options: BurialOptions
  /** Partitions whose records are on their way, with the timer of those that have to wait. */
  readonly #underWay = new Map<string, Timer | null>()
  #closed = false

  constructor(options: BurialOptions) {
    this.#options = options
  }

  /** Something may have been given up at this place, whose key this is. */
  look(key: string, place: SharePlace, state: SharePartitionState | null): void {
    if (this.#closed || this.#underWay.has(key) || !state?.runs.some(isGivenUp)) return
    this.#underWay.set(key, null)
    this.#run(key, place, null)
  }

  close(): void {
    this.#closed = true
    for (const timer of this.#underWay.values()) timer?.cancel()
    this.#underWay.clear()
  }

  #run(key: string, place: SharePlace, written: Run | null): void {
    this.#goOn(key, place, written).catch((error) => {
      this.#underWay.delete(key)
      this.#options.onError(error, place.groupId)
    })
  }

  /** `written`: was written already, and is still to be settled. */
  async #goOn(key: string, place: SharePlace, written: Run | null): Promise<void> {
    const { stateOf, write, settle } = this.#options
    for (let before = written; !this.#closed; before = null) {
      const run = before ?? stateOf(place)?.runs.find(isGivenUp)
      if (!run) {
        this.#underWay.delete(key)
        return
      }
      if (!before && !(await write(place, run))) return this.#again(key, place, null)
      if (!(await settle(place, run))) return this.#again(key, place, run)
    }
  }

  #again(key: string, place: SharePlace, written: Run | null): void {
    const { clock } = this.#options
    if (!this.#closed)
      this.#underWay.set(
        key,
        clock.at(clock.now() + storeRetryMs, () => this.#run(key, place, written)),
      )
  }
}
