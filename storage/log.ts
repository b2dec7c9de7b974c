// The contract of a partitioned append-only log. It knows offsets, timestamps and bytes; neither Kafka nor AWS.
// Offsets are whole numbers below 2^53. Every implementation passes test/contract/log.ts and replace.ts.

/** One append: whole entries back to back, which take `offsetCount` consecutive offsets of one partition. */
export interface AppendRequest {
  /** Which partition: a number that the engine gave out once and never gives out again. */
  partition: number
  /** Borrowed until the append settles, and unchanged from then on by its owner: a log may keep it to serve tailing readers. */
  bytes: Buffer
  /** The owner writes other things there once the append has settled: a log that keeps the bytes for readers has to copy them. */
  reusable?: boolean
  offsetCount: number
  /** The largest timestamp among the entries, in milliseconds since the epoch; -1 where they carry none. */
  maxTimestampMs: number
  /** The epoch under which this broker may write; stamped into the entries. */
  leaderEpoch: number
}

/** What a durable append is answered with. */
export interface AppendResult {
  /** The offset that the first entry got. */
  baseOffset: number
  /** The first offset that still exists. */
  startOffset: number
}

/** Who waits for an append: told once, in the turn in which its commit is settled. Must not throw. */
export interface AppendWaiter {
  stored(result: AppendResult): void
  failed(error: unknown): void
}

/** Where a partition begins and ends, and what it weighs. */
export interface Bounds {
  /** The first offset that exists (log start offset). */
  startOffset: number
  /** One past the last durable offset (high watermark). */
  endOffset: number
  /** Bytes of the entries that are kept. */
  bytes: number
  segmentCount: number
  /** The largest timestamp kept, -1 for none. */
  maxTimestampMs: number
}

export interface ReadRequest {
  partition: number
  /** The chunk that holds this offset comes first, whole. */
  fromOffset: number
  /** Chunks are added while their sum stays within this; the first one is always given. */
  bytesMax: number
  /**
   * Of the chunk that holds `fromOffset`, the part that is wanted: a view of what this is given, which is there only while it looks. A log that has to copy then
   * copies no more than that; the chunk's `bytes` are the part or all of it. Chunks follow one that is cut only where nothing is missing at its end.
   */
  cut?(bytes: Buffer): Buffer
}

/** Memory for what a read has to copy. Who gives it out decides when it is used again. */
export interface ReadMemory {
  /** Exactly so many bytes, with anything in them. */
  take(bytes: number): Buffer
}

/** A run of entries as one commit stored them. */
export interface Chunk {
  baseOffset: number
  /** Exclusive. */
  endOffset: number
  /** Never changes and outlives the call, unless the caller gave the memory that it lies in. */
  bytes: Buffer
}

export interface ReadResult {
  /** Empty at the end of the log, and where `fromOffset` lies outside the bounds. */
  chunks: Chunk[]
  startOffset: number
  endOffset: number
}

/** When the log starts a new segment. */
export interface SegmentPolicy {
  segmentBytes: number
  /** Age by the clock handed to the store, since the segment's first append. */
  segmentMs: number
}

/** What retention may drop. Whole segments only; -1 switches a rule off. */
export interface RetentionPolicy {
  retentionMs: number
  retentionBytes: number
}

/** What a planner may know of a segment. The last one of a partition is active: it takes appends. */
export interface SegmentView {
  /** The first offset that still exists in it. */
  readonly startOffset: number
  /** Exclusive. */
  readonly endOffset: number
  readonly bytes: number
  /** Clock at its first append. */
  readonly createdMs: number
  /** Of its first append; -1 where it carried none. */
  readonly firstTimestampMs: number
  /** -1 for none. */
  readonly maxTimestampMs: number
}

/** A chunk that takes the place of others. Its entries lie within its offsets; they need not fill them, and there may be none. */
export interface RewrittenChunk {
  baseOffset: number
  /** Exclusive. */
  endOffset: number
  /** Not to be changed any more. */
  bytes: Buffer
  /** The largest timestamp among the entries, -1 for none. */
  maxTimestampMs: number
}

/** Chunks that take the place of all chunks from one offset to another, in closed segments. */
export interface Replacement {
  partition: number
  /** Where the first chunk begins that goes; also the first chunk of its segment. */
  fromOffset: number
  /** Where the last chunk ends that goes. */
  toOffset: number
  /** In order and without a gap from `fromOffset` to `toOffset`. */
  chunks: readonly RewrittenChunk[]
  /** They join the segment before them while it stays within this; otherwise, or with 0, they begin one of their own. */
  joinBytesMax: number
}

/** Told after a commit is durable, once per partition that it wrote to. */
export interface CommitNotice {
  partition: number
  /** Exclusive; everything before it is durable and readable. */
  endOffset: number
  bytes: number
}

/** Writes base offset and leader epoch into an entry run in place, before it is stored. Given by the engine: the log does not know the format. */
export type Stamp = (bytes: Buffer, baseOffset: number, leaderEpoch: number) => void

/** Many partitions, one durable order each. */
export interface Log {
  /** Fixes the order at once; settles when the entries are durable. Rejects with StorageFull when there is no room (nothing was written, later appends may succeed), with StoreFailed when the store is broken. */
  append(request: AppendRequest): Promise<AppendResult>
  /** The same without a promise, for those who append by the hundred. */
  appendFor(request: AppendRequest, waiter: AppendWaiter): void
  /** Durable entries only, one answer per request, in order. What is copied for them is put into `memory`, without it into memory of its own. */
  read(requests: readonly ReadRequest[], memory?: ReadMemory): Promise<ReadResult[]>
  /** Facts of a partition; one never written to starts and ends at 0. */
  bounds(partition: number): Promise<Bounds>
  /** The base offset of the first chunk that holds an entry at or after `timestampMs`; null when there is none. By index, not by scan. */
  offsetForTime(partition: number, timestampMs: number): Promise<number | null>
  /** The base offset of the first chunk that reaches the partition's largest timestamp; null when it is empty. */
  offsetOfMaxTimestamp(partition: number): Promise<number | null>
  /** Takes effect for appends from now on. */
  setSegmentPolicy(partition: number, policy: SegmentPolicy): void
  /** Moves the start to `beforeOffset` (within the bounds). Visible at once; the space comes back in bounded background steps. */
  trim(partition: number, beforeOffset: number): Promise<Bounds>
  /** One bounded step of retention; `more` says that another step has work. An expired active segment is rolled and dropped too, as Kafka does. */
  retain(partition: number, policy: RetentionPolicy, nowMs: number): Promise<{ bounds: Bounds; more: boolean }>
  /** Segments, oldest first. */
  segments(partition: number): Promise<readonly SegmentView[]>
  /**
   * Puts rewritten chunks in the place of others: one atomic step, as large as the caller makes it. Offsets stay, so that a reader in the middle goes on
   * as before. Answers null, and changes nothing, where the chunks to be replaced are not there any more (retention, a trim or a drop took them) or not
   * closed. One caller at a time may rewrite a partition. Rejects with StorageFull, which no append suffers from.
   */
  replace(replacement: Replacement): Promise<Bounds | null>
  /** Forgets a partition. It is gone for readers at once; the space comes back in bounded background steps, also after a crash. */
  drop(partition: number): Promise<void>
  /** Called after each durable commit, before the appends' promises settle. */
  onCommit(listener: (notices: readonly CommitNotice[]) => void): void
}
