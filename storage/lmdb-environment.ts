// LMDB as this store uses it: one tree, one commit at a time, acknowledged when it is on disk. Knows keys and values; what they mean is keys.ts.
import { open, type RootDatabase } from 'lmdb'
import { checkDataFile, dataFile, makeDataFile } from './data-file.ts'
import { type Claim, checkSchema, claimDirectory, refuseSecondProcess, schemaRow } from './directory.ts'
import { commitFailure } from './disk-errors.ts'
import { DiskRoom, requireRoomToOpen } from './disk-room.ts'
import type { NewEntry } from './journal.ts'
import { schemaKey } from './keys.ts'
import { RemovalWatch } from './removal-watch.ts'
import { StoreFailed, StoreUnusable } from './store.ts'

/** A key and its new value; null deletes it. */
export interface Change {
  key: Buffer
  value: Buffer | null
}

/** What one transaction does. */
export interface Changes {
  list: readonly Change[]
  /** Bytes of the values. */
  bytes: number
  /** Everything but the schema goes first. */
  clear: boolean
  /** Or, instead of all that: an entry for the journal file. */
  filed: NewEntry | null
  /** May take its time on another thread: nobody waits for it, or its pages are cold. */
  background: boolean
}

/** A range of keys; ends are exclusive, and with `reverse` it runs down from `start`, inclusive. */
export interface KeyRange {
  start: Buffer
  end?: Buffer
  reverse?: boolean
  limit?: number
}

/** lmdb-js has these, its types do not. */
type Database = RootDatabase<Buffer, Buffer> & {
  lastSize: number
  sync(done: (error?: Error) => void): void
  clearAsync(): Promise<unknown>
}

/** Address space, not memory: LMDB never has to map the file anew while it grows, and maps it anew if it outgrows this. */
const mapBytes = 2 ** 40
/** Commits up to this go through transactionSync, which saves two hand-overs between threads ... */
const smallCommitBytes = 64 * 1024
const smallCommitChanges = 256
/** ... while the disk syncs faster than this. A slow one would hold up the event loop. */
const blockingMsMax = 2
/** How long a write may stay unsynced with flush `async`. */
const syncDelayMs = 200

export class LmdbEnvironment {
  readonly directory: string
  /** How much the next commit may write. */
  readonly room: DiskRoom
  readonly #database: Database
  readonly #release: () => void
  readonly #synced: boolean
  readonly #onFailure: (error: StoreFailed) => void
  /** Smoothed duration of small commits. */
  #smallMs = 0
  /** The last commit did not fit: the next one runs where an environment that LMDB gave up shows itself as an error, not as silence. */
  #doubtful = false
  readonly #removal: RemovalWatch
  #syncTimer: NodeJS.Timeout | undefined
  #syncing = Promise.resolve()

