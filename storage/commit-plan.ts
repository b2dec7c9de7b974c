// One commit in the making: what the writes that it carries do to partitions and rows, decided on top of what is committed. Nothing it does
// is visible before `publish`; a plan whose commit fails is forgotten, and with it every offset that it gave out.
import { Notices } from './batch.ts'
import { collectGarbage } from './garbage.ts'
import type { Journal, NewEntry } from './journal.ts'
import { entryBytesOf } from './journal-entry.ts'
import { type JournalFile, type JournalMark, packMark } from './journal-file.ts'
import { journalKept, keepJournal, type Upkeep } from './journal-upkeep.ts'
import { chunkKey, garbageKey, journalKey, journalMarkKey } from './keys.ts'
import type { Change, Changes, LmdbEnvironment } from './lmdb-environment.ts'
import type { AppendRequest, AppendResult, Bounds, CommitNotice, Replacement, RetentionPolicy, SegmentPolicy } from './log.ts'
import { everything, type PartitionBook, packGarbage } from './partition-book.ts'
import { PartitionDraft } from './partition-draft.ts'
import type { Piece } from './piece.ts'
import type { RecentChunks } from './recent-chunks.ts'
import { replaced } from './replacement.ts'
import { planRetention } from './retention.ts'
import { changeSegments } from './segment-row.ts'
import { boundsOf, type ChunkFacts, nothing, type PartitionFacts, segmentsOf, trimmed, withoutSegments } from './segments.ts'
import { Slab } from './slab.ts'
import { type JournalPolicy, journalUsual, PartitionGone, type StoreOptions } from './store.ts'

/** How many segments one step of retention drops. */
const retainSegmentsMax = 64

const defaultPolicy: SegmentPolicy = { segmentBytes: 1024 ** 3, segmentMs: 7 * 24 * 3600 * 1000 }

/** What plans are made from. */
export interface PlanContext {
  environment: LmdbEnvironment
  journal: Journal
  /** Null: small appends are gathered in LMDB alone. */
  file: JournalFile | null
  book: PartitionBook
  recent: RecentChunks
  policies: Map<number, SegmentPolicy>
  options: StoreOptions
}

export class CommitPlan {
  readonly #context: PlanContext
  readonly #drafts = new Map<number, PartitionDraft>()
  readonly #changes: Change[] = []
  readonly #notices = new Notices()
  readonly #slab: Slab
  readonly #policy: JournalPolicy
  readonly #nowMs: number
  #bytes = 0
  #clear = false
  #background = false
  #settledBytes = 0
  #entry: NewEntry | undefined
  /** The entry goes into the journal file, and there is nothing else. */
  filed = false
  #mark: JournalMark | null = null
  #leaves = false
  #upkeep: Upkeep | undefined
  appends = 0
  appendedBytes = 0

  constructor(context: PlanContext) {
    this.#context = context
    this.#policy = context.options.journal ?? journalUsual
    this.#slab = new Slab(context.journal.pool)
    this.#nowMs = context.options.now()
  }

