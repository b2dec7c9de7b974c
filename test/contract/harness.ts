// What the storage suites share: a store under test, a clock that a test moves, and entry runs whose bytes say who they are.
import { cpSync, existsSync, mkdtempSync } from 'node:fs'
import { join } from 'node:path'
import { crc32c } from '../../protocol/records/crc32c.ts'
import type { AppendRequest, Chunk } from '../../storage/log.ts'
import type { JournalFilePolicy, JournalPolicy, Store, StoreOptions } from '../../storage/store.ts'

/** Bytes before the text of a run: base offset and leader epoch, as the stamp writes them. */
export const stampBytes = 12

/** The stamp of the tests: the engine's writes into batch headers in the same way. */
export function stamp(bytes: Buffer, baseOffset: number, leaderEpoch: number): void {
  bytes.writeBigInt64BE(BigInt(baseOffset), 0)
  bytes.writeInt32BE(leaderEpoch, 8)
}

/** A clock that stands until a test moves it. */
export class TestClock {
  nowMs = 1_700_000_000_000
}

export const storeOptions = (clock: TestClock, more: Partial<StoreOptions> = {}): StoreOptions => ({
  stamp,
  now: () => clock.nowMs,
  flush: 'sync',
  recentBytesMax: 1024 * 1024,
  onFailure: (error) => {
    throw error
  },
  ...more,
})

/** Each commit stores a chunk for each partition: chunks are then where a test put them. */
export const noJournal: JournalPolicy = { smallBytesMax: 0, settleBytes: 0, bytesMax: 0 }

/** A journal file that is made at once. */
export const journalFileOf = (bytes: number): JournalFilePolicy => ({
  bytes,
  afterEntries: 0,
  checksum: (bytes, seed) => crc32c(bytes, 0, bytes.length, seed),
})

/** What a kill leaves: the files of a store that is open, in a directory of their own. */
export function asKilled(directory: string): string {
  const left = mkdtempSync(`${directory}-killed`)
  for (const name of ['data.mdb', 'journal.bin']) if (existsSync(join(directory, name))) cpSync(join(directory, name), join(left, name))
  return left
}

/** Opens a store for one test. `reopen` closes it and opens what survived; absent where nothing survives. */
export interface StoreUnderTest {
  store: Store
  clock: TestClock
  reopen?(): Promise<Store>
}

export type OpenStore = (more?: Partial<StoreOptions>) => Promise<StoreUnderTest>

interface RunOptions {
  offsetCount?: number
  maxTimestampMs?: number
  /** Bytes in all. */
  size?: number
  leaderEpoch?: number
}

/** A run of entries of `partition` that carries `text`. */
export function run(partition: number, text: string, options: RunOptions = {}): AppendRequest {
  const { offsetCount = 1, maxTimestampMs = -1, leaderEpoch = 0 } = options
  const bytes = Buffer.alloc(Math.max(options.size ?? 0, stampBytes + 4 + Buffer.byteLength(text)), '.')
  bytes.writeUInt32BE(Buffer.byteLength(text), stampBytes)
  bytes.write(text, stampBytes + 4)
  return { partition, bytes, offsetCount, maxTimestampMs, leaderEpoch }
}

/** What a chunk of one or more runs of equal size says: `offset text` for each. */
export function texts(chunk: Chunk, runBytes = chunk.bytes.length): string[] {
  const found: string[] = []
  for (let at = 0; at < chunk.bytes.length; at += runBytes) {
    const length = chunk.bytes.readUInt32BE(at + stampBytes)
    found.push(`${chunk.bytes.readBigInt64BE(at)} ${chunk.bytes.toString('utf8', at + stampBytes + 4, at + stampBytes + 4 + length)}`)
  }
  return found
}

/** Everything of a partition from an offset on, as `texts` gives it; runs must all be `runBytes` long, or alone in their chunk. */
export async function readAll(store: Store, partition: number, fromOffset: number, runBytes?: number): Promise<string[]> {
  const found: string[] = []
  for (let offset = fromOffset; ; ) {
    const [result] = await store.log.read([{ partition, fromOffset: offset, bytesMax: 1024 * 1024 }])
    if (!result || result.chunks.length === 0) return found
    for (const chunk of result.chunks) found.push(...texts(chunk, runBytes))
    offset = result.chunks.at(-1)!.endOffset
  }
}
