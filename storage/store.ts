// A store: one log and its tables in one place, with one commit for both.
import type { Checksum } from './journal-slot.ts'
import type { Log, Stamp } from './log.ts'
import type { Batch, Tables } from './tables.ts'

/** No room for the write. Nothing of it was stored; the same write may succeed when there is room again. */
export class StorageFull extends Error {
  override name = 'StorageFull'
}

/** The store cannot be trusted to write any more (a failed sync). Acknowledge nothing, say why, exit. */
export class StoreFailed extends Error {
  override name = 'StoreFailed'
}

/** A write to a partition that was dropped. Its number is never given out again, so a late writer learns it here. */
export class PartitionGone extends Error {
  override name = 'PartitionGone'
}

/** Another process has this directory open, it was written by a newer version, or it is not a store: the message says which and what to do. */
export class StoreUnusable extends Error {
  override name = 'StoreUnusable'
}

export interface StoreOptions {
  stamp: Stamp
  /** Milliseconds since the epoch, for segment ages. */
  now(): number
  /** `sync`: a commit settles after it is on disk. `async`: after it is written; the system syncs later. */
  flush: 'sync' | 'async'
  /** Bytes of recently appended chunks kept in memory for tailing readers. */
  recentBytesMax: number
  /** How small appends are gathered on disk; without it as `journalUsual` says. */
  journal?: JournalPolicy
  /** Without it small appends are gathered in LMDB alone, and a directory whose last writes are in such a file cannot be opened. */
  journalFile?: JournalFilePolicy
  /** Told once when the store has failed for good. */
  onFailure(error: StoreFailed): void
  /** Told when writes begin to be refused for want of room, and with null when there is room again. */
  onFull?(full: StorageFull | null): void
}

/** Small appends are stored together, one value for each commit, until enough of a partition has come for a chunk of its own. */
export interface JournalPolicy {
  /** Of what a commit brings to a partition, less than this is small. 0: nothing is, each commit stores a chunk for each partition. */
  smallBytesMax: number
  /** So much of a partition becomes a chunk. */
  settleBytes: number
  /** What is gathered in all, on disk and in memory; above it the oldest becomes chunks. A start reads it. */
  bytesMax: number
}

export const journalUsual: JournalPolicy = { smallBytesMax: 32 * 1024, settleBytes: 256 * 1024, bytesMax: 32 * 1024 * 1024 }

/** A file that small commits are written to first; only with flush `sync`. */
export interface JournalFilePolicy {
  /** Its size, which it has from the beginning. 0: none is made, and one that is there is read. */
  bytes: number
  /** It is made once so many entries would have gone into it. */
  afterEntries: number
  checksum: Checksum
}

/** Figures for /metrics. */
export interface StoreFigures {
  commits: number
  /** Sum over commits; together with `commits` it gives the mean. */
  commitSeconds: number
  appends: number
  appendedBytes: number
  /** Writes that the disk had no room for. */
  refusedWrites: number
  /** Bytes of the file in use, and of its pages that are free for reuse; 0 in memory. */
  fileBytes: number
  freeBytes: number
  /** Bytes kept for tailing readers. */
  recentBytes: number
}

export interface Store {
  readonly log: Log
  readonly tables: Tables
  batch(): Batch
  figures(): StoreFigures
  /** Told of each commit: how long it took and how many appends and bytes it carried. */
  onCommitMeasured(listener: (seconds: number, appends: number, bytes: number) => void): void
  /** Drops every row and record, fast (broker.reset()). */
  clear(): Promise<void>
  /** Waits for writes under way, then closes. Later calls reject. */
  close(): Promise<void>
}
