// Reading records: whole batches out of stored chunks, within the limits of a fetch; offsets by time and by largest timestamp.
// Does not wait for anything; waiters.ts does.
import { endOffsetOf, isControl, maxTimestampOf } from '../../protocol/records/batch.ts'
import { RecordsRefused } from '../../protocol/records/refusal.ts'
import { firstBatchFrom, nextBatch, sliceBatches } from '../../protocol/records/run.ts'
import type { Chunk, Log, ReadMemory, ReadRequest, ReadResult } from '../../storage/log.ts'
import type { EngineErrorCode } from './errors.ts'
import { checkEnd, intactRuns } from './intact.ts'
import type { Partition } from './partition.ts'
import { firstRecordAtOrAfter } from './record-times.ts'

export type { ReadMemory } from '../../storage/log.ts'

export interface FetchRequest {
  partition: Partition
  fromOffset: number
  bytesMax: number
}

export interface AbortedTransaction {
  producerId: number
  firstOffset: number
}

export interface FetchResult {
  /** Whole batches in offset order: views of what is stored, or copies in the memory that the options have. */
  buffers: Buffer[]
  bytes: number
  startOffset: number
  endOffset: number
  lastStableOffset: number
  abortedTransactions: AbortedTransaction[]
  error: EngineErrorCode | null
  /** What is wrong with what is stored, where the error is that it is damaged. */
  damage?: string
}

export interface FetchOptions {
  /** Bounds the sum over all requests; the first answer that is not empty still has a whole batch. */
  bytesMax: number
  /** Stop at the last stable offset. */
  committedOnly: boolean
  /** Believe no batch whose checksum does not hold: a read gives what comes before it, or fails where nothing does. Costs a look at every byte. */
  intact?: boolean
  /** For what has to be copied; without it that has memory of its own, and is the caller's for good. */
  memory?: ReadMemory
}

/** Where a record was found. */
export interface FoundOffset {
  offset: number
  timestampMs: number
  leaderEpoch: number
}

/** Answers requests in order, reading no more from the log than the limits leave room for. */
export async function readPartitions(log: Log, requests: readonly FetchRequest[], options: FetchOptions): Promise<FetchResult[]> {
  const results: FetchResult[] = []
  let bytesLeft = options.bytesMax
  let empty = true
  for (let from = 0; from < requests.length; ) {
    // As many requests in one read as can be granted in full; one at least.
    let to = from
    for (let granted = 0; to < requests.length && (to === from || granted < bytesLeft); to++) granted += requests[to]!.bytesMax
    const round = requests.slice(from, to)
    const reads = await readRound(log, round, options, bytesLeft)
    for (const [i, request] of round.entries()) {
      const result = emptyResult(request.partition)
      results.push(result)
      result.error = outOfRange(request) ? 'offset-out-of-range' : null
      const read = reads[i]
      if (!read || (bytesLeft <= 0 && !empty)) continue
      const limit = options.committedOnly ? result.lastStableOffset : result.endOffset
      const bytesMax = Math.min(request.bytesMax, bytesLeft)
      try {
        fill(result, read.chunks, request.fromOffset, limit, bytesMax, empty)
        await fillBehindGap(log, result, read.chunks, request, limit, bytesMax, empty, options.memory)
        if (options.intact) keepIntact(result)
      } catch (refused) {
        if (!(refused instanceof RecordsRefused)) throw refused
        // What comes before the damage is given; the next read begins with it.
        if (result.bytes === 0) {
          result.error = 'batch-damaged'
          result.damage = refused.message
        }
      }
      bytesLeft -= result.bytes
      if (result.bytes === 0) continue
      empty = false
      if (options.committedOnly) {
        const last = endOffsetOfRun(result.buffers.at(-1)!)
        result.abortedTransactions = request.partition.writers.transactions.abortedBetween(request.fromOffset, last)
      }
    }
    from = to
  }
  return results
}

function outOfRange({ partition, fromOffset }: FetchRequest): boolean {
  return fromOffset < partition.startOffset || fromOffset > partition.endOffset
}

async function readRound(log: Log, round: readonly FetchRequest[], options: FetchOptions, bytesLeft: number): Promise<(ReadResult | null)[]> {
  const { committedOnly, memory } = options
  const wanted = round.map((request) => {
    const { partition, fromOffset } = request
    const limit = committedOnly ? partition.lastStableOffset : partition.endOffset
    return bytesLeft > 0 && !outOfRange(request) && fromOffset < limit
  })
  const asked = round.filter((_, i) => wanted[i])
  if (asked.length === 0) return round.map(() => null)
  const answers = await log.read(
    asked.map(({ partition, fromOffset, bytesMax }) => readRequest(partition, fromOffset, Math.min(bytesMax, bytesLeft))),
    memory,
  )
  let next = 0
  return wanted.map((yes) => (yes ? answers[next++]! : null))
}

