// Shards: intervals of a partition's offsets with a range of hash keys. Pure. The stream that a topic is to AWS clients.
// Does not know sequence numbers or shard names; kinesis/sequence.ts and kinesis/shard-id.ts do.

export interface Shard {
  /** The number in shardId-000000000007; never used twice in a stream. */
  readonly index: number
  readonly partition: number
  /** Both inclusive, 0 to 2^128 - 1. */
  readonly hashStart: bigint
  readonly hashEnd: bigint
  readonly startOffset: number
  /** Exclusive; null while the shard is open. */
  readonly endOffset: number | null
  readonly createdMs: number
  readonly closedMs: number | null
  readonly parents: readonly number[]
}

/** One past the largest hash key. */
const hashKeyEnd = 1n << 128n

/** `count` open shards, one per partition, with the ranges that CreateStream gives: equal widths, the last one takes the rest. */
export function evenShards(count: number, createdMs: number): Shard[] {
  const width = hashKeyEnd / BigInt(count)
  return Array.from({ length: count }, (_, index) => ({
    index,
    partition: index,
    hashStart: width * BigInt(index),
    hashEnd: index === count - 1 ? hashKeyEnd - 1n : width * BigInt(index + 1) - 1n,
    startOffset: 0,
    endOffset: null,
    createdMs,
    closedMs: null,
    parents: [],
  }))
}

/** Shards under change: as many splits and merges as a reshard takes, each in constant time. */
export class ShardEdit {
  readonly #byIndex: Map<number, Shard>
  #next: number

  constructor(shards: readonly Shard[]) {
    this.#byIndex = new Map(shards.map((shard) => [shard.index, shard]))
    this.#next = shards.reduce((largest, { index }) => Math.max(largest, index), -1) + 1
  }

  /** All shards as they are now. */
  get shards(): Shard[] {
    return [...this.#byIndex.values()]
  }

  /**
   * Splits an open shard at `hashStart`: the parent ends, one child goes on on its partition, the other starts on `newPartition`.
   * Answers the lower child and the upper one.
   */
  split(parentIndex: number, hashStart: bigint, newPartition: number, { endOffset, nowMs }: SplitPoint): [lower: Shard, upper: Shard] {
    const parent = this.#byIndex.get(parentIndex)
    if (!parent || parent.endOffset !== null) throw new Error(`shard ${parentIndex} is not open`)
    this.#close(parent, endOffset, nowMs)
    const { partition, hashEnd } = parent
    const parents = [parentIndex]
    return [
      this.#begin({ partition, startOffset: endOffset, hashStart: parent.hashStart, hashEnd: hashStart - 1n, createdMs: nowMs, parents }),
      this.#begin({ partition: newPartition, startOffset: 0, hashStart, hashEnd, createdMs: nowMs, parents }),
    ]
  }

  /**
   * Merges two open neighbours: both end, and one child goes on on the first one's partition. The second one's partition is to be
   * retired. Answers the child.
   */
  merge(firstIndex: number, secondIndex: number, endOffsetOf: (partition: number) => number, nowMs: number): Shard {
    const first = this.#byIndex.get(firstIndex)
    const second = this.#byIndex.get(secondIndex)
    if (!first || !second || first.endOffset !== null || second.endOffset !== null)
      throw new Error(`shards ${firstIndex} and ${secondIndex} are not both open`)
    const [lower, upper] = first.hashStart < second.hashStart ? [first, second] : [second, first]
    if (lower.hashEnd + 1n !== upper.hashStart) throw new Error(`shards ${firstIndex} and ${secondIndex} are not adjacent`)
    for (const parent of [first, second]) this.#close(parent, endOffsetOf(parent.partition), nowMs)
    const { partition } = first
    const { hashStart } = lower
    const parents = [firstIndex, secondIndex]
    return this.#begin({ partition, startOffset: endOffsetOf(partition), hashStart, hashEnd: upper.hashEnd, createdMs: nowMs, parents })
  }

  #close(shard: Shard, endOffset: number, closedMs: number): void {
    this.#byIndex.set(shard.index, { ...shard, endOffset, closedMs })
  }

  #begin(facts: Omit<Shard, 'index' | 'endOffset' | 'closedMs'>): Shard {
    const shard = { ...facts, index: this.#next++, endOffset: null, closedMs: null }
    this.#byIndex.set(shard.index, shard)
    return shard
  }
}

/** Where and when a shard ends: the partition's end offset at the time of the change. */
export interface SplitPoint {
  endOffset: number
  nowMs: number
}

/** The shards after one split (ShardEdit has the rules). */
export function splitShard(shards: readonly Shard[], parentIndex: number, hashStart: bigint, newPartition: number, at: SplitPoint): Shard[] {
  const edit = new ShardEdit(shards)
  edit.split(parentIndex, hashStart, newPartition, at)
  return edit.shards
}

/** The shards after one merge (ShardEdit has the rules). */
export function mergeShards(
  shards: readonly Shard[],
  firstIndex: number,
  secondIndex: number,
  endOffsetOf: (partition: number) => number,
  nowMs: number,
): Shard[] {
  const edit = new ShardEdit(shards)
  edit.merge(firstIndex, secondIndex, endOffsetOf, nowMs)
  return edit.shards
}

/**
 * The shards after partitions were added: each new partition takes the upper half of the widest open shard, so that the open
 * ranges keep covering every hash key and no reader of the stream misses a record.
 */
export function splitWidest(
  shards: readonly Shard[],
  newPartitions: readonly number[],
  endOffsetOf: (partition: number) => number,
  nowMs: number,
): Shard[] {
  const edit = new ShardEdit(shards)
  // Kept ordered by width, widest first, so that thousands of partitions are added without a scan each.
  const heap = new WidthHeap(shards.filter((shard) => shard.endOffset === null))
  for (const partition of newPartitions) {
    const parent = heap.pop()
    if (!parent) throw new Error('a stream has at least one open shard')
    const middle = parent.hashStart + (parent.hashEnd - parent.hashStart + 1n) / 2n
    for (const child of edit.split(parent.index, middle, partition, { endOffset: endOffsetOf(parent.partition), nowMs })) heap.push(child)
  }
  return edit.shards
}

/** A binary heap of open shards, widest on top; of equals the one with the lowest index. */
class WidthHeap {
  #items: Shard[] = []

  constructor(shards: readonly Shard[]) {
    for (const shard of shards) this.push(shard)
  }

  push(shard: Shard): void {
    this.#items.push(shard)
    let at = this.#items.length - 1
    while (at > 0) {
      const up = (at - 1) >> 1
      if (!wider(this.#items[at]!, this.#items[up]!)) break
      this.#swap(at, up)
      at = up
    }
  }

  pop(): Shard | undefined {
    const top = this.#items[0]
    const last = this.#items.pop()
    if (!last || this.#items.length === 0) return top
    this.#items[0] = last
    let at = 0
    for (;;) {
      let best = at
      for (const down of [2 * at + 1, 2 * at + 2]) {
        if (down < this.#items.length && wider(this.#items[down]!, this.#items[best]!)) best = down
      }
      if (best === at) return top
      this.#swap(at, best)
      at = best
    }
  }

  #swap(a: number, b: number): void {
    const held = this.#items[a]!
    this.#items[a] = this.#items[b]!
    this.#items[b] = held
  }
}

function wider(a: Shard, b: Shard): boolean {
  const widthA = a.hashEnd - a.hashStart
  const widthB = b.hashEnd - b.hashStart
  return widthA === widthB ? a.index < b.index : widthA > widthB
}
