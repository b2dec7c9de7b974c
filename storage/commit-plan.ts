// One commit in the making: what the writes that it carries do to partitions and rows, decided on top of what is committed. Nothing it does
// is visible before `publish`; a plan whose commit fails is forgotten, and with it every offset that it gave out.
import { Notices } from './batch.ts'
import { collectGarbage } from './garbage.ts'
import { chunkKey, garbageKey, segmentKey } from './keys.ts'
import type { Change, Changes, LmdbEnvironment } from './lmdb-environment.ts'
import type { AppendRequest, AppendResult, Bounds, Chunk, CommitNotice, Replacement, RetentionPolicy, SegmentPolicy } from './log.ts'
import { everything, type PartitionBook, packGarbage } from './partition-book.ts'
import type { RecentChunks } from './recent-chunks.ts'
import { replaced } from './replacement.ts'
import { planRetention } from './retention.ts'
import { packSegment } from './segment-row.ts'
import { boundsOf, type ChunkFacts, mustRoll, nothing, type PartitionFacts, trimmed, withChunk, withoutSegments } from './segments.ts'
import { PartitionGone, type StoreOptions } from './store.ts'

/** Small appends of one partition are joined up to this, so that LMDB sees few values ... */
const joinBytesMax = 256 * 1024
/** ... and one of this size or more goes in as it is, without a copy. */
const aloneBytesMin = 64 * 1024
/** How many segments one step of retention drops. */
const retainSegmentsMax = 64

const defaultPolicy: SegmentPolicy = { segmentBytes: 1024 ** 3, segmentMs: 7 * 24 * 3600 * 1000 }

/** What plans are made from. */
export interface PlanContext {
  environment: LmdbEnvironment
  book: PartitionBook
  recent: RecentChunks
  policies: Map<number, SegmentPolicy>
  options: StoreOptions
}

/** A chunk that still takes appends. */
interface OpenChunk {
  runs: Buffer[]
  bytes: number
  offsetCount: number
  maxTimestampMs: number
  /** Some of the runs are in memory that their owner uses again. */
  reusable: boolean
  /** It is the first of a new segment. */
  roll: boolean
}

interface Draft {
  readonly before: PartitionFacts
  facts: PartitionFacts
  open: OpenChunk | undefined
  /** Chunks of this commit. */
  added: (ChunkFacts & Chunk & { borrowed: boolean })[]
  /** Chunks below this go: the first one that is kept begins here. */
  garbageBefore: number
  /** Chunks of this commit that take the place of others; null for none. */
  rewritten: { fromOffset: number; toOffset: number; chunks: readonly ChunkFacts[] } | null
}

export class CommitPlan {
  readonly #context: PlanContext
  readonly #drafts = new Map<number, Draft>()
  readonly #changes: Change[] = []
  readonly #notices = new Notices()
  readonly #nowMs: number
  #bytes = 0
  #clear = false
  #background = false
  appends = 0
  appendedBytes = 0

  constructor(context: PlanContext) {
    this.#context = context
    this.#nowMs = context.options.now()
  }