/** Of the first chunk only what the answer may hold has to be copied. */
function readRequest({ uid }: Partition, fromOffset: number, bytesMax: number): ReadRequest {
  const cut = (bytes: Buffer): Buffer => {
    try {
      const slice = sliceBatches(bytes, fromOffset, bytesMax)
      if (slice.length === 0) checkEnd(bytes)
      return slice
    } catch {
      // Damaged: whole, it is looked at again where there is somebody to tell.
      return bytes
    }
  }
  return { partition: uid, fromOffset, bytesMax, cut }
}

function emptyResult(partition: Partition): FetchResult {
  const { startOffset, endOffset, lastStableOffset } = partition
  return { buffers: [], bytes: 0, startOffset, endOffset, lastStableOffset, abortedTransactions: [], error: null }
}

/** Cuts chunks to whole batches from `fromOffset`, before `limit`, within `bytesMax`; `force` lets the very first batch be larger. Throws RecordsRefused at a damaged one. */
function fill(result: FetchResult, chunks: readonly Chunk[], fromOffset: number, limit: number, bytesMax: number, force: boolean): void {
  for (const chunk of chunks) {
    const room = bytesMax - result.bytes
    const slice = sliceBatches(chunk.bytes, fromOffset, room, limit)
    if (slice.length === 0) {
      checkEnd(chunk.bytes)
      continue
    }
    if (slice.length > room && !(force && result.bytes === 0)) return
    result.buffers.push(slice)
    result.bytes += slice.length
    // Cut short by a limit.
    if (slice.byteOffset + slice.length < chunk.bytes.byteOffset + chunk.bytes.length) return
  }
}

/** Leaves nothing in the result that is damaged. */
function keepIntact(result: FetchResult): void {
  const read = result.buffers
  result.buffers = []
  result.bytes = 0
  result.buffers = intactRuns(read)
  for (const { length } of result.buffers) result.bytes += length
}

/** Compaction may have left nothing of what was read: goes on behind it, a chunk at a time. */
async function fillBehindGap(
  log: Log,
  result: FetchResult,
  chunks: readonly Chunk[],
  { partition, fromOffset }: FetchRequest,
  limit: number,
  bytesMax: number,
  force: boolean,
  memory: ReadMemory | undefined,
): Promise<void> {
  while (result.bytes === 0 && chunks.length > 0 && !chunks.some(({ bytes }) => firstBatchFrom(bytes, fromOffset) !== -1)) {
    const next = chunks.at(-1)!.endOffset
    if (next >= limit) return
    const [more] = await log.read([readRequest(partition, next, bytesMax)], memory)
    chunks = more?.chunks ?? []
    fill(result, chunks, fromOffset, limit, bytesMax, force)
  }
}

function endOffsetOfRun(run: Buffer): number {
  let end = 0
  for (let at = 0, next: number; (next = nextBatch(run, at)) !== -1; at = next) end = endOffsetOf(run, at)
  return end
}

/** The first record at or after `timestampMs` and before `limit`. The log's index names the chunk; the record is found inside. */
export async function findOffsetForTime(log: Log, partition: Partition, timestampMs: number, limit: number): Promise<FoundOffset | null> {
  const base = await log.offsetForTime(partition.uid, timestampMs)
  if (base === null) return null
  let fromOffset = Math.max(base, partition.startOffset)
  while (fromOffset < limit) {
    const [read] = await log.read([{ partition: partition.uid, fromOffset, bytesMax: 1 }])
    const chunk = read?.chunks[0]
    if (!chunk) return null
    for (let at = 0, next: number; (next = nextBatch(chunk.bytes, at)) !== -1; at = next) {
      if (endOffsetOf(chunk.bytes, at) <= fromOffset || isControl(chunk.bytes, at) || maxTimestampOf(chunk.bytes, at) < timestampMs) continue
      const found = firstRecordAtOrAfter(chunk.bytes, at, next, timestampMs, fromOffset)
      if (found) return found.offset < limit ? { ...found, leaderEpoch: partition.leaderEpoch } : null
    }
    fromOffset = chunk.endOffset
  }
  return null
}

/** The first record that carries the partition's largest timestamp. */
export async function findMaxTimestamp(log: Log, partition: Partition): Promise<FoundOffset | null> {
  const base = await log.offsetOfMaxTimestamp(partition.uid)
  if (base === null) return null
  const [read] = await log.read([{ partition: partition.uid, fromOffset: Math.max(base, partition.startOffset), bytesMax: 1 }])
  const chunk = read?.chunks[0]
  if (!chunk) return null
  let largest = -1
  for (let at = 0, next: number; (next = nextBatch(chunk.bytes, at)) !== -1; at = next) {
    if (endOffsetOf(chunk.bytes, at) > partition.startOffset) largest = Math.max(largest, maxTimestampOf(chunk.bytes, at))
  }
  return largest < 0 ? null : findOffsetForTime(log, partition, largest, partition.endOffset)
}
