// One partition in a commit that is being made: what is appended to it gathers into pieces. Small ones stay as they are, for the journal, unless the partition is
// settled: then they are joined into chunks, together with what the journal has of it. Decides nothing about other partitions and writes nothing; commit-plan.ts does.
import type { Journal } from './journal.ts'
import type { AppendRequest, SegmentPolicy } from './log.ts'
import { Piece } from './piece.ts'
import { type ChunkFacts, isEmpty, mustRoll, type PartitionFacts, withChunk } from './segments.ts'
import type { Slab } from './slab.ts'

/** Appends of one partition are joined up to this, so that LMDB sees few values ... */
const joinBytesMax = 256 * 1024
/** ... and one of this size or more goes in as it is, without a copy. */
const aloneBytesMin = 64 * 1024

/** A chunk as it is to be stored. */
export interface DraftChunk extends ChunkFacts {
  readonly bytes: Buffer
  /** It lies in memory that its owner uses again. */
  readonly borrowed: boolean
}

/** What still takes appends. */
interface Open {
  runs: Buffer[]
  bytes: number
  offsetCount: number
  maxTimestampMs: number
  reusable: boolean
  roll: boolean
}

export class PartitionDraft {
  readonly partition: number
  /** What the stored rows say; what the journal has comes on top. */
  readonly before: PartitionFacts
  facts: PartitionFacts
  /** Chunks below this go: the first one that is kept begins here. */
  garbageBefore = 0
  /** Chunks of this commit that take the place of others; null for none. */
  rewritten: { fromOffset: number; toOffset: number; chunks: readonly ChunkFacts[] } | null = null
  /** It cannot stay in the journal: there is a large piece, which small ones must not come before, or a new segment, which must not leave any behind. */
  mustSettle = false
  /** What is stored as chunks; null where the partition is not settled. */
  chunks: DraftChunk[] | null = null
  readonly #journal: Journal
  readonly #slab: Slab
  readonly #smallBytesMax: number
  readonly #nowMs: number
  #open: Open | null = null
  #pieces: Piece[] = []
  #pieceBytes = 0

  /** What it has to copy goes to the slab. */
  constructor(partition: number, facts: PartitionFacts, journal: Journal, slab: Slab, smallBytesMax: number, nowMs: number) {
    this.partition = partition
    this.before = journal.storedFacts(partition) ?? facts
    this.facts = facts
    this.#journal = journal
    this.#slab = slab
    this.#smallBytesMax = smallBytesMax
    this.#nowMs = nowMs
  }

