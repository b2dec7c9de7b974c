// Large compressed batches are decompressed on the process's thread pool before they are checked: on the one thread that serves everybody a megabyte of gzip takes four
// milliseconds. The order of a partition's appends stays that of their calls: what comes behind one that is being decompressed waits in line.
// Only for clients' batches outside transactions: a transactional one is appended in the turn in which its transaction was looked at, and what this process made is small
// and may have been routed by shards that are about to change. Says nothing about what is wrong with a batch: checking.ts decompresses again what did not go well here.
import { batchBytesOf, batchHeaderBytes, codecOf, isTransactional, magicOf } from '../../protocol/records/batch.ts'
import { decompressApart } from '../../protocol/records/compression.ts'
import type { CheckOptions } from './checking.ts'
import type { ActingConfig } from './topic-configs.ts'

/** Smaller ones take less time here than the way to another thread and back. */
const apartBytesMin = 32 * 1024
/** What comes out is bounded by this, so that with `atOnceMax` of them memory is; a batch that holds more is decompressed where it is checked, alone. */
const unpackedBytesMax = 16 * 1024 * 1024
/** Of the four threads that the pool has one is left for commits. */
const atOnceMax = 3

/** Decompresses one batch's records. */
export type UnpackingJob = () => Promise<Buffer>

/** How a client's batch is decompressed elsewhere; null where it need not or must not be. Nobody has checked the bytes. */
export function unpackingJob(batches: Buffer, config: ActingConfig, options: CheckOptions): UnpackingJob | null {
  if (batches.length < apartBytesMin || options.trusted || (options.batchCountMax ?? 1) > 1) return null
  if (magicOf(batches) !== 2 || isTransactional(batches)) return null
  const bytes = batchBytesOf(batches)
  if (bytes < batchHeaderBytes || bytes > batches.length || bytes > config.maxMessageBytes) return null
  return decompressApart(codecOf(batches), batches.subarray(batchHeaderBytes, bytes), Math.min(unpackedBytesMax, config.maxDecompressedMessageBytes))
}

/** Must this append keep its place behind one that is being decompressed? */
export const waitsInLine = (batches: Buffer, options: CheckOptions): boolean =>
  !options.trusted && (batches.length < batchHeaderBytes || !isTransactional(batches))

interface Waiting {
  readonly go: (unpacked: Buffer | null) => void
  readonly job: UnpackingJob | null
  unpacked: Buffer | null
  ready: boolean
}

/** Lines of appends, by what they are appended to. */
export class Unpacking<Key> {
  readonly #lines = new Map<Key, Waiting[]>()
  /** Jobs that wait for a thread, in order of arrival. */
  #queue: { key: Key; waiting: Waiting }[] = []
  /** Jobs that run, or whose result waits for its turn: that takes memory too. */
  #underWay = 0

  /** Is anybody in line? */
  has(key: Key): boolean {
    return this.#lines.size > 0 && this.#lines.has(key)
  }

  /** Calls `go` when its turn in the line has come: with what the job made of the records, null where there is none or it failed. `go` must not throw. */
  add(key: Key, job: UnpackingJob | null, go: (unpacked: Buffer | null) => void): void {
    const waiting: Waiting = { go, job, unpacked: null, ready: job === null }
    const line = this.#lines.get(key)
    if (line) line.push(waiting)
    else this.#lines.set(key, [waiting])
    if (job) {
      this.#queue.push({ key, waiting })
      this.#start()
    } else this.#advance(key)
  }

  /** First come, first started, so that who is in front of a line never waits for one behind it. */
  #start(): void {
    while (this.#underWay < atOnceMax && this.#queue.length > 0) {
      const { key, waiting } = this.#queue.shift()!
      this.#underWay++
      const ended = (unpacked: Buffer | null): void => {
        waiting.unpacked = unpacked
        waiting.ready = true
        this.#advance(key)
        this.#start()
      }
      waiting.job!().then(ended, () => ended(null))
    }
  }

  #advance(key: Key): void {
    const line = this.#lines.get(key)
    while (line?.[0]?.ready) {
      const { go, job, unpacked } = line.shift()!
      if (line.length === 0) this.#lines.delete(key)
      if (job) this.#underWay--
      go(unpacked)
    }
  }
}
