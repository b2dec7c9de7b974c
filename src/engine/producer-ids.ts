// Producer ids that nobody had before. They are taken from the store in blocks, so that handing one out seldom costs a commit; what is left of a block is lost with
// the process.
import type { Store } from '../../storage/store.ts'
import type { Batch } from '../../storage/tables.ts'
import { counterTable } from './rows.ts'
import type { Turns } from './turns.ts'

const blockSize = 1000
const key = ['producer-id']

export class ProducerIds {
  readonly #store: Store
  readonly #turns: Turns
  #next = 0
  /** Exclusive: the first one that is not taken from the store. */
  #end = 0
  #taking: Promise<void> | null = null

  constructor(store: Store, turns: Turns) {
    this.#store = store
    this.#turns = turns
  }

  /** Reads what was stored; once, before anything else. */
  async load(): Promise<void> {
    this.#next = this.#end = (await this.#store.tables.get(counterTable, key)) ?? 0
  }

  async next(): Promise<number> {
    while (this.#next >= this.#end) {
      this.#taking ??= this.#turns
        .take(() => this.#takeBlock())
        .finally(() => {
          this.#taking = null
        })
      await this.#taking
    }
    return this.#next++
  }

  /** For a store that was cleared: those that were taken are not given out again. */
  keep(batch: Batch): void {
    batch.put(counterTable, key, this.#end)
  }

  async #takeBlock(): Promise<void> {
    const end = this.#end + blockSize
    await this.#store.batch().put(counterTable, key, end).commit()
    this.#end = end
  }
}
