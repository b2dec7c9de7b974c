// One compaction of one partition: note the keys of what is new, rewrite everything before it chunk by chunk, remember how far it came. Each step is one
// commit that is whole in itself: a crash, a trim or a drop between two of them leaves a log that is right, and the next pass begins at the front again.
import type { CompactionPlan } from '../../storage/compaction.ts'
import type { Chunk, RewrittenChunk } from '../../storage/log.ts'
import { AbortedIndex, Cleaner, noteKeys } from './compaction.ts'
import type { CompactionSurroundings } from './compaction-runner.ts'
import { KeyOffsets } from './key-offsets.ts'
import type { Pace } from './pace.ts'
import type { Partition } from './partition.ts'
import type { AbortedRange } from './partition-transactions.ts'
import { abortedTable, type CompactionRow, compactionTable } from './rows.ts'

/** What one step reads, and so the most that it writes. */
const stepBytes = 2 * 1024 * 1024
const stepChunks = 512
/** Small chunks are joined up to this. */
const chunkBytes = 256 * 1024
/** Bytes looked at before other work gets a turn. */
const turnBytes = 256 * 1024

export interface PassSurroundings extends CompactionSurroundings {
  /** How fast it may read and write. */
  pace: Pace
}

export class CompactionPass {
  readonly #with: PassSurroundings
  readonly #partition: Partition
  readonly #plan: CompactionPlan
  readonly #row: CompactionRow
  readonly #stopped: () => boolean
  #sinceTurn = 0
  /** Made once the keys are known; it counts records. */
  cleaner: Cleaner | null = null
  /** What the pass took so far: time, and bytes that were looked at to be rewritten and that were written in their place. */
  seconds = 0
  readBytes = 0
  writtenBytes = 0

  constructor(surroundings: PassSurroundings, partition: Partition, plan: CompactionPlan, row: CompactionRow, stopped: () => boolean) {
    this.#with = surroundings
    this.#partition = partition
    this.#plan = plan
    this.#row = row
    this.#stopped = stopped
  }

  /** Whether it came to its end. */
  async run(): Promise<boolean> {
    const { clock } = this.#with
    const startedMs = clock.now()
    try {
      return await this.#run()
    } finally {
      this.seconds = (clock.now() - startedMs) / 1000
    }
  }

  async #run(): Promise<boolean> {
    const { clock } = this.#with
    const partition = this.#partition
    const { deleteRetentionMs, maxDecompressedMessageBytes } = partition.topic.config
    await this.#snapshot()
    const ranges = partition.writers.transactions.aborted()
    const aborted = new AbortedIndex(ranges)
    const { map, mapEndOffset } = await this.#noteKeys(aborted)
    this.cleaner = new Cleaner({
      map,
      mapEndOffset,
      aborted,
      lastBatches: lastBatchesOf(partition),
      nowMs: clock.now(),
      deleteRetentionMs,
      decompressedBytesMax: maxDecompressedMessageBytes,
    })
    if (!(await this.#rewrite(this.cleaner, mapEndOffset)) || this.#stopped()) return false
    await this.#remember(
      this.cleaner,
      mapEndOffset,
      ranges.filter(({ lastOffset }) => lastOffset < mapEndOffset),
    )
    return true
  }

