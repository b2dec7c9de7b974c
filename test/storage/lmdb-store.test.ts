// The durable store meets the contracts, with the tail served from memory and with everything read from the file.
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll } from 'vitest'
import { openLmdbStore } from '../../storage/lmdb-store.ts'
import { journalUsual, type StoreOptions } from '../../storage/store.ts'
import { journalFileOf, noJournal, storeOptions, TestClock } from '../contract/harness.ts'
import { logContract } from '../contract/log.ts'
import { replaceContract } from '../contract/replace.ts'
import { rollingContract } from '../contract/rolling.ts'
import { storeContract } from '../contract/tables.ts'

const root = mkdtempSync(join(tmpdir(), 'twinlog-storage-'))
afterAll(() => rmSync(root, { recursive: true }))

const opener = (defaults: Partial<StoreOptions>) => async (more?: Partial<StoreOptions>) => {
  const clock = new TestClock()
  const options = storeOptions(clock, { journal: noJournal, ...defaults, ...more })
  const directory = mkdtempSync(join(root, 'd'))
  return { store: await openLmdbStore(directory, options), clock }
}

logContract('in LMDB', opener({}))
replaceContract('in LMDB', opener({}))
rollingContract('in LMDB', opener({}))
storeContract('in LMDB', opener({}))
logContract('in LMDB, nothing kept in memory', opener({ recentBytesMax: 0 }))
replaceContract('in LMDB, nothing kept in memory', opener({ recentBytesMax: 0 }))
logContract('in LMDB, synced later', opener({ flush: 'async' }))
replaceContract('in LMDB, synced later', opener({ flush: 'async' }))
storeContract('in LMDB, by way of the journal file', opener({ journal: journalUsual, journalFile: journalFileOf(256 * 1024) }))