  /** Chunks that this plan writes so far. */
  get chunkCount(): number {
    let count = 0
    for (const draft of this.#drafts.values()) count += draft.count
    return count
  }

  /** Throws PartitionGone. */
  append(request: AppendRequest): AppendResult {
    const { partition, bytes, offsetCount } = request
    const draft = this.#draft(partition)
    if (draft.garbageBefore === everything || this.#context.book.isDropped(partition)) throw new PartitionGone(`partition ${partition} was dropped`)
    const baseOffset = draft.endOffset
    this.#context.options.stamp(bytes, baseOffset, request.leaderEpoch)
    draft.append(request, this.#context.policies.get(partition) ?? defaultPolicy)
    this.#notices.add(partition, baseOffset + offsetCount, bytes.length)
    this.appends++
    this.appendedBytes += bytes.length
    return { baseOffset, startOffset: draft.facts.startOffset }
  }

  /** A row as bytes, or null to delete it. */
  row(key: Buffer, value: Buffer | null): void {
    this.#change(key, value)
  }

  trim(partition: number, beforeOffset: number): Bounds {
    const draft = this.#closed(partition)
    if (beforeOffset > draft.facts.startOffset) draft.settle()
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
    const count = planRetention(segmentsOf(draft.facts), policy, nowMs, retainSegmentsMax)
    if (count > 0) draft.settle()
    return { bounds: this.#shorten(partition, draft, withoutSegments(draft.facts, count)), more: count === retainSegmentsMax }
  }

  /** Null where the chunks are not there any more. */
  replace(replacement: Replacement): Bounds | null {
    const { partition, fromOffset, toOffset, chunks } = replacement
    const draft = this.#closed(partition)
    if (draft.rewritten) throw new Error(`partition ${partition} is rewritten twice at once`)
    if (draft.garbageBefore === everything || this.#context.book.isDropped(partition)) return null
    draft.settle()
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
    draft.drop(nothing)
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

  /**
   * Settles partitions of which enough has come together, and, where the journal is full, those that were in it longest. Comes after the appends. Writes about so
   * many bytes at most, that are not the appends' own: the others' turn comes with the next commits.
   */
  #settle(bytesMax: number): void {
    const { journal } = this.#context
    for (const draft of this.#drafts.values()) {
      if (this.#settledBytes >= bytesMax) return
      draft.close()
      if (draft.looseBytes >= this.#policy.settleBytes) this.#settleDraft(draft)
    }
    if (journal.bytes < this.#policy.bytesMax && !this.#context.file?.crowded) return
    for (const { partition } of journal.oldest()) {
      if (this.#settledBytes >= bytesMax) return
      this.#settleDraft(this.#closed(partition))
    }
  }

  /** The journal file of this id counts from now on. */
  useFile(id: Buffer): void {
    this.#mark = { floor: this.#context.journal.floor, id }
  }

  /** Settles everything and does without the journal file: the last commit before the end. */
  leaveFile(): void {
    for (const partition of this.#context.journal.partitions) this.#closed(partition).settle()
    this.#mark = { floor: this.#context.journal.nextSequence, id: null }
    this.#leaves = true
  }

  #settleDraft(draft: PartitionDraft): void {
    if (draft.chunks) return
    this.#settledBytes += draft.looseBytes
    draft.settle()
  }

  /** Whether it is nothing but small appends, for which the journal file has room. Comes after the appends. */
  get fileable(): boolean {
    const { file } = this.#context
    if (!file || this.#changes.length > 0 || this.#mark || this.#clear) return false
    let bytes = 0
    for (const draft of this.#drafts.values()) {
      draft.close()
      if (draft.mustSettle || draft.chunks || draft.rewritten || draft.garbageBefore > 0) return false
      // Each counted as an entry of its own: a little more than they take together.
      if (draft.small.length > 0) bytes += entryBytesOf(draft.small, [])
    }
    return bytes > 0 && file.takes(bytes)
  }

  /** Everything that is to be written. Nothing may be added afterwards. Either `publish` or `abandon` follows. Settles up to `settleBytesMax` along the way, unless it is for the file. */
  finish(settleBytesMax: number): Changes {
    if (this.#clear) this.#context.book.forgetWhileClearing()
    this.filed = this.fileable
    if (!this.filed && !this.#clear) this.#settle(settleBytesMax)
    for (const draft of this.#drafts.values()) {
      const { partition } = draft
      draft.close()
      if (draft.mustSettle) draft.settle()
      if (draft.rewritten) {
        // From here until the answer a read must not mix what is kept in memory with what it finds in the tree.
        this.#context.book.rewriting(partition)
        this.#context.recent.forget(partition, draft.rewritten.toOffset)
      }
      if (!draft.chunks || draft.garbageBefore === everything) continue
      for (const chunk of draft.chunks) this.#change(chunkKey(partition, chunk), chunk.bytes)
      changeSegments(partition, draft.before, draft.facts, (key, value) => this.#change(key, value))
    }
    this.#keepJournal()
    const filed = this.filed ? this.#entry! : null
    return { list: this.#changes, bytes: this.#bytes, clear: this.#clear, filed, background: this.#background }
  }

  /** The commit is durable: readers see it from now on. */
  publish(): readonly CommitNotice[] {
    const { book, journal, file, recent, policies } = this.#context
    if (this.#clear) {
      book.cleared(true)
      journal.clear()
      recent.clear()
      policies.clear()
    }
    if (this.#upkeep) journalKept(this.#context, this.#upkeep)
    if (this.#leaves) file?.left()
    for (const draft of this.#drafts.values()) {
      const { partition } = draft
      if (draft.chunks) journal.settled(partition)
      for (const { baseOffset, endOffset, bytes, borrowed } of draft.chunks ?? []) {
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
    this.#slab.giveBack()
    if (this.#entry) journal.added(this.#entry, this.filed, (partition) => this.#drafts.get(partition)!.before)
    return this.#notices.list
  }

  /** The commit was not made. */
  abandon(): void {
    const { book } = this.#context
    if (this.#clear) book.cleared(false)
    for (const [partition, draft] of this.#drafts) if (draft.rewritten) book.notRewritten(partition)
  }

  #draft(partition: number): PartitionDraft {
    let draft = this.#drafts.get(partition)
    if (!draft) {
      const { book, journal } = this.#context
      draft = new PartitionDraft(partition, book.facts(partition), journal, this.#slab, this.#policy.smallBytesMax, this.#nowMs)
      this.#drafts.set(partition, draft)
    }
    return draft
  }

  /** The draft with every append so far in its facts. */
  #closed(partition: number): PartitionDraft {
    const draft = this.#draft(partition)
    draft.close()
    return draft
  }

  #chunkHolding(partition: number, offset: number): ChunkFacts | undefined {
    const draft = this.#drafts.get(partition)
    const rewritten = draft?.rewritten
    if (rewritten && offset >= rewritten.fromOffset && offset < rewritten.toOffset) return rewritten.chunks.find((chunk) => chunk.endOffset > offset)
    const made = draft?.chunkHolding(offset)
    if (made) return made
    return this.#context.book.chunkHolding(partition, offset)
  }

  /** What stays small goes into one entry, with a note for each partition whose parts are void from now on. */
  #keepJournal(): void {
    const { journal, file } = this.#context
    const change = (key: Buffer, value: Buffer | null) => this.#change(key, value)
    if (this.#clear) {
      // Nothing of what was is left to delete.
      const mark = file?.mark(journal.nextSequence)
      if (mark) change(journalMarkKey, packMark(mark))
      this.#upkeep = { mark: mark ?? null, spentCount: 0 }
      return
    }
    const small: Piece[] = []
    const dropped: number[] = []
    for (const draft of this.#drafts.values()) {
      const { partition } = draft
      for (const piece of draft.small) small.push(piece)
      if (draft.garbageBefore === everything && journal.pieces(partition).length > 0) dropped.push(partition)
    }
    if (small.length > 0 || dropped.length > 0) {
      this.#entry = journal.entryOf(this.#nowMs, small, dropped)
      if (this.filed) return
      change(journalKey(this.#entry.sequence), this.#entry.value)
    }
    this.#upkeep = keepJournal(this.#context, this.#mark, change)
  }

  #shorten(partition: number, draft: PartitionDraft, facts: PartitionFacts): Bounds {
    if (facts !== draft.facts) {
      draft.facts = facts
      // What is in front of the first chunk that is still needed can be deleted, now and, if the process ends, later.
      draft.garbageBefore = this.#chunkHolding(partition, facts.startOffset)?.baseOffset ?? facts.endOffset
      this.#change(garbageKey(partition), packGarbage(draft.garbageBefore))
    }
    return boundsOf(facts)
  }

  #change(key: Buffer, value: Buffer | null): void {
    this.#changes.push({ key, value })
    this.#bytes += value?.length ?? 0
  }
}
