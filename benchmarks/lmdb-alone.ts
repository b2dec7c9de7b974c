// The same batches put to LMDB alone, synced, one commit for as many as a client would have in flight: what the disk and the tree give without a broker.
import { open } from 'lmdb'
import type { Figures, Knobs } from './scenario.ts'

export interface Commits {
  readonly connections: number
  readonly inFlight: number
  readonly partitions: number
}

export async function lmdbAlone(batches: readonly Buffer[], commits: Commits, { bytes }: Knobs, directory: string): Promise<Figures> {
  const options = {
    overlappingSync: false,
    pageSize: 16_384,
    noMemInit: true,
    eventTurnBatching: false,
    keyEncoding: 'binary',
    encoding: 'binary',
  } as const
  const database = open<Buffer, Buffer>({ path: `${directory}/alone.mdb`, noSubdir: true, mapSize: 2 ** 40, ...options })
  const batchBytes = batches[0]!.length
  const perCommit = commits.inFlight * commits.connections
  const putAll = async (total: number, base: number): Promise<void> => {
    for (let n = 0; n * batchBytes < total; n += perCommit) {
      await database.batch(() => {
        for (let i = n; i < n + perCommit; i++) {
          const key = Buffer.alloc(13)
          key.writeUInt32BE(i % commits.partitions, 1)
          key.writeUInt32BE(base + i, 9)
          void database.put(key, batches[i % batches.length]!)
        }
      })
    }
  }
  await putAll(bytes / 10, 0)
  const cpu = process.cpuUsage()
  const startedMs = performance.now()
  await putAll(bytes, 1_000_000)
  const seconds = (performance.now() - startedMs) / 1000
  const { user, system } = process.cpuUsage(cpu)
  await database.close()
  return { 'MB/s': bytes / 1e6 / seconds, 'CPU s/GB': (user + system) / 1e6 / (bytes / 1e9) }
}
