// Changes that take turns: each begins when the one before has ended, whatever came of it. So a change may read, decide, store and only then take effect, and none
// comes between.

export class Turns {
  #last: Promise<unknown> = Promise.resolve()

  /** Settles as the change does. One that takes another turn and waits for it waits for ever. */
  take<Result>(change: () => Promise<Result>): Promise<Result> {
    const result = this.#last.then(change)
    this.#last = result.catch(() => {})
    return result
  }
}