  /** From here on no restart reads what is compacted to learn of producers and transactions: a marker or a sequence that goes is not missed. */
  async #snapshot(): Promise<void> {
    const { store, clock, settings } = this.#with
    const batch = store.batch()
    this.#partition.writers.addSnapshot(batch, clock.now() - settings.get('producer.id.expiration.ms'))
    try {
      await batch.commit()
    } catch (error) {
      // The state counts as stored what is not: it has to be loaded again.
      this.#partition.opened = false
      throw error
    }
  }

  async #noteKeys(aborted: AbortedIndex): Promise<{ map: KeyOffsets; mapEndOffset: number }> {
    const { store, settings, random, pace } = this.#with
    const { dirtyFrom, cleanTo } = this.#plan
    const decompressedBytesMax = this.#partition.topic.config.maxDecompressedMessageBytes
    const map = new KeyOffsets({
      // No more keys than offsets.
      entriesMax: Math.max(0, cleanTo - dirtyFrom),
      bytesMax: settings.get('log.cleaner.dedupe.buffer.size'),
      loadFactor: settings.get('log.cleaner.io.buffer.load.factor'),
      seed: random.bytes(4).readUInt32BE(0),
    })
    for (let offset = dirtyFrom; offset < cleanTo && !this.#stopped(); ) {
      const [result] = await store.log.read([{ partition: this.#partition.uid, fromOffset: offset, bytesMax: stepBytes }])
      // A trim went past it: there is nothing before the new start that a key could be needed for.
      if (result!.chunks.length === 0) {
        if (result!.startOffset <= offset) break
        offset = result!.startOffset
      }
      for (const chunk of result!.chunks) {
        if (chunk.baseOffset >= cleanTo) break
        const fullAt = noteKeys(map, chunk.bytes, dirtyFrom, aborted, decompressedBytesMax)
        // The rest is for the next pass.
        if (fullAt !== null) return { map, mapEndOffset: fullAt }
        offset = chunk.endOffset
        await this.#turn(chunk.bytes.length)
      }
      await pace.spend(bytesOf(result!.chunks), this.#stopped)
    }
    return { map, mapEndOffset: cleanTo }
  }

  /** False where it was stopped, or where retention was quicker. */
  async #rewrite(cleaner: Cleaner, mapEndOffset: number): Promise<boolean> {
    const { store, moved, pace } = this.#with
    const partition = this.#partition
    const { uid } = partition
    const segmentEnds = new Set((await store.log.segments(uid)).map(({ endOffset }) => endOffset))
    for (let offset = partition.startOffset; offset < mapEndOffset; ) {
      if (this.#stopped()) return false
      const [result] = await store.log.read([{ partition: uid, fromOffset: offset, bytesMax: stepBytes }])
      const old = result!.chunks.slice(0, stepChunks).filter(({ baseOffset }) => baseOffset < mapEndOffset)
      if (old.length === 0) return false
      const before = this.readBytes + this.writtenBytes
      const { chunks, changed } = await this.#clean(cleaner, old)
      const toOffset = old.at(-1)!.endOffset
      this.readBytes += bytesOf(old)
      // Whole segments that stay as they are need no rewriting, unless they are in very small pieces.
      if (changed || !segmentEnds.has(toOffset) || chunks.length * 2 < old.length) {
        const joinBytesMax = partition.topic.config.segmentBytes
        if (!(await store.log.replace({ partition: uid, fromOffset: old[0]!.baseOffset, toOffset, chunks, joinBytesMax }))) return false
        this.writtenBytes += bytesOf(chunks)
        if (await partition.shortened()) moved(partition)
      }
      offset = toOffset
      await pace.spend(this.readBytes + this.writtenBytes - before, this.#stopped)
    }
    return true
  }

  async #clean(cleaner: Cleaner, old: readonly Chunk[]): Promise<{ chunks: RewrittenChunk[]; changed: boolean }> {
    const chunks: RewrittenChunk[] = []
    let changed = false
    let parts: Buffer[] = []
    let bytes = 0
    let maxTimestampMs = -1
    let baseOffset = old[0]!.baseOffset
    for (const [i, chunk] of old.entries()) {
      const cleaned = cleaner.clean(chunk.bytes)
      changed ||= cleaned.changed
      parts.push(...cleaned.parts)
      bytes += cleaned.bytes
      maxTimestampMs = Math.max(maxTimestampMs, cleaned.maxTimestampMs)
      await this.#turn(chunk.bytes.length)
      if (bytes < chunkBytes && i < old.length - 1) continue
      const { endOffset } = chunk
      const last = chunks.at(-1)
      // Nothing was left: the chunk before covers its offsets too.
      if (bytes === 0 && last) last.endOffset = endOffset
      else chunks.push({ baseOffset, endOffset, bytes: Buffer.concat(parts, bytes), maxTimestampMs })
      parts = []
      bytes = 0
      maxTimestampMs = -1
      baseOffset = endOffset
    }
    return { chunks, changed }
  }

  /** Aborted transactions of which nothing is left are not told to readers any more; only then, in a later pass, their markers may go. */
  async #remember(cleaner: Cleaner, cleanedTo: number, ended: readonly AbortedRange[]): Promise<void> {
    const { store } = this.#with
    const { uid, writers } = this.#partition
    const row: CompactionRow = { cleanedTo: Math.max(cleanedTo, this.#row.cleanedTo), horizonMs: cleaner.nextHorizonMs }
    const batch = store.batch().put(compactionTable, [uid], row)
    for (const { lastOffset } of ended) batch.delete(abortedTable, [uid, lastOffset])
    await batch.commit()
    writers.transactions.forget(ended)
  }

  /** Lets other work go on now and then. */
  async #turn(bytes: number): Promise<void> {
    this.#sinceTurn += bytes
    if (this.#sinceTurn < turnBytes) return
    this.#sinceTurn = 0
    await new Promise((resolve) => setImmediate(resolve))
  }
}

function bytesOf(chunks: readonly { readonly bytes: Buffer }[]): number {
  let sum = 0
  for (const { bytes } of chunks) sum += bytes.length
  return sum
}

/** The last batch of each producer that is still known. */
function lastBatchesOf({ writers }: Partition): Map<number, number> {
  const last = new Map<number, number>()
  for (const [producerId, , , batches] of writers.producers.rows()) {
    const batch = batches.at(-1)
    if (batch) last.set(producerId, batch[2])
  }
  return last
}
