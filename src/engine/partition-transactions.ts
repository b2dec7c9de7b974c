// Transactions as one partition sees them (KIP-98): which are open and since where, which were aborted and over what range. Pure.
// The last stable offset and the aborted list of a fetch follow from it. Who may begin and end one is the coordinator's business.

/** A transaction that was aborted: readers of committed data skip the producer's records from `firstOffset` to the marker at `lastOffset`. */
export interface AbortedRange {
  producerId: number
  firstOffset: number
  /** The abort marker's own offset. */
  lastOffset: number
}

interface Open {
  /** The first record's offset, or a lower bound of it while that append is on its way. */
  firstOffset: number
  startedMs: number
  /** `firstOffset` is the record's own. */
  exact: boolean
}

export class PartitionTransactions {
  #open = new Map<number, Open>()
  /** By lastOffset. */
  #aborted: AbortedRange[] = []
  /** How many of `#aborted` a snapshot has stored. */
  #stored = 0
  #trimmed: number[] = []

  /** Everything before it is decided: the first offset of the oldest open transaction, else the end. */
  lastStableOffset(endOffset: number): number {
    let stable = endOffset
    for (const { firstOffset } of this.#open.values()) if (firstOffset < stable) stable = firstOffset
    return stable
  }

  /** The first offset of the producer's open transaction; null without one. */
  openSince(producerId: number): number | null {
    return this.#open.get(producerId)?.firstOffset ?? null
  }

  /** Open transactions, for DescribeProducers and for finding those that hang. */
  open(): { producerId: number; firstOffset: number; startedMs: number }[] {
    return [...this.#open].map(([producerId, { firstOffset, startedMs }]) => ({ producerId, firstOffset, startedMs }))
  }

  /**
   * A transactional batch is on its way. `atLeast` is the durable end: the batch cannot land before it, so nobody reads past it
   * meanwhile. Answers whether this batch opened the transaction; then `opened` or `withdrawn` follows.
   */
  begin(producerId: number, atLeast: number, nowMs: number): boolean {
    if (this.#open.has(producerId)) return false
    this.#open.set(producerId, { firstOffset: atLeast, startedMs: nowMs, exact: false })
    return true
  }

  /** The batch that opened the transaction is stored at `firstOffset`. */
  opened(producerId: number, firstOffset: number): void {
    const open = this.#open.get(producerId)
    if (!open) return
    open.firstOffset = firstOffset
    open.exact = true
  }

  /** A marker is stored at `markerOffset`. */
  end(producerId: number, markerOffset: number, committed: boolean): void {
    const open = this.#open.get(producerId)
    this.#open.delete(producerId)
    if (open && !committed) this.#aborted.push({ producerId, firstOffset: open.firstOffset, lastOffset: markerOffset })
  }

  /** Aborted transactions that touch offsets from `fromOffset` up to, not including, `endOffset`, by first offset as clients expect. */
  abortedBetween(fromOffset: number, endOffset: number): { producerId: number; firstOffset: number }[] {
    const found: { producerId: number; firstOffset: number }[] = []
    for (let i = this.#firstEndingFrom(fromOffset); i < this.#aborted.length; i++) {
      const { producerId, firstOffset } = this.#aborted[i]!
      if (firstOffset < endOffset) found.push({ producerId, firstOffset })
    }
    return found.sort((a, b) => a.firstOffset - b.firstOffset)
  }

  /** Every aborted transaction that is remembered, by its end. */
  aborted(): AbortedRange[] {
    return [...this.#aborted]
  }

  /** Forgets ranges of which compaction has left nothing; their rows are deleted already. */
  forget(ranges: readonly AbortedRange[]): void {
    const gone = new Set(ranges.map(({ lastOffset }) => lastOffset))
    const stored = this.#aborted.slice(0, this.#stored).filter(({ lastOffset }) => gone.has(lastOffset)).length
    this.#aborted = this.#aborted.filter(({ lastOffset }) => !gone.has(lastOffset))
    this.#stored -= stored
  }

  /** Forgets ranges that ended before the partition's start. */
  trim(startOffset: number): void {
    const gone = this.#aborted.splice(0, this.#firstEndingFrom(startOffset))
    this.#trimmed.push(...gone.slice(0, this.#stored).map(({ lastOffset }) => lastOffset))
    this.#stored = Math.max(0, this.#stored - gone.length)
  }

  /** The last offsets of stored ranges that were forgotten since the last call. */
  takeTrimmed(): number[] {
    const trimmed = this.#trimmed
    this.#trimmed = []
    return trimmed
  }

  #firstEndingFrom(offset: number): number {
    let low = 0
    let high = this.#aborted.length
    while (low < high) {
      const middle = (low + high) >> 1
      if (this.#aborted[middle]!.lastOffset < offset) low = middle + 1
      else high = middle
    }
    return low
  }

  /** Ranges that no snapshot has stored yet and that end before `endOffset`; they count as stored from here on. */
  takeUnstored(endOffset: number): AbortedRange[] {
    const end = this.#firstEndingFrom(endOffset)
    const unstored = this.#aborted.slice(this.#stored, end)
    this.#stored = Math.max(this.#stored, end)
    return unstored
  }

  /** As a snapshot stored them. */
  static from(open: readonly OpenRow[], aborted: readonly AbortedRange[]): PartitionTransactions {
    const state = new PartitionTransactions()
    for (const [producerId, firstOffset, startedMs] of open) state.#open.set(producerId, { firstOffset, startedMs, exact: true })
    state.#aborted = [...aborted].sort((a, b) => a.lastOffset - b.lastOffset)
    state.#stored = state.#aborted.length
    return state
  }

  /** For a snapshot. One whose first batch is still on its way is left out: the log has it. */
  rows(): OpenRow[] {
    return [...this.#open].filter(([, { exact }]) => exact).map(([producerId, { firstOffset, startedMs }]) => [producerId, firstOffset, startedMs])
  }
}

/** [producerId, firstOffset, startedMs] */
export type OpenRow = [number, number, number]
