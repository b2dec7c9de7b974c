// The durable log: reads from what is committed, and hands writes to the queue. A read never waits for a write.
import { promised } from './batch.ts'
import type { PlanContext } from './commit-plan.ts'
import { chunkBound, chunkKey, chunkOfKey } from './keys.ts'
import type { Chunk, Log, ReadMemory, ReadRequest, ReadResult } from './log.ts'
import { boundsOf, type ChunkFacts, type ChunkIndex, chunkAtTime, type PartitionFacts, type SegmentFacts, segmentsOf } from './segments.ts'
import type { WriteQueue } from './write-queue.ts'

/** `reading` runs a read, or rejects where the store is closed. */
export function createLmdbLog(context: PlanContext, queue: WriteQueue, reading: <Result>(look: () => Result) => Promise<Result>): Log {
  const { book } = context
  const indexOf =
    (partition: number): ChunkIndex =>
    (offset) =>
      book.chunkHolding(partition, offset)
  const offsetForTime = (partition: number, timestampMs: number): number | null =>
    chunkAtTime(book.facts(partition), timestampMs, indexOf(partition))?.baseOffset ?? null

  return {
    append: (request) => promised((waiter) => queue.append(request, waiter)),
    appendFor: (request, waiter) => queue.append(request, waiter),
    read: (requests, memory = ownMemory) => reading(() => requests.map((request) => read(context, request, memory))),
    bounds: (partition) => reading(() => boundsOf(book.facts(partition))),
    offsetForTime: (partition, timestampMs) => reading(() => offsetForTime(partition, timestampMs)),
    offsetOfMaxTimestamp: (partition) => reading(() => offsetForTime(partition, book.facts(partition).maxTimestampMs)),
    setSegmentPolicy: (partition, policy) => {
      context.policies.set(partition, policy)
    },
    trim: (partition, beforeOffset) => queue.submit({ kind: 'free', bytes: 0, apply: (plan) => plan.trim(partition, beforeOffset) }),
    retain: (partition, policy, nowMs) => queue.submit({ kind: 'free', bytes: 0, apply: (plan) => plan.retain(partition, policy, nowMs) }),
    segments: (partition) => reading(() => segmentsOf(book.facts(partition))),
    replace: (replacement) => {
      const bytes = replacement.chunks.reduce((sum, chunk) => sum + chunk.bytes.length, 0)
      return queue.submit({ kind: 'rewrite', bytes, apply: (plan) => plan.replace(replacement) })
    },
    drop: (partition) => queue.submit({ kind: 'free', bytes: 0, apply: (plan) => plan.drop(partition) }),
    onCommit: (listener) => {
      queue.listeners.push(listener)
    },
  }
}

const ownMemory: ReadMemory = { take: (bytes) => Buffer.allocUnsafeSlow(bytes) }

function read(context: PlanContext, request: ReadRequest, memory: ReadMemory): ReadResult {
  const { partition, fromOffset, bytesMax } = request
  const facts = context.book.facts(partition)
  const { startOffset, endOffset } = facts
  if (!(fromOffset >= startOffset && fromOffset < endOffset)) return { chunks: [], startOffset, endOffset }
  const { chunks, bytes, complete } = context.recent.read(partition, fromOffset, bytesMax)
  if (!complete)
    readOn(context, facts, { ...request, fromOffset: chunks.at(-1)?.endOffset ?? fromOffset, bytesMax: bytesMax - bytes }, memory, chunks)
  if (chunks.at(-1)?.endOffset === endOffset) context.recent.follow(partition, context.options.now())
  return { chunks, startOffset, endOffset }
}

/** Adds chunks from an offset on while they stay within `bytesMax`, first what is stored as such and then what is in the journal; the first of an answer is always given. */
function readOn(context: PlanContext, facts: PartitionFacts, request: ReadRequest, memory: ReadMemory, taken: Chunk[]): void {
  const { partition, fromOffset, bytesMax } = request
  if (fromOffset >= facts.endOffset) return
  const looseFrom = context.journal.pieces(partition)[0]?.baseOffset ?? facts.endOffset
  let left = bytesMax
  if (fromOffset < looseFrom) {
    left = readStored(context, facts, request, memory, taken)
    if (left <= 0) return
  }
  context.journal.read(partition, taken.at(-1)?.endOffset ?? fromOffset, left, taken)
}

/** Answers how many bytes are left; 0 where the next chunk would not fit. */
function readStored(context: PlanContext, facts: PartitionFacts, request: ReadRequest, memory: ReadMemory, taken: Chunk[]): number {
  const { partition, fromOffset, cut } = request
  let left = request.bytesMax
  for (const { chunk, size } of sizedChunks(context, facts, partition, fromOffset)) {
    left -= size
    if (taken.length > 0 && left < 0) return 0
    const content = context.environment.view(chunkKey(partition, chunk))
    if (content?.length !== size)
      throw new Error(`chunk ${chunk.baseOffset} of partition ${partition} should have ${size} bytes, not ${content?.length}`)
    const wanted = cut && taken.length === 0 ? cut(Buffer.from(content.buffer, content.byteOffset, size)) : content
    const bytes = memory.take(wanted.length)
    bytes.set(wanted)
    taken.push({ baseOffset: chunk.baseOffset, endOffset: chunk.endOffset, bytes })
    if (left <= 0) return 0
  }
  return left
}

/** Walks the keys from the chunk with `fromOffset` on. A chunk's size follows from where the next one begins, so that nothing is read in vain. */
function* sizedChunks({ environment, book, journal }: PlanContext, facts: PartitionFacts, partition: number, fromOffset: number) {
  let chunk = book.chunkHolding(partition, fromOffset)
  if (!chunk) throw new Error(`no chunk of partition ${partition} holds offset ${fromOffset}, though it lies within the bounds`)
  let segment = segmentOf(facts, chunk.baseOffset)
  const loose = journal.pieces(partition)[0]
  const end = chunkBound(partition, loose?.baseOffset ?? facts.endOffset)
  for (const key of environment.keys({ start: chunkBound(partition, chunk.endOffset), end })) {
    const next: ChunkFacts = chunkOfKey(key)
    const inSegment = next.baseOffset < segment.endOffset
    yield { chunk, size: (inSegment ? next.position : positionOfEnd(segment)) - chunk.position }
    if (!inSegment) segment = segmentOf(facts, next.baseOffset)
    chunk = next
  }
  // What is in the journal belongs to the active segment, and may be the whole of it.
  const follows = loose && loose.baseOffset < segment.endOffset
  yield { chunk, size: (follows ? loose.position : positionOfEnd(segment)) - chunk.position }
}

const positionOfEnd = (segment: SegmentFacts): number => segment.bytes + segment.trimmedBytes

function segmentOf({ closed, active }: PartitionFacts, offset: number): SegmentFacts {
  let low = 0
  let high = closed.length
  while (low < high) {
    const middle = (low + high) >> 1
    if (closed[middle]!.endOffset <= offset) low = middle + 1
    else high = middle
  }
  return closed[low] ?? active!
}
