// A durable store in one directory: puts the log, the tables and the queue on one LMDB environment. Opening reads one row and the journal, whatever the size.
import { collectBatch } from './batch.ts'
import type { PlanContext } from './commit-plan.ts'
import { Journal } from './journal.ts'
import { JournalFile, unpackMark } from './journal-file.ts'
import { journalMarkKey } from './keys.ts'
import { LmdbEnvironment } from './lmdb-environment.ts'
import { createLmdbLog } from './lmdb-log.ts'
import { batchWrite, createLmdbTables } from './lmdb-tables.ts'
import { PartitionBook } from './partition-book.ts'
import { RecentChunks } from './recent-chunks.ts'
import { journalUsual, type Store, type StoreOptions, StoreUnusable } from './store.ts'
import { WriteQueue } from './write-queue.ts'

/**
 * Opens the store in `directory`, or makes one there. Rejects with StoreUnusable.
 *
 * With flush `sync` a write is on disk when it settles. With `async` it is written, and synced within a second: a kill loses nothing, but a
 * power cut or a crash of the operating system may lose the last writes, and can leave the whole directory unreadable.
 */
export async function openLmdbStore(directory: string, options: StoreOptions): Promise<Store> {
  let queue: WriteQueue | undefined
  const environment = await LmdbEnvironment.open(directory, options.flush, (error) => queue?.fail(error))
  const { journal, file } = await loadJournal(environment, options)
  const context: PlanContext = {
    environment,
    journal,
    file,
    book: new PartitionBook(environment, journal),
    recent: new RecentChunks(options.recentBytesMax),
    policies: new Map(),
    options,
  }
  queue = new WriteQueue(context)
  const writes = queue
  let closed: Promise<void> | undefined

  const reading = async <Result>(look: () => Result): Promise<Result> => {
    if (closed) throw new Error('the store is closed')
    return look()
  }

  return {
    log: createLmdbLog(context, writes, reading),
    tables: createLmdbTables(environment, reading),
    batch: () => collectBatch((parts) => writes.submit(batchWrite(parts))),
    figures: () => {
      const file = closed ? { fileBytes: 0, freeBytes: 0 } : environment.figures()
      return { ...writes.figures, ...file, recentBytes: context.recent.bytes }
    },
    onCommitMeasured: (listener) => {
      writes.measured.push(listener)
    },
    clear: () => writes.submit({ kind: 'clear', bytes: 0, apply: (plan) => plan.clear() }),
    close: () => {
      closed ??= end(writes, environment, file)
      return closed
    },
  }
}

/** The journal and its file. Rejects with StoreUnusable, and gives the directory up then. */
async function loadJournal(
  environment: LmdbEnvironment,
  { flush, journal: { settleBytes } = journalUsual, journalFile }: StoreOptions,
): Promise<{ journal: Journal; file: JournalFile | null }> {
  let file: JournalFile | null = null
  try {
    const row = environment.copy(journalMarkKey)
    const mark = row ? unpackMark(row) : { floor: 0, id: null }
    if (mark.id && !journalFile)
      throw new StoreUnusable(`the last writes of ${environment.directory} are in a journal file, which this store was opened without`)
    if (journalFile && (flush === 'sync' || mark.id)) file = new JournalFile(environment.directory, journalFile)
    const filed = file?.recover(mark) ?? []
    return { journal: Journal.load(environment, settleBytes, file?.floor ?? mark.floor, filed), file }
  } catch (error) {
    await file?.close()
    await environment.close()
    throw error
  }
}

/** What is in the journal file goes into LMDB, so that a directory at rest has all of it in one place. Where that fails, it stays in the file. */
async function end(writes: WriteQueue, environment: LmdbEnvironment, file: JournalFile | null): Promise<void> {
  if (file?.inUse) writes.submit({ kind: 'rewrite', bytes: 0, apply: (plan) => plan.leaveFile() }).catch(() => {})
  await writes.close()
  await file?.close()
  await environment.close()
}
