// A commit that only settles: it makes chunks of what came together in the journal file. Nobody waits for it, and nothing that readers see changes with it, so that
// other small commits go into the file meanwhile. Their pieces follow those that it took.
import type { PlanContext } from './commit-plan.ts'
import { journalKept, keepJournal, type Upkeep } from './journal-upkeep.ts'
import { chunkKey } from './keys.ts'
import type { Change, Changes } from './lmdb-environment.ts'
import { PartitionDraft } from './partition-draft.ts'
import { changeSegments } from './segment-row.ts'
import { Slab } from './slab.ts'

export class Settlement {
  readonly changes: Changes
  readonly #context: PlanContext
  readonly #drafts: readonly PartitionDraft[]
  readonly #upkeep: Upkeep
  readonly #slab: Slab
  readonly #nowMs: number

  /** Takes partitions of which there is enough, and, where the file is crowded, those that are in it longest; about `bytesMax` in all. */
  constructor(context: PlanContext, bytesMax: number) {
    this.#context = context
    this.#nowMs = context.options.now()
    this.#slab = new Slab(context.journal.pool)
    this.#drafts = this.#choose(bytesMax)
    const list: Change[] = []
    let bytes = 0
    const change = (key: Buffer, value: Buffer | null): void => {
      list.push({ key, value })
      bytes += value?.length ?? 0
    }
    for (const draft of this.#drafts) {
      draft.settle()
      for (const chunk of draft.chunks ?? []) change(chunkKey(draft.partition, chunk), chunk.bytes)
      changeSegments(draft.partition, draft.before, draft.facts, change)
    }
    this.#upkeep = keepJournal(context, null, change)
    this.changes = { list, bytes, clear: false, filed: null, background: true }
  }

  get empty(): boolean {
    return this.#drafts.length === 0
  }

  #choose(bytesMax: number): PartitionDraft[] {
    const { journal, file, book, options } = this.#context
    const drafts = new Map<number, PartitionDraft>()
    let bytes = 0
    const take = (partition: number): void => {
      if (drafts.has(partition)) return
      const facts = book.facts(partition)
      const loose = journal.bytesOf(partition)
      if (loose === 0) return
      bytes += loose
      drafts.set(partition, new PartitionDraft(partition, facts, journal, this.#slab, options.journal?.smallBytesMax ?? 0, this.#nowMs))
    }
    for (const partition of journal.ripe) if (bytes < bytesMax) take(partition)
    if (file?.crowded) {
      for (const { partition } of journal.oldest()) {
        if (bytes >= bytesMax) break
        take(partition)
      }
    }
    return [...drafts.values()]
  }

  /** It is durable. */
  publish(): void {
    const { journal, recent } = this.#context
    journalKept(this.#context, this.#upkeep)
    for (const { partition, facts, chunks } of this.#drafts) {
      journal.settledTo(partition, facts)
      for (const { baseOffset, endOffset, bytes } of chunks ?? []) {
        recent.addCopy(partition, { baseOffset, endOffset, bytes }, this.#nowMs)
      }
    }
    this.#slab.giveBack()
  }
}
