// Chunks kept in memory after their commit, so that a consumer at the tail is served from the very bytes that were received. Bounded: the
// oldest go first, whatever their partition. What it holds is counted by the memory that is kept alive, not by the slices.
import { Fifo } from './fifo.ts'
import type { Chunk } from './log.ts'

interface Entry extends Chunk {
  readonly partition: number
  /** Its bytes were let go; it only waits for its turn in the order. */
  gone: boolean
}

const noBytes = Buffer.alloc(0)
/** Who read up to the end of a partition is expected back there for so long. */
const followedMs = 60_000

export class RecentChunks {
  readonly #bytesMax: number
  readonly #byPartition = new Map<number, Fifo<Entry>>()
  /** All of them, oldest first. */
  readonly #order = new Fifo<Entry>()
  #goneCount = 0
  /** Several chunks may be slices of one frame: it is counted once, until the last of them goes. */
  readonly #users = new Map<ArrayBufferLike, number>()
  #bytes = 0
  /** When somebody last read up to the end of a partition. */
  readonly #followed = new Map<number, number>()

  constructor(bytesMax: number) {
    this.#bytesMax = bytesMax
  }

  /** Memory that is kept alive. */
  get bytes(): number {
    return this.#bytes
  }

  /** Somebody read up to the end. */
  follow(partition: number, nowMs: number): void {
    this.#followed.set(partition, nowMs)
  }

  /** The same for a chunk whose memory is used again by its owner. That takes a copy, so it is done only where somebody follows the partition. */
  addCopy(partition: number, chunk: Chunk, nowMs: number): void {
    if (chunk.bytes.length > this.#bytesMax || !this.#isFollowed(partition, nowMs)) return
    const bytes = Buffer.allocUnsafeSlow(chunk.bytes.length)
    chunk.bytes.copy(bytes)
    this.add(partition, { ...chunk, bytes })
  }

  /** Takes a chunk that was just committed; it comes after those of its partition, perhaps with a gap. */
  add(partition: number, chunk: Chunk): void {
    if (chunk.bytes.buffer.byteLength > this.#bytesMax) return
    const entry: Entry = { ...chunk, partition, gone: false }
    let entries = this.#byPartition.get(partition)
    if (!entries) this.#byPartition.set(partition, (entries = new Fifo()))
    entries.push(entry)
    this.#order.push(entry)
    this.#hold(chunk.bytes.buffer)
    while (this.#bytes > this.#bytesMax) this.#evictOldest()
  }

  /**
   * The chunk with `fromOffset` and those that follow it without a gap, while they stay within `bytesMax`; the first is always given.
   * `complete` where that is the whole answer: the next one would not fit.
   */
  read(partition: number, fromOffset: number, bytesMax: number): { chunks: Chunk[]; bytes: number; complete: boolean } {
    const entries = this.#byPartition.get(partition)
    const chunks: Chunk[] = []
    let bytes = 0
    if (!entries) return { chunks, bytes, complete: false }
    for (let i = indexHolding(entries, fromOffset), next = fromOffset; i < entries.length; i++) {
      const { baseOffset, endOffset, bytes: content } = entries.at(i)!
      if (baseOffset > next) break
      if (chunks.length > 0 && bytes + content.length > bytesMax) return { chunks, bytes, complete: true }
      bytes += content.length
      chunks.push({ baseOffset, endOffset, bytes: content })
      next = endOffset
    }
    return { chunks, bytes, complete: bytes >= bytesMax && chunks.length > 0 }
  }

  /** Forgets what ends at or before an offset. */
  forget(partition: number, beforeOffset: number): void {
    this.#release(partition, beforeOffset)
    if (!this.#byPartition.has(partition)) this.#followed.delete(partition)
    if (this.#goneCount > 1024 && this.#goneCount * 2 > this.#order.length) {
      this.#order.filter((entry) => !entry.gone)
      this.#goneCount = 0
    }
  }

  #isFollowed(partition: number, nowMs: number): boolean {
    const lastMs = this.#followed.get(partition)
    if (lastMs === undefined) return false
    if (nowMs - lastMs <= followedMs) return true
    this.#followed.delete(partition)
    return false
  }

  #release(partition: number, beforeOffset: number): void {
    const entries = this.#byPartition.get(partition)
    if (!entries) return
    while (entries.length > 0 && entries.at(0)!.endOffset <= beforeOffset) this.#letGo(entries.shift()!)
    if (entries.length === 0) this.#byPartition.delete(partition)
  }

  clear(): void {
    this.#byPartition.clear()
    this.#followed.clear()
    this.#users.clear()
    this.#order.clear()
    this.#goneCount = 0
    this.#bytes = 0
  }

  #evictOldest(): void {
    const entry = this.#order.shift()!
    // Everything of its partition up to it is older still, so that this forgets just the one.
    if (!entry.gone) this.#release(entry.partition, entry.endOffset)
    this.#goneCount--
  }

  #hold(memory: ArrayBufferLike): void {
    const users = this.#users.get(memory) ?? 0
    this.#users.set(memory, users + 1)
    if (users === 0) this.#bytes += memory.byteLength
  }

  #letGo(entry: Entry): void {
    const memory = entry.bytes.buffer
    entry.gone = true
    entry.bytes = noBytes
    this.#goneCount++
    const users = this.#users.get(memory)! - 1
    if (users > 0) this.#users.set(memory, users)
    else {
      this.#users.delete(memory)
      this.#bytes -= memory.byteLength
    }
  }
}

/** The first entry that ends after `offset`. */
function indexHolding(entries: Fifo<Entry>, offset: number): number {
  let low = 0
  let high = entries.length
  while (low < high) {
    const middle = (low + high) >> 1
    if (entries.at(middle)!.endOffset <= offset) low = middle + 1
    else high = middle
  }
  return low
}
