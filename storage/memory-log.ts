// The log in memory: one array of chunks per partition, one chunk per append. Survives nothing. Changes are applied by memory-store.ts, in
// the order in which they were asked for; what they mean for the facts is segments.ts.
import type {
  AppendRequest,
  AppendResult,
  Bounds,
  Chunk,
  ReadRequest,
  ReadResult,
  Replacement,
  RetentionPolicy,
  SegmentPolicy,
  SegmentView,
} from './log.ts'
import { replaced } from './replacement.ts'
import { planRetention } from './retention.ts'
import {
  boundsOf,
  type ChunkFacts,
  chunkAtTime,
  mustRoll,
  nothing,
  type PartitionFacts,
  segmentsOf,
  trimmed,
  withChunk,
  withoutSegments,
} from './segments.ts'
import { PartitionGone, type StoreOptions } from './store.ts'

type MemoryChunk = ChunkFacts & Chunk

interface MemoryPartition {
  facts: PartitionFacts
  chunks: MemoryChunk[]
}

const noLimits: SegmentPolicy = { segmentBytes: 1024 ** 3, segmentMs: 7 * 24 * 3600 * 1000 }
/** How many segments one step of retention drops, as in the durable log. */
export const retainSegmentsMax = 64
/** Below this share of its memory a run of entries is copied, so that a small append does not keep a large frame alive. */
const keptShareMin = 0.5

/** The partitions of a memory store, changed synchronously. */
export class MemoryPartitions {
  readonly #partitions = new Map<number, MemoryPartition>()
  readonly #dropped = new Set<number>()
  readonly #policies = new Map<number, SegmentPolicy>()
  readonly #options: StoreOptions

  constructor(options: StoreOptions) {
    this.#options = options
  }

  /** Throws PartitionGone; a batch asks before it changes anything. */
  checkWritable(partition: number): void {
    if (this.#dropped.has(partition)) throw new PartitionGone(`partition ${partition} was dropped`)
  }

  setPolicy(partition: number, policy: SegmentPolicy): void {
    this.#policies.set(partition, policy)
  }

  append(request: AppendRequest): AppendResult {
    this.checkWritable(request.partition)
    const partition = this.#partitions.get(request.partition) ?? { facts: nothing, chunks: [] }
    this.#partitions.set(request.partition, partition)
    const nowMs = this.#options.now()
    const baseOffset = partition.facts.endOffset
    this.#options.stamp(request.bytes, baseOffset, request.leaderEpoch)
    const small = request.bytes.length < request.bytes.buffer.byteLength * keptShareMin
    const bytes = small || request.reusable ? copyOf(request.bytes) : request.bytes
    const { offsetCount, maxTimestampMs } = request
    const run = { offsetCount, bytes: bytes.length, maxTimestampMs }
    const roll = mustRoll(partition.facts.active, run, this.#policies.get(request.partition) ?? noLimits, nowMs)
    const { facts, chunk } = withChunk(partition.facts, run, roll, nowMs)
    partition.facts = facts
    partition.chunks.push({ ...chunk, bytes })
    return { baseOffset, startOffset: facts.startOffset }
  }

  trim(id: number, beforeOffset: number): Bounds {
    const { facts, chunks } = this.#view(id)
    if (beforeOffset < 0 || beforeOffset > facts.endOffset) {
      throw new RangeError(`cannot trim partition ${id} to ${beforeOffset}: it ends at ${facts.endOffset}`)
    }
    return this.#shorten(
      id,
      trimmed(facts, beforeOffset, (offset) => chunkHolding(chunks, offset)),
    )
  }

  retain(id: number, policy: RetentionPolicy, nowMs: number): { bounds: Bounds; more: boolean } {
    const { facts } = this.#view(id)
    const count = planRetention(segmentsOf(facts), policy, nowMs, retainSegmentsMax)
    const bounds = this.#shorten(id, withoutSegments(facts, count))
    return { bounds, more: count === retainSegmentsMax }
  }

  segments(id: number): readonly SegmentView[] {
    return segmentsOf(this.#view(id).facts)
  }

  replace(replacement: Replacement): Bounds | null {
    const partition = this.#partitions.get(replacement.partition)
    if (!partition) return null
    const { chunks } = partition
    const made = replaced(partition.facts, replacement, (offset) => chunkHolding(chunks, offset))
    if (!made) return null
    const added = made.added.map((chunk, i): MemoryChunk => ({ ...chunk, bytes: replacement.chunks[i]!.bytes }))
    chunks.splice(indexHolding(chunks, replacement.fromOffset), made.removed.length, ...added)
    partition.facts = made.facts
    return boundsOf(made.facts)
  }

  drop(id: number): void {
    this.#partitions.delete(id)
    this.#policies.delete(id)
    this.#dropped.add(id)
  }

  clear(): void {
    this.#partitions.clear()
    this.#policies.clear()
    this.#dropped.clear()
  }

  bounds = (id: number): Bounds => boundsOf(this.#view(id).facts)

  read({ partition, fromOffset, bytesMax }: ReadRequest): ReadResult {
    const { facts, chunks } = this.#view(partition)
    const { startOffset, endOffset } = facts
    const taken: Chunk[] = []
    if (fromOffset < startOffset || fromOffset >= endOffset) return { chunks: taken, startOffset, endOffset }
    let bytes = 0
    for (let i = indexHolding(chunks, fromOffset); i < chunks.length; i++) {
      const chunk = chunks[i]!
      bytes += chunk.bytes.length
      if (taken.length > 0 && bytes > bytesMax) break
      taken.push({ baseOffset: chunk.baseOffset, endOffset: chunk.endOffset, bytes: chunk.bytes })
    }
    return { chunks: taken, startOffset, endOffset }
  }

  offsetForTime(id: number, timestampMs: number): number | null {
    const { facts, chunks } = this.#view(id)
    return chunkAtTime(facts, timestampMs, (offset) => chunkHolding(chunks, offset))?.baseOffset ?? null
  }

  offsetOfMaxTimestamp(id: number): number | null {
    return this.offsetForTime(id, this.#view(id).facts.maxTimestampMs)
  }

  /** Bytes of all chunks that are kept. */
  get bytes(): number {
    let sum = 0
    for (const { facts } of this.#partitions.values()) sum += facts.bytes
    return sum
  }

  #view(id: number): MemoryPartition {
    return this.#partitions.get(id) ?? { facts: nothing, chunks: [] }
  }

  #shorten(id: number, facts: PartitionFacts): Bounds {
    const partition = this.#partitions.get(id)
    if (partition && partition.facts !== facts) {
      partition.facts = facts
      const gone = facts.startOffset === facts.endOffset ? partition.chunks.length : indexHolding(partition.chunks, facts.startOffset)
      partition.chunks.splice(0, gone)
    }
    return boundsOf(facts)
  }
}

function copyOf(bytes: Buffer): Buffer {
  const copy = Buffer.allocUnsafeSlow(bytes.length)
  bytes.copy(copy)
  return copy
}

/** Where in the array the chunk with `offset` is, by binary search; the array's length when it lies past the last one. */
function indexHolding(chunks: readonly MemoryChunk[], offset: number): number {
  let low = 0
  let high = chunks.length
  while (low < high) {
    const middle = (low + high) >> 1
    if (chunks[middle]!.endOffset <= offset) low = middle + 1
    else high = middle
  }
  return low
}

function chunkHolding(chunks: readonly MemoryChunk[], offset: number): MemoryChunk | undefined {
  const chunk = chunks[indexHolding(chunks, offset)]
  return chunk && chunk.baseOffset <= offset ? chunk : undefined
}
