// A file of fixed size for entries of the journal. A commit of LMDB waits for the disk twice, and for the file to grow; a commit that brings nothing but small appends
// is durable when its entry is here, which is one write over bytes that the file has already and one sync. What is settled goes into LMDB as ever, and then its place is
// written over. Which file counts, and from which entry on, says a row in LMDB, so that a file of another directory or of another time never does.
import { randomBytes } from 'node:crypto'
import { closeSync, constants, fdatasync, fdatasyncSync, openSync, readSync, renameSync, rmSync, statSync, writev, writevSync } from 'node:fs'
import { open as openAsync } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { platform } from 'node:process'
import { syncDirectory } from './data-file.ts'
import type { NewEntry } from './journal.ts'
import { type FoundSlot, fileIdBytes, findSlots, packSlotHeader, slotBytesOf } from './journal-slot.ts'
import { Ring } from './ring.ts'
import { type JournalFilePolicy, StoreFailed, StoreUnusable } from './store.ts'

const fileName = 'journal.bin'
/** An entry above this goes to LMDB: for large ones the second wait matters little, and they would fill the file before a chunk has come together. */
const entryBytesMax = 128 * 1024
/** Above this share of the file what is oldest is settled, so that there is always room. */
const crowdedShare = 0.75
/** Entries up to this are written on the event loop's thread, which saves two hand-overs ... */
const blockingBytesMax = 64 * 1024
/** ... while the disk is faster than this. */
const blockingMsMax = 2
const roomShare = 8
/** Linux syncs with the write, in one call. Elsewhere this is weaker than a sync, or not there. */
const syncedWrites = platform === 'linux' ? constants.O_DSYNC : 0
const zeroBytes = 1024 * 1024

/** What the row in LMDB says. */
export interface JournalMark {
  /** Entries below this are void, wherever they are. */
  readonly floor: number
  /** Which slots of the file count; null: none, the last process put everything into LMDB when it ended. */
  readonly id: Buffer | null
}

export function packMark({ floor, id }: JournalMark): Buffer {
  const row = Buffer.alloc(8 + (id ? fileIdBytes : 0))
  row.writeDoubleBE(floor)
  id?.copy(row, 8)
  return row
}

export const unpackMark = (row: Buffer): JournalMark => ({ floor: row.readDoubleBE(), id: row.length > 8 ? row.subarray(8) : null })

export class JournalFile {
  readonly #path: string
  readonly #policy: JournalFilePolicy
  #ring: Ring
  /** Which slots count; null while the file is not in use. */
  #id: Buffer | null = null
  #descriptor = -1
  /** The highest floor that is known to be on the disk. */
  #floor = 0
  /** Smoothed duration of writes of which it is asked whether they may block, wherever they were made: a disk that was slow for a moment is used as before. */
  #smallMs = 0
  #missed = 0
  #making: Promise<void> | null = null
  #closed = false

  constructor(directory: string, policy: JournalFilePolicy) {
    this.#path = join(directory, fileName)
    this.#policy = policy
    this.#ring = new Ring(policy.bytes)
  }

