// A queue on an array: push at the end, shift from the front without moving the rest each time, index in between.

export class Fifo<Item> {
  #items: (Item | undefined)[] = []
  #head = 0

  get length(): number {
    return this.#items.length - this.#head
  }

  /** The item at a place counted from the front; undefined past the end. */
  at(index: number): Item | undefined {
    return this.#items[this.#head + index]
  }

  push(item: Item): void {
    this.#items.push(item)
  }

  shift(): Item | undefined {
    if (this.#head === this.#items.length) return undefined
    const item = this.#items[this.#head]
    // Who has left is not kept alive by the place that it had.
    this.#items[this.#head++] = undefined
    // Half of the array is spent: drop it. Each item is moved at most once per doubling.
    if (this.#head > 32 && this.#head * 2 > this.#items.length) {
      this.#items = this.#items.slice(this.#head)
      this.#head = 0
    }
    return item
  }

  /** Keeps what passes, in order. */
  filter(keep: (item: Item) => boolean): void {
    this.#items = (this.#items.slice(this.#head) as Item[]).filter(keep)
    this.#head = 0
  }

  clear(): void {
    this.#items = []
    this.#head = 0
  }
}