  /** Chunks that this plan writes so far. */
  get chunkCount(): number {
    let count = 0
    for (const { added, open } of this.#drafts.values()) count += added.length + (open ? 1 : 0)
    return count
  }

  /** Throws PartitionGone. */
  append(request: AppendRequest): AppendResult {
    const { partition, bytes, offsetCount, maxTimestampMs } = request
    const draft = this.#draft(partition)
    if (draft.garbageBefore === everything || this.#context.book.isDropped(partition)) throw new PartitionGone(`partition ${partition} was dropped`)
    const policy = this.#context.policies.get(partition) ?? defaultPolicy
    if (draft.open && !canJoin(draft, bytes.length, policy)) this.#closeChunk(partition, draft)
    draft.open ??= {
      runs: [],
      bytes: 0,
      offsetCount: 0,
      maxTimestampMs: -1,
      reusable: false,
      roll: mustRoll(draft.facts.segments.at(-1), bytes.length, policy, this.#nowMs),
    }
    const { open, facts } = draft
    const baseOffset = facts.endOffset + open.offsetCount
    this.#context.options.stamp(bytes, baseOffset, request.leaderEpoch)
    open.runs.push(bytes)
    if (request.reusable) open.reusable = true
    open.bytes += bytes.length
    open.offsetCount += offsetCount
    open.maxTimestampMs = Math.max(open.maxTimestampMs, maxTimestampMs)
    if (bytes.length >= aloneBytesMin) this.#closeChunk(partition, draft)
    this.#notices.add(partition, baseOffset + offsetCount, bytes.length)
    this.appends++
    this.appendedBytes += bytes.length
    return { baseOffset, startOffset: facts.startOffset }
  }

  /** A row as bytes, or null to delete it. */
  row(key: Buffer, value: Buffer | null): void {
    this.#change(key, value)
  }

  trim(partition: number, beforeOffset: number): Bounds {
    const draft = this.#closed(partition)
    if (!(beforeOffset >= 0 && beforeOffset <= draft.facts.endOffset)) {
      throw new RangeError(`cannot trim partition ${partition} to ${beforeOffset}: it ends at ${draft.facts.endOffset}`)
    }
    return this.#shorten(
      partition,
      draft,
      trimmed(draft.facts, beforeOffset, (offset) => this.#chunkHolding(partition, offset)),
    )
  }

  retain(partition: number, policy: RetentionPolicy, nowMs: number): { bounds: Bounds; more: boolean } {
    const draft = this.#closed(partition)
    const count = planRetention(draft.facts.segments, policy, nowMs, retainSegmentsMax)
    return { bounds: this.#shorten(partition, draft, withoutSegments(draft.facts, count)), more: count === retainSegmentsMax }
  }

  /** Null where the chunks are not there any more. */
  replace(replacement: Replacement): Bounds | null {
    const { partition, fromOffset, toOffset, chunks } = replacement
    const draft = this.#closed(partition)
    if (draft.rewritten) throw new Error(`partition ${partition} is rewritten twice at once`)
    if (draft.garbageBefore === everything || this.#context.book.isDropped(partition)) return null
    const made = replaced(draft.facts, replacement, (offset) => this.#chunkHolding(partition, offset))
    if (!made) return null
    for (const chunk of made.removed) this.#change(chunkKey(partition, chunk), null)
    for (const [i, chunk] of made.added.entries()) this.#change(chunkKey(partition, chunk), chunks[i]!.bytes)
    draft.facts = made.facts
    draft.rewritten = { fromOffset, toOffset, chunks: made.added }
    // Nobody waits for it.
    this.#background = true
    return boundsOf(made.facts)
  }

  drop(partition: number): void {
    const draft = this.#closed(partition)
    // A partition that has no rows needs no note; only this process remembers that it is gone.
    if (draft.facts !== nothing || draft.before !== nothing) this.#change(garbageKey(partition), packGarbage(everything))
    draft.facts = nothing
    draft.garbageBefore = everything
  }

  clear(): void {
    this.#clear = true
  }

  /** Deletes at most `chunksMax` chunks that nobody can read any more. Comes last in a plan. Says whether there may be more. */
  collectGarbage(chunksMax: number): boolean {
    const fresh = (partition: number) => (this.#drafts.get(partition)?.garbageBefore ?? 0) > 0
    return collectGarbage(this.#context.environment, chunksMax, fresh, (key, value) => {
      this.#change(key, value)
      // What is deleted has not been read for long: its pages may have to come from the disk.
      this.#background = true
    })
  }

  /** Everything that is to be written. Nothing may be added afterwards. Either `publish` or `abandon` follows. */
  finish(): Changes {
    if (this.#clear) this.#context.book.forgetWhileClearing()
    for (const [partition, draft] of this.#drafts) {
      if (draft.open) this.#closeChunk(partition, draft)
      if (draft.rewritten) {
        // From here until the answer a read must not mix what is kept in memory with what it finds in the tree.
        this.#context.book.rewriting(partition)
        this.#context.recent.forget(partition, draft.rewritten.toOffset)
      }
      if (draft.garbageBefore !== everything) this.#changeSegments(partition, draft)
    }
    return { list: this.#changes, bytes: this.#bytes, clear: this.#clear, background: this.#background }
  }

  /** The commit is durable: readers see it from now on. */
  publish(): readonly CommitNotice[] {
    const { book, recent, policies } = this.#context
    if (this.#clear) {
      book.cleared(true)
      recent.clear()
      policies.clear()
    }
    for (const [partition, draft] of this.#drafts) {
      for (const { baseOffset, endOffset, bytes, borrowed } of draft.added) {
        const chunk = { baseOffset, endOffset, bytes }
        if (borrowed) recent.addCopy(partition, chunk, this.#nowMs)
        else recent.add(partition, chunk)
      }
      if (draft.rewritten) recent.forget(partition, draft.rewritten.toOffset)
      if (draft.garbageBefore > 0) recent.forget(partition, draft.garbageBefore)
      if (draft.garbageBefore === everything) {
        book.markDropped(partition)
        policies.delete(partition)
      } else book.set(partition, draft.facts)
    }
    return this.#notices.list
  }

  /** The commit was not made. */
  abandon(): void {
    const { book } = this.#context
    if (this.#clear) book.cleared(false)
    for (const [partition, draft] of this.#drafts) if (draft.rewritten) book.notRewritten(partition)
  }

  #draft(partition: number): Draft {
    let draft = this.#drafts.get(partition)
    if (!draft) {
      const before = this.#context.book.facts(partition)
      draft = { before, facts: before, open: undefined, added: [], garbageBefore: 0, rewritten: null }
      this.#drafts.set(partition, draft)
    }
    return draft
  }

  /** The draft with every append so far in its facts. */
  #closed(partition: number): Draft {
    const draft = this.#draft(partition)
    if (draft.open) this.#closeChunk(partition, draft)
    return draft
  }

  #closeChunk(partition: number, draft: Draft): void {
    const open = draft.open!
    draft.open = undefined
    const bytes = joined(open)
    const { facts, chunk } = withChunk(draft.facts, open, open.roll, this.#nowMs)
    draft.facts = facts
    draft.added.push({ ...chunk, bytes, borrowed: open.reusable && bytes === open.runs[0] })
    this.#change(chunkKey(partition, chunk), bytes)
  }

  #chunkHolding(partition: number, offset: number): ChunkFacts | undefined {
    const draft = this.#drafts.get(partition)
    const rewritten = draft?.rewritten
    if (rewritten && offset >= rewritten.fromOffset && offset < rewritten.toOffset) return rewritten.chunks.find((chunk) => chunk.endOffset > offset)
    const added = draft?.added ?? []
    if (added.length > 0 && offset >= added[0]!.baseOffset) return added.find((chunk) => chunk.endOffset > offset)
    return this.#context.book.chunkHolding(partition, offset)
  }

  #shorten(partition: number, draft: Draft, facts: PartitionFacts): Bounds {
    if (facts !== draft.facts) {
      draft.facts = facts
      // What is in front of the first chunk that is still needed can be deleted, now and, if the process ends, later.
      draft.garbageBefore = this.#chunkHolding(partition, facts.startOffset)?.baseOffset ?? facts.endOffset
      this.#change(garbageKey(partition), packGarbage(draft.garbageBefore))
    }
    return boundsOf(facts)
  }

  /** Both lists are in order of base offset, and a segment that did not change is the same object. */
  #changeSegments(partition: number, { before, facts }: Draft): void {
    let i = 0
    for (const segment of facts.segments) {
      for (; i < before.segments.length && before.segments[i]!.baseOffset < segment.baseOffset; i++) {
        this.#change(segmentKey(partition, before.segments[i]!.baseOffset), null)
      }
      const old = before.segments[i]
      if (old === segment) i++
      else {
        if (old?.baseOffset === segment.baseOffset) i++
        this.#change(segmentKey(partition, segment.baseOffset), packSegment(segment))
      }
    }
  }

  #change(key: Buffer, value: Buffer | null): void {
    this.#changes.push({ key, value })
    this.#bytes += value?.length ?? 0
  }
}

function canJoin({ open, facts }: Draft, bytes: number, policy: SegmentPolicy): boolean {
  const active = facts.segments.at(-1)
  const inSegment = open!.roll || !active ? 0 : active.bytes + active.trimmedBytes
  return bytes < aloneBytesMin && open!.bytes + bytes <= joinBytesMax && inSegment + open!.bytes + bytes <= policy.segmentBytes
}

/** The chunk's bytes. Copied where runs are joined, where a small run would keep a large frame alive, and out of shared memory, from which LMDB stores wrong bytes. */
function joined({ runs, bytes }: OpenChunk): Buffer {
  const first = runs[0]!
  const memory = first.buffer
  const wasteful = first.length < aloneBytesMin && first.length * 2 < memory.byteLength
  if (runs.length === 1 && !wasteful && memory instanceof ArrayBuffer) return first
  const chunk = Buffer.allocUnsafeSlow(bytes)
  let at = 0
  for (const run of runs) at += run.copy(chunk, at)
  return chunk
}