  /** What the last process left here. Throws StoreUnusable. */
  recover(mark: JournalMark): FoundSlot[] {
    const { floor, id } = mark
    this.#floor = floor
    if (!id) return []
    const size = statSync(this.#path, { throwIfNoEntry: false })?.size ?? 0
    if (size === 0) throw new StoreUnusable(`${this.#path} is missing: the last writes of this data directory are in it; put it back beside data.mdb`)
    this.#descriptor = openSync(this.#path, constants.O_RDWR | syncedWrites)
    const bytes = readWhole(this.#descriptor, size)
    const slots = findSlots(bytes, id, this.#policy.checksum).sort((one, other) => one.sequence - other.sequence)
    for (const slot of slots) this.#floor = Math.max(this.#floor, slot.floor)
    const needed = slots.filter(({ sequence }) => sequence >= this.#floor)
    // What was written but not synced when the process died must not be lost after somebody has seen it.
    if (needed.length > 0) fdatasyncSync(this.#descriptor)
    this.#id = id
    // It keeps its size until a process has ended in order.
    this.#ring = new Ring(size)
    for (const { sequence, at, value } of needed) this.#ring.take(sequence, at, slotBytesOf(value.length))
    return needed
  }

  /** The floor that entries found in LMDB are held against. */
  get floor(): number {
    return this.#floor
  }

  get inUse(): boolean {
    return this.#id !== null
  }

  /** So much is needed of it that what is oldest should be settled. */
  get crowded(): boolean {
    return this.#ring.neededBytes > this.#ring.bytes * crowdedShare
  }

  /** Whether an entry of so many bytes can be written now. */
  takes(valueBytes: number): boolean {
    if (valueBytes > entryBytesMax) return false
    if (!this.#id) {
      this.#missed++
      return false
    }
    return this.#ring.room(slotBytesOf(valueBytes)) >= 0
  }

  /** It would have served often enough by now to be worth its bytes on the disk. */
  get wanted(): boolean {
    return this.#policy.bytes > 0 && !this.#id && !this.#making && !this.#closed && this.#missed > this.#policy.afterEntries
  }

  /** It is not made where there is less room than this: the records come first. */
  get roomWanted(): number {
    return this.#policy.bytes * roomShare
  }

  /** Makes the file where it is missing. `mark` stores its new id in LMDB; then it is in use. A disk without room for it is left alone. */
  make(mark: (id: Buffer) => Promise<void>): void {
    this.#making = this.#makeUsable(mark).catch(() => {
      // It makes commits faster and nothing else: where it cannot be had there is still LMDB.
    })
  }

  async #makeUsable(mark: (id: Buffer) => Promise<void>): Promise<void> {
    if (statSync(this.#path, { throwIfNoEntry: false })?.size !== this.#policy.bytes) await this.#write()
    const descriptor = openSync(this.#path, constants.O_RDWR | syncedWrites)
    try {
      // Not from a source that is passed in: a seeded one would give a second process the id that old slots still have.
      const id = randomBytes(fileIdBytes)
      await mark(id)
      this.#descriptor = descriptor
      this.#ring = new Ring(this.#policy.bytes)
      this.#id = id
    } catch (error) {
      closeSync(descriptor)
      throw error
    }
  }

  /** Zeros, written out: a sync of bytes that are there already does not have to write where they are. */
  async #write(): Promise<void> {
    const unfinished = `${this.#path}.new`
    const file = await openAsync(unfinished, 'w', 0o600)
    try {
      const zeros = Buffer.alloc(zeroBytes)
      for (let at = 0; at < this.#policy.bytes; at += zeroBytes) await file.write(zeros, 0, Math.min(zeroBytes, this.#policy.bytes - at), at)
      await file.sync()
    } catch (error) {
      rmSync(unfinished, { force: true })
      throw error
    } finally {
      await file.close()
    }
    renameSync(unfinished, this.#path)
    syncDirectory(dirname(this.#path))
  }

  /** Done when the entry is on the disk: at once where it returns nothing. `takes` was asked before. Throws or rejects with StoreFailed. */
  write({ sequence, value }: NewEntry, floor: number): undefined | Promise<void> {
    const bytes = slotBytesOf(value.length)
    const at = this.#ring.room(bytes)
    const parts = [packSlotHeader(this.#id!, { sequence, floor }, value, this.#policy.checksum), value]
    const small = value.length <= blockingBytesMax
    const startedMs = performance.now()
    const written = (): void => {
      if (small) this.#smallMs += (performance.now() - startedMs - this.#smallMs) / 8
      this.#ring.take(sequence, at, bytes)
      this.recorded(floor)
    }
    if (!small || this.#smallMs > blockingMsMax) return this.#writeAside(parts, at).then(written)
    try {
      writeAll(this.#descriptor, parts, at)
      if (syncedWrites === 0) fdatasyncSync(this.#descriptor)
    } catch (error) {
      throw failureOf(this.#path, error as Error)
    }
    written()
    return undefined
  }

  #writeAside(parts: Buffer[], at: number): Promise<void> {
    return new Promise((resolve, reject) => {
      const fail = (error: Error): void => reject(failureOf(this.#path, error))
      writev(this.#descriptor, parts, at, (error, count) => {
        if (error) return fail(error)
        if (count < lengthOf(parts)) return fail(new Error(`only ${count} bytes were written`))
        if (syncedWrites !== 0) resolve()
        else fdatasync(this.#descriptor, (failed) => (failed ? fail(failed) : resolve()))
      })
    })
  }

  /** A floor is on the disk, here or in LMDB: what is below it may be written over. */
  recorded(floor: number): void {
    this.#floor = Math.max(this.#floor, floor)
    this.#ring.release(this.#floor)
  }

  /** What the row in LMDB should say by now; null where the file is not in use. */
  mark(floor: number): JournalMark | null {
    return this.#id ? { floor, id: this.#id } : null
  }

  /** Everything was put into LMDB: a file that is gone by the next start is not missed. */
  left(): void {
    this.#id = null
    this.#ring.clear()
  }

  /** Takes no more; the caller has waited for the last write. */
  async close(): Promise<void> {
    this.#closed = true
    await this.#making
    this.#id = null
    if (this.#descriptor >= 0) closeSync(this.#descriptor)
    this.#descriptor = -1
  }
}

const failureOf = (path: string, error: Error): StoreFailed => new StoreFailed(`writing ${path} failed: ${error.message}`, { cause: error })

const lengthOf = (parts: readonly Buffer[]): number => parts.reduce((sum, part) => sum + part.length, 0)

function writeAll(descriptor: number, parts: Buffer[], at: number): void {
  const count = writevSync(descriptor, parts, at)
  if (count < lengthOf(parts)) throw new Error(`only ${count} bytes were written`)
}

function readWhole(descriptor: number, bytes: number): Buffer {
  const file = Buffer.allocUnsafeSlow(bytes)
  let filled = 0
  for (let count = 1; filled < bytes && count > 0; filled += count) count = readSync(descriptor, file, filled, bytes - filled, filled)
  return file.subarray(0, filled)
}
