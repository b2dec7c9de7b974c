// Things by a number that changes while they are looked at: the least comes first. What has changed is handed in again; what was handed in before that is passed over.

interface Entry<Thing> {
  readonly thing: Thing
  readonly rank: number
}

/** A binary heap. `rankOf` is asked when a thing is handed in and when it comes up; one whose rank has moved since is as if it were not there. */
export class LeastFirst<Thing> {
  readonly #rankOf: (thing: Thing) => number
  readonly #heap: Entry<Thing>[] = []

  constructor(rankOf: (thing: Thing) => number, things: Iterable<Thing> = []) {
    this.#rankOf = rankOf
    for (const thing of things) this.add(thing)
  }

  add(thing: Thing): void {
    const entry = { thing, rank: this.#rankOf(thing) }
    const heap = this.#heap
    let at = heap.length
    while (at > 0) {
      const above = (at - 1) >> 1
      if (heap[above]!.rank <= entry.rank) break
      heap[at] = heap[above]!
      at = above
    }
    heap[at] = entry
  }

  /** The thing of the least rank; it stays. */
  first(): Thing | undefined {
    for (;;) {
      const entry = this.#heap[0]
      if (!entry || entry.rank === this.#rankOf(entry.thing)) return entry?.thing
      this.#drop()
    }
  }

  #drop(): void {
    const heap = this.#heap
    const last = heap.pop()!
    if (heap.length === 0) return
    let at = 0
    for (;;) {
      let below = at * 2 + 1
      if (below >= heap.length) break
      if (below + 1 < heap.length && heap[below + 1]!.rank < heap[below]!.rank) below++
      if (heap[below]!.rank >= last.rank) break
      heap[at] = heap[below]!
      at = below
    }
    heap[at] = last
  }
}
