// How much may be written before the disk is full. Asked before each commit, because a disk that fills up under LMDB is worse than an error:
// lmdb-js can crash the process on it, and a store that is full to the last byte cannot even delete, since deleting writes pages too.
import { existsSync, statfsSync, statSync } from 'node:fs'
import { dataFile } from './data-file.ts'
import { StoreUnusable } from './store.ts'

/** Kept free, so that deletes can always be written, and values into the pages that they free; less on a small disk. */
const reserveBytesMax = 16 * 1024 * 1024
const reserveShare = 0.25
/** What a commit writes beside its values: tree pages, and what LMDB cannot fill. */
const overheadBytes = 256 * 1024
const overheadShare = 1 / 16
/** What a commit that only deletes needs. */
const deleteBytes = 1024 * 1024

export class DiskRoom {
  readonly #directory: string
  readonly #freePages: () => number

  /** `freePages` gives the bytes of the pages in the file that hold nothing. */
  constructor(directory: string, freePages: () => number) {
    this.#directory = directory
    this.#freePages = freePages
  }

  /** Bytes of values that a commit may write now; 0 where there is no room. */
  forValues(): number {
    const { available, reserve } = this.#disk()
    let usable = available - reserve
    // Mostly free pages take the values, but LMDB does not promise to use them: the disk must have room as well, if need be from the reserve.
    if (usable < reserve) usable = Math.max(usable, Math.min(available, this.#freePages() / 2))
    return Math.max(0, Math.floor((usable - overheadBytes) / (1 + overheadShare)))
  }

  /** Whether a commit that only deletes can be written. */
  forDeletes(): boolean {
    return this.#disk().available >= deleteBytes || this.#freePages() >= deleteBytes
  }

  /** A system call of two microseconds; an answer kept for later would be wrong when it matters. */
  #disk(): { available: number; reserve: number } {
    try {
      const { bavail, bsize, blocks } = statfsSync(this.#directory)
      return { available: bavail * bsize, reserve: Math.min(reserveBytesMax, blocks * bsize * reserveShare) }
    } catch {
      // The directory was removed, or its file system does not say: the write itself will tell.
      return { available: Number.MAX_SAFE_INTEGER, reserve: 0 }
    }
  }
}

/** LMDB's lock file, and for a new store its first pages. */
const lockBytes = 64 * 1024
const newStoreBytes = 256 * 1024

/** Throws StoreUnusable where LMDB could not even start: it writes to its lock file through a map, and without room on the disk the system ends the process for that. */
export function requireRoomToOpen(directory: string): void {
  const lock = statSync(`${dataFile(directory)}-lock`, { throwIfNoEntry: false })
  // Its first page has the places of all readers but the last few.
  const locked = lock !== undefined && lock.blocks > 0
  const needed = existsSync(dataFile(directory)) ? (locked ? 0 : lockBytes) : newStoreBytes
  if (needed === 0) return
  const { bavail, bsize } = statfsSync(directory)
  if (bavail * bsize >= needed) return
  throw new StoreUnusable(
    `the disk is full: ${needed / 1024} KiB are needed to open a store in ${directory}, and ${Math.floor((bavail * bsize) / 1024)} are free`,
  )
}
