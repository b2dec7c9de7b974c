// Shards: intervals of a partition's offsets with a range of hash keys. Pure. The stream that a topic is to AWS clients.
// Does not know sequence numbers or shard names; kinesis/shard.ts does.

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

/** Where and when a shard ends: the partition's end offset at the time of the change. */
export interface SplitPoint {
  endOffset: number
  nowMs: number
}

/**
 * The shards after the open shard `parentIndex` was split at `hashStart`: the parent ends, one child goes on on its partition,
 * the other starts on `newPartition`.
 */
export function splitShard(shards: readonly Shard[], parentIndex: number, hashStart: bigint, newPartition: number, at: SplitPoint): Shard[] {
  const parent = shards.find((shard) => shard.index === parentIndex)
  if (!parent || parent.endOffset !== null) throw new Error(`shard ${parentIndex} is not open`)
  const next = shards.reduce((largest, shard) => Math.max(largest, shard.index), -1) + 1
  const child = (index: number, partition: number, startOffset: number, from: bigint, to: bigint): Shard => ({
    index,
    partition,
    hashStart: from,
    hashEnd: to,
    startOffset,
    endOffset: null,
    createdMs: at.nowMs,
    closedMs: null,
    parents: [parentIndex],
  })
  return [
    ...shards.map((shard) => (shard === parent ? { ...shard, endOffset: at.endOffset, closedMs: at.nowMs } : shard)),
    child(next, parent.partition, at.endOffset, parent.hashStart, hashStart - 1n),
    child(next + 1, newPartition, 0, hashStart, parent.hashEnd),
  ]
}

/**
 * The shards after two open neighbours were merged: both end, and one child goes on on the first one's partition. The second one's
 * partition is to be retired.
 */
export function mergeShards(
  shards: readonly Shard[],
  firstIndex: number,
  secondIndex: number,
  endOffsetOf: (partition: number) => number,
  nowMs: number,
): Shard[] {
  const parents = [firstIndex, secondIndex].map((index) => shards.find((shard) => shard.index === index))
  const [first, second] = parents
  if (!first || !second || first.endOffset !== null || second.endOffset !== null)
    throw new Error(`shards ${firstIndex} and ${secondIndex} are not both open`)
  const [lower, upper] = first.hashStart < second.hashStart ? [first, second] : [second, first]
  if (lower.hashEnd + 1n !== upper.hashStart) throw new Error(`shards ${firstIndex} and ${secondIndex} are not adjacent`)
  const child: Shard = {
    index: shards.reduce((largest, shard) => Math.max(largest, shard.index), -1) + 1,
    partition: first.partition,
    hashStart: lower.hashStart,
    hashEnd: upper.hashEnd,
    startOffset: endOffsetOf(first.partition),
    endOffset: null,
    createdMs: nowMs,
    closedMs: null,
    parents: [firstIndex, secondIndex],
  }
  return [...shards.map((shard) => (parents.includes(shard) ? { ...shard, endOffset: endOffsetOf(shard.partition), closedMs: nowMs } : shard)), child]
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
  let result = [...shards]
  const open = result.filter((shard) => shard.endOffset === null)
  // Kept ordered by width, widest first, so that thousands of partitions are added without a scan each.
  const heap = new WidthHeap(open)
  let next = result.reduce((largest, shard) => Math.max(largest, shard.index), -1) + 1
  const byIndex = new Map(result.map((shard) => [shard.index, shard]))
  for (const partition of newPartitions) {
    const parent = heap.pop()
    if (!parent) throw new Error('a stream has at least one open shard')
    const endOffset = endOffsetOf(parent.partition)
    byIndex.set(parent.index, { ...parent, endOffset, closedMs: nowMs })
    const middle = parent.hashStart + (parent.hashEnd - parent.hashStart + 1n) / 2n
    const base = { endOffset: null, createdMs: nowMs, closedMs: null, parents: [parent.index] }
    const lower = { ...base, index: next++, partition: parent.partition, startOffset: endOffset, hashStart: parent.hashStart, hashEnd: middle - 1n }
    const upper = { ...base, index: next++, partition, startOffset: 0, hashStart: middle, hashEnd: parent.hashEnd }
    for (const child of [lower, upper]) {
      byIndex.set(child.index, child)
      heap.push(child)
    }
  }
  result = [...byIndex.values()]
  return result
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

/** The open shard whose range holds the hash key. `open` is sorted by hashStart and covers every key. */
export function shardOfHash(open: readonly Shard[], hash: bigint): Shard {
  let low = 0
  let high = open.length - 1
  while (low < high) {
    const middle = (low + high + 1) >> 1
    if (open[middle]!.hashStart <= hash) low = middle
    else high = middle - 1
  }
  const shard = open[low]
  if (!shard || hash < shard.hashStart || hash > shard.hashEnd) throw new Error(`no open shard holds hash key ${hash}`)
  return shard
}
