// One directory, one store: who may open it, and which version wrote it. Nothing stale can stay behind a kill -9: the claim is LMDB's reader
// slot, and a slot counts only while the kernel still holds the file lock of the process that took it.
import { existsSync, mkdirSync, realpathSync, statSync } from 'node:fs'
import { dirname, resolve } from 'node:path'
import { schemaKey } from './keys.ts'
import { packRow, unpackRow } from './rows.ts'
import { StoreUnusable } from './store.ts'

/** The version that this code writes and reads. */
const schemaVersion = 3

/** What is needed of LMDB here. */
export interface Claimable {
  getBinary(key: Buffer): Buffer | undefined
  putSync(key: Buffer, value: Buffer): void
  readerCheck(): number
  readerList(): string
}

/** Brings rows of version n to n + 1, in steps that can be repeated: the version is written after the last one. */
export type Migration = (database: Claimable) => void
const migrations = new Map<number, Migration>([
  // 2 has a journal beside the chunks, and 1 none: there is nothing to change, but version 1 would not find what is in it.
  [1, () => {}],
  // 3 may have part of the journal in a file, which 2 would not look for.
  [2, () => {}],
])

// On the global object, so that two copies of this module in one process still see each other.
const openKey = Symbol.for('twinlog.storage.openDirectories')
const shared = globalThis as { [openKey]?: Set<string> }
const openHere = (shared[openKey] ??= new Set<string>())

/** A directory that nobody else in this process may open. */
export interface Claim {
  /** Canonical. */
  path: string
  release(): void
}

/** Makes the directory where it is missing, and claims it within this process. */
export function claimDirectory(directory: string): Claim {
  let path: string
  try {
    makeDirectory(resolve(directory))
    path = realpathSync(directory)
  } catch (error) {
    throw new StoreUnusable(`cannot use ${directory} as data directory: ${(error as Error).message}`, { cause: error })
  }
  if (openHere.has(path)) throw new StoreUnusable(`${path} is already open in this process; one directory serves one broker`)
  openHere.add(path)
  return { path, release: () => openHere.delete(path) }
}

// Not mkdirSync's `recursive`: where a file system answers ENOENT for a name in a folder that exists (/proc, automounts), Node 20 tries for ever.
function makeDirectory(path: string): void {
  const parent = dirname(path)
  if (!existsSync(parent)) makeDirectory(parent)
  try {
    mkdirSync(path)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST' || !statSync(path).isDirectory()) throw error
  }
}

/** Refuses a directory that another process has open. Call it right after opening: it takes the slot that others will see, then looks for theirs. */
export function refuseSecondProcess(database: Claimable, directory: string, ownPid: number): void {
  let others: number[]
  try {
    database.getBinary(schemaKey)
    // Slots of processes that died are cleared here; what is left lives. Whoever looks has taken its own slot before, so of two at once at
    // least one is refused.
    database.readerCheck()
    others = [...database.readerList().matchAll(/^\s*(\d+)\s/gm)].map((match) => Number(match[1])).filter((pid) => pid !== ownPid)
  } catch (error) {
    // What LMDB does when the lock that goes with our process id is taken: by a process of the same id, so in another container.
    throw new StoreUnusable(`${directory} is open in another container, in a process with the same pid (${ownPid})`, { cause: error })
  }
  if (others.length > 0) {
    throw new StoreUnusable(`${directory} is open in another process (pid ${others[0]}); stop that one or give this one a directory of its own`)
  }
}

/** The row that a store of this version carries. */
export const schemaRow = (): Buffer => packRow({ product: 'twinlog', version: schemaVersion })

/** Refuses what a newer version or somebody else wrote, and migrates what an older one wrote. */
export function checkSchema(database: Claimable, directory: string): void {
  const row = database.getBinary(schemaKey)
  if (!row) throw new StoreUnusable(`${directory} holds an LMDB file that twinlog did not write: choose another directory`)
  const { version } = unpackRow<{ version: number }>(row)
  if (version > schemaVersion) {
    throw new StoreUnusable(
      `${directory} was written by a newer twinlog (schema ${version}, this one knows ${schemaVersion}); start that version or a newer one`,
    )
  }
  for (let from = version; from < schemaVersion; from++) {
    const migrate = migrations.get(from)
    if (!migrate) throw new StoreUnusable(`${directory} has schema ${from}, which this version cannot bring up to ${schemaVersion}`)
    migrate(database)
  }
  if (version < schemaVersion) database.putSync(schemaKey, schemaRow())
}
