// The one file that LMDB keeps in a directory: made whole or not at all, and looked at before LMDB is let near it, because lmdb-js crashes the
// process on a file that is not LMDB's.
import { closeSync, existsSync, fstatSync, fsyncSync, linkSync, openSync, readdirSync, readSync, rmSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { hasAllPages, metaBytes } from './data-file-pages.ts'
import { StoreUnusable } from './store.ts'

const fileName = 'data.mdb'

export const dataFile = (directory: string): string => join(directory, fileName)

/** Where LMDB's header is in each of the first two pages, and what it says there: magic, format 2, and in the first one the page size. */
const headerAt = 24
const magic = 0xbeefc0de
const formatVersion = 2
const pageSizeAt = 48

/** Throws StoreUnusable where `path` is not a file that this LMDB can open. */
export function checkDataFile(path: string): void {
  const descriptor = openSync(path, 'r')
  try {
    const { size } = fstatSync(descriptor)
    const first = readAt(descriptor, 0)
    if (isHeader(first)) {
      const pageBytes = first.readUInt32LE(pageSizeAt)
      const second = readAt(descriptor, pageBytes)
      if (isHeader(second)) {
        if (holdsItsPages(descriptor, size, pageBytes, [first, second])) return
        throw new StoreUnusable(`${path} is incomplete: it ends at ${size} bytes, before some of what it holds; put a whole copy of it there`)
      }
    }
  } finally {
    closeSync(descriptor)
  }
  throw new StoreUnusable(`${path} is damaged or no LMDB file: move it away, or choose another directory`)
}

/** What is not a page says numbers that lead out of it. */
function holdsItsPages(...file: Parameters<typeof hasAllPages>): boolean {
  try {
    return hasAllPages(...file)
  } catch (error) {
    if (error instanceof RangeError) return false
    throw error
  }
}

function readAt(descriptor: number, position: number): Buffer {
  const page = Buffer.alloc(metaBytes)
  return page.subarray(0, readSync(descriptor, page, 0, metaBytes, position))
}

const isHeader = (page: Buffer): boolean =>
  page.length === metaBytes && page.readUInt32LE(headerAt) === magic && page.readUInt32LE(headerAt + 4) === formatVersion

/**
 * Makes the file where it is missing: `build` makes it under another name, complete and synced, and a link puts it in place. So a crash in
 * between leaves nothing that looks like a store, and of two processes that do this at once both end up with the same file.
 */
export async function makeDataFile(directory: string, build: (path: string) => Promise<void>): Promise<void> {
  removeUnfinished(directory)
  if (existsSync(dataFile(directory))) return
  const unfinished = join(directory, `${fileName}.new-${process.pid}`)
  await build(unfinished)
  try {
    linkSync(unfinished, dataFile(directory))
  } catch (error) {
    if (!existsSync(dataFile(directory))) throw error
  }
  removeUnfinished(directory)
  // A file that was synced can still be lost with the entry that names it.
  for (const path of [directory, dirname(directory)]) syncDirectory(path)
}

function removeUnfinished(directory: string): void {
  for (const name of readdirSync(directory)) if (name.startsWith(`${fileName}.new-`)) rmSync(join(directory, name), { force: true })
}

/** A file that was made or renamed is there for good once its directory is synced. */
export function syncDirectory(path: string): void {
  const descriptor = openSync(path, 'r')
  try {
    fsyncSync(descriptor)
  } catch {
    // Some file systems cannot sync a directory; there is nothing more to do about it.
  } finally {
    closeSync(descriptor)
  }
}