  /** Where the next append begins. */
  get endOffset(): number {
    return this.facts.endOffset + (this.#open?.offsetCount ?? 0)
  }

  /** Chunks and small pieces of this commit. */
  get count(): number {
    return (this.chunks ?? this.#pieces).length + (this.#open ? 1 : 0)
  }

  /** Small pieces that are to be put in the journal; empty where the partition is settled. */
  get small(): readonly Piece[] {
    return this.#pieces
  }

  /** Bytes that settling it would write. */
  get looseBytes(): number {
    return this.#journal.bytesOf(this.partition) + this.#pieceBytes
  }

  append(request: AppendRequest, policy: SegmentPolicy): void {
    const { bytes, offsetCount, maxTimestampMs, reusable } = request
    if (this.#open && !this.#canJoin(this.#open, request, policy)) this.close()
    if (this.#open) {
      this.#open.runs.push(bytes)
      this.#open.bytes += bytes.length
      this.#open.offsetCount += offsetCount
      this.#open.maxTimestampMs = Math.max(this.#open.maxTimestampMs, maxTimestampMs)
      if (reusable) this.#open.reusable = true
    } else {
      const roll = mustRoll(this.facts.active, { bytes: bytes.length, maxTimestampMs }, policy, this.#nowMs)
      this.#open = {
        runs: [bytes],
        bytes: bytes.length,
        offsetCount,
        maxTimestampMs: Math.max(-1, maxTimestampMs),
        reusable: reusable === true,
        roll,
      }
    }
    if (bytes.length >= aloneBytesMin) this.close()
  }

  /** Every append so far is in the facts. */
  close(): void {
    const open = this.#open
    if (!open) return
    this.#open = null
    if (open.bytes >= this.#smallBytesMax || (open.roll && this.facts.active)) this.mustSettle = true
    const { facts, chunk } = withChunk(this.facts, open, open.roll, this.#nowMs)
    this.facts = facts
    const piece = new Piece(this.partition, chunk, open.runs, open.bytes, open.reusable, open.roll)
    if (this.chunks) this.chunks.push(this.#joined([piece], 0, 1))
    else {
      this.#pieces.push(piece)
      this.#pieceBytes += piece.bytes
    }
  }

  /** Everything that the journal has of the partition, and everything here, becomes chunks. */
  settle(): void {
    this.close()
    if (this.chunks) return
    const pieces = [...this.#journal.pieces(this.partition), ...this.#pieces]
    this.chunks = []
    for (let from = 0, to: number; from < pieces.length; from = to) {
      to = endOfGroup(pieces, from)
      this.chunks.push(this.#joined(pieces, from, to))
    }
    this.#pieces = []
    this.#pieceBytes = 0
  }

  /** Nothing of it is kept. */
  drop(nothing: PartitionFacts): void {
    this.#open = null
    this.#pieces = []
    this.chunks = []
    this.facts = nothing
  }

  /** The chunk of this commit that holds an offset. Of a settled partition. */
  chunkHolding(offset: number): ChunkFacts | undefined {
    const first = this.chunks?.[0]
    return first && offset >= first.baseOffset ? this.chunks!.find((chunk) => chunk.endOffset > offset) : undefined
  }

  /** Whether an append belongs in the piece that is open, and so in its segment. */
  #canJoin(open: Open, { bytes: { length }, maxTimestampMs }: AppendRequest, policy: SegmentPolicy): boolean {
    const active = open.roll ? null : this.facts.active
    // The first piece of a segment says when that begins: nothing later goes into it.
    if (!active || isEmpty(active)) {
      if (maxTimestampMs > open.maxTimestampMs) return false
    } else if (active.firstTimestampMs >= 0 && maxTimestampMs - active.firstTimestampMs > policy.segmentMs) return false
    const inSegment = active ? active.bytes + active.trimmedBytes : 0
    return length < aloneBytesMin && open.bytes + length <= joinBytesMax && inSegment + open.bytes + length <= policy.segmentBytes
  }

  /** One chunk of some pieces. Copied where runs are joined, where a small run would keep a large frame alive, and out of shared memory, from which LMDB stores wrong bytes. */
  #joined(pieces: readonly Piece[], from: number, to: number): DraftChunk {
    const first = pieces[from]!
    const last = pieces[to - 1]!
    const { baseOffset, position } = first
    let bytes = 0
    let maxTimestampMs = -1
    for (let i = from; i < to; i++) {
      bytes += pieces[i]!.bytes
      maxTimestampMs = Math.max(maxTimestampMs, pieces[i]!.maxTimestampMs)
    }
    const facts = { baseOffset, endOffset: last.endOffset, position, maxTimestampMs, runningMaxTimestampMs: last.runningMaxTimestampMs }
    const [run] = first.runs
    const wasteful = run !== undefined && run.length < aloneBytesMin && run.length * 2 < run.buffer.byteLength
    if (run?.length === bytes && !wasteful && run.buffer instanceof ArrayBuffer) return { ...facts, bytes: run, borrowed: first.reusable }
    const chunk = this.#slab.take(bytes)
    for (let i = from, at = 0; i < to; i++) at = pieces[i]!.copyTo(chunk, at)
    return { ...facts, bytes: chunk, borrowed: true }
  }
}

/** Neighbours that make one chunk: within a segment, up to a size, and none that is large enough by itself. Answers where the group that begins at `from` ends. */
function endOfGroup(pieces: readonly Piece[], from: number): number {
  let { bytes } = pieces[from]!
  if (bytes >= aloneBytesMin) return from + 1
  let to = from + 1
  for (; to < pieces.length; to++) {
    const next = pieces[to]!
    bytes += next.bytes
    if (next.roll || next.bytes >= aloneBytesMin || bytes > joinBytesMax) break
  }
  return to
}