  private constructor(claim: Claim, database: Database, synced: boolean, onFailure: (error: StoreFailed) => void) {
    this.directory = claim.path
    this.#release = claim.release
    this.#database = database
    this.#synced = synced
    this.#onFailure = onFailure
    this.room = new DiskRoom(claim.path, () => this.figures().freeBytes)
    this.#removal = new RemovalWatch(dataFile(claim.path), () =>
      onFailure(new StoreFailed(`${dataFile(claim.path)} was removed while it is in use: nothing that is written there would outlive this process`)),
    )
  }

  /** Opens or makes the store in `directory`. Rejects with StoreUnusable. `onFailure` hears of a background sync that failed, and of a file that was removed. */
  static async open(directory: string, flush: 'sync' | 'async', onFailure: (error: StoreFailed) => void): Promise<LmdbEnvironment> {
    const claim = claimDirectory(directory)
    let database: Database | undefined
    try {
      requireRoomToOpen(claim.path)
      await makeDataFile(claim.path, makeDatabase)
      checkDataFile(dataFile(claim.path))
      database = openDatabase(dataFile(claim.path), flush === 'sync')
      refuseSecondProcess(database, claim.path, process.pid)
      checkSchema(database, claim.path)
      return new LmdbEnvironment(claim, database, flush === 'sync', onFailure)
    } catch (error) {
      await database?.close()
      claim.release()
      if (error instanceof StoreUnusable) throw error
      throw new StoreUnusable(`cannot open the store in ${claim.path}: ${(error as Error).message}`, { cause: error })
    }
  }

  /**
   * Writes all changes or none. Done when they are on disk (written, with flush `async`): at once where it returns nothing. Throws or rejects
   * with StorageFull or StoreFailed. The caller waits for one commit before it starts the next.
   */
  commit(changes: Changes): undefined | Promise<void> {
    const small = !changes.background && !changes.clear && changes.bytes <= smallCommitBytes && changes.list.length <= smallCommitChanges
    const startedMs = performance.now()
    const done = () => {
      this.#doubtful = false
      if (small) this.#smallMs += (performance.now() - startedMs - this.#smallMs) / 8
      if (!this.#synced) this.#syncSoon()
    }
    const failed = async (error: unknown): Promise<never> => {
      this.#doubtful = true
      throw await commitFailure(error, this.directory, changes.bytes)
    }
    if (this.#doubtful || (small && this.#smallMs < blockingMsMax)) {
      try {
        this.#database.transactionSync(() => this.#write(changes))
      } catch (error) {
        return failed(error)
      }
      done()
      return undefined
    }
    // A batch is one transaction with one promise. What lmdb-js does by itself, gathering the writes of a turn, has a second promise that
    // nobody gets hold of, and that rejects too.
    try {
      return this.#database.batch(() => this.#write(changes)).then(done, failed)
    } catch (error) {
      // Part of it may be on its way already: what failed cannot be told apart any more, and only a restart knows what is stored.
      return failed(error)
    }
  }

  #write(changes: Changes): void {
    if (changes.clear) {
      void this.#database.clearAsync()
      void this.#database.put(schemaKey, schemaRow())
    }
    for (const { key, value } of changes.list) void (value ? this.#database.put(key, value) : this.#database.remove(key))
  }

  /** A view into lmdb-js's own buffer: valid until the next read of any store. */
  view(key: Buffer): Uint8Array | undefined {
    return this.#database.getBinaryFast(key)?.subarray(0, this.#database.lastSize)
  }

  /** A copy that stays. */
  copy(key: Buffer): Buffer | undefined {
    const view = this.view(key)
    if (!view) return undefined
    const copy = Buffer.allocUnsafeSlow(view.length)
    copy.set(view)
    return copy
  }

  /** Keys of a range, lazily; the loop must run to its end or be left within the same turn. */
  keys(range: KeyRange): Iterable<Buffer> {
    return this.#database.getKeys(range)
  }

  /** Keys and values of a range, copied. */
  entries(range: KeyRange): Iterable<{ key: Buffer; value: Buffer }> {
    return this.#database.getRange(range)
  }

  /** Bytes of the file up to its last page in use, and of the pages among them that hold nothing. */
  figures(): { fileBytes: number; freeBytes: number } {
    const stats = this.#database.getStats() as LmdbStats
    const pages = stats.lastPageNumber + 1
    const metaPages = 2
    return { fileBytes: pages * stats.pageSize, freeBytes: (pages - metaPages - pagesOf(stats.root) - pagesOf(stats.free)) * stats.pageSize }
  }

  async close(): Promise<void> {
    clearTimeout(this.#syncTimer)
    this.#removal.close()
    try {
      await this.#syncing
      if (!this.#synced) await this.#sync()
      await this.#database.close()
    } finally {
      this.#release()
    }
  }

  /** What is written while a sync runs asks for another one. */
  #syncSoon(): void {
    this.#syncTimer ??= setTimeout(() => {
      this.#syncTimer = undefined
      this.#syncing = this.#syncing.then(() => this.#sync())
    }, syncDelayMs).unref()
  }

  #sync(): Promise<void> {
    return new Promise((resolve) => {
      this.#database.sync((error) => {
        if (error) this.#onFailure(new StoreFailed(`syncing ${this.directory} failed: ${error.message}`, { cause: error }))
        resolve()
      })
    })
  }
}

interface TreeStats {
  treeBranchPageCount: number
  treeLeafPageCount: number
  overflowPages: number
}

interface LmdbStats {
  pageSize: number
  lastPageNumber: number
  root: TreeStats
  free: TreeStats
}

const pagesOf = (tree: TreeStats): number => tree.treeBranchPageCount + tree.treeLeafPageCount + tree.overflowPages

/** A new file with nothing but the schema in it. */
async function makeDatabase(path: string): Promise<void> {
  const database = openDatabase(path, true)
  try {
    database.putSync(schemaKey, schemaRow())
  } finally {
    await database.close()
  }
}

function openDatabase(path: string, synced: boolean): Database {
  const options = {
    path,
    noSubdir: true,
    keyEncoding: 'binary',
    encoding: 'binary',
    // A failed fdatasync must reject the commit and leave it invisible: so it does without overlapping syncs only.
    overlappingSync: false,
    noSync: !synced,
    eventTurnBatching: false,
    pageSize: 16_384,
    noMemInit: true,
    maxReaders: 64,
    permissionsMode: 0o600,
  } as const
  try {
    return open<Buffer, Buffer>({ ...options, mapSize: mapBytes }) as Database
  } catch (error) {
    // Address space is limited (ulimit -v, small machines): LMDB then starts small and maps the file anew as it grows.
    if ((error as { code?: number }).code === ENOMEM) return open<Buffer, Buffer>(options) as Database
    throw error
  }
}

const ENOMEM = 12
