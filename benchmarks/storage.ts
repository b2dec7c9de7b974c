// The storage against LMDB alone: the same chunks, the same options, the same syncs, on the same disk. Prints MB/s and latencies, and the ratio.
//   npx esbuild benchmarks/storage.ts --bundle --platform=node --format=esm --packages=external --outfile=node_modules/.cache/bench-storage.mjs
//   node node_modules/.cache/bench-storage.mjs [directory] [gigabytes]
import { mkdirSync, rmSync } from 'node:fs'
import { cpus } from 'node:os'
import { join } from 'node:path'
import { open } from 'lmdb'
import { openLmdbStore } from '../storage/lmdb-store.ts'

const [directory = 'bench-data', gigabytes = '3'] = process.argv.slice(2)
const totalBytes = Number(gigabytes) * 1e9
const partitions = 6
const batchBytes = 1_000_000
const recordsPerBatch = batchBytes / 1000
const inFlight = 12
const retainedBytes = 1e9

/** Batches that are long out of the recent ones when their turn comes again. */
const ring = Array.from({ length: 96 }, (_, i) => Buffer.alloc(batchBytes, `${i} some text that is not all the same, as records are `))
let turn = 0
const nextBatch = () => ring[turn++ % ring.length]!

function fresh(name: string): string {
  const path = join(directory, name)
  rmSync(path, { recursive: true, force: true })
  mkdirSync(path, { recursive: true })
  return path
}

/** Runs and gives MB/s and CPU seconds per GB. */
async function measure(run: () => Promise<void>): Promise<{ rate: number; cpu: number }> {
  const cpu = process.cpuUsage()
  const startedMs = performance.now()
  await run()
  const seconds = (performance.now() - startedMs) / 1000
  const { user, system } = process.cpuUsage(cpu)
  return { rate: totalBytes / 1e6 / seconds, cpu: (user + system) / 1e6 / (totalBytes / 1e9) }
}

async function bare(retention: boolean): Promise<{ rate: number; cpu: number }> {
  const options = {
    overlappingSync: false,
    pageSize: 16_384,
    noMemInit: true,
    eventTurnBatching: false,
    keyEncoding: 'binary',
    encoding: 'binary',
  } as const
  const database = open<Buffer, Buffer>({ path: join(fresh('bare'), 'data.mdb'), noSubdir: true, mapSize: 2 ** 40, ...options })
  const keyOf = (n: number) => {
    const key = Buffer.alloc(49)
    key.writeUInt32BE(n % partitions, 5)
    key.writeUInt32BE(Math.floor(n / partitions), 13)
    return key
  }
  const result = await measure(async () => {
    for (let n = 0; n * batchBytes < totalBytes; n += inFlight) {
      await database.batch(() => {
        for (let i = n; i < n + inFlight; i++) {
          void database.put(keyOf(i), nextBatch())
          if (retention && i * batchBytes >= retainedBytes) void database.remove(keyOf(i - retainedBytes / batchBytes))
        }
      })
    }
  })
  await database.close()
  return result
}

const storeOptions = {
  stamp: (bytes: Buffer, baseOffset: number) => void bytes.writeDoubleBE(baseOffset),
  now: Date.now,
  flush: 'sync',
  recentBytesMax: 32e6,
  onFailure: (error: Error) => {
    throw error
  },
} as const

async function stored(retention: boolean): Promise<{ rate: number; cpu: number }> {
  const store = await openLmdbStore(fresh('stored'), storeOptions)
  for (let partition = 0; partition < partitions; partition++) store.log.setSegmentPolicy(partition, { segmentBytes: 50e6, segmentMs: 1e12 })
  let left = totalBytes / batchBytes
  const policy = { retentionMs: -1, retentionBytes: retainedBytes / partitions }
  const result = await measure(async () => {
    const producer = async (partition: number) => {
      while (left-- > 0) {
        await store.log.append({ partition, bytes: nextBatch(), offsetCount: recordsPerBatch, maxTimestampMs: Date.now(), leaderEpoch: 0 })
        if (retention && left % 60 < partitions) await store.log.retain(partition, policy, Date.now())
      }
    }
    await Promise.all(Array.from({ length: inFlight }, (_, i) => producer(i % partitions)))
  })
  const { fileBytes, freeBytes } = store.figures()
  console.log(`  file ${(fileBytes / 1e6).toFixed(0)} MB, free ${(freeBytes / 1e6).toFixed(0)} MB`)
  await store.close()
  return result
}

const percentile = (sorted: number[], share: number) => sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))]!.toFixed(2)

/** Appends of `bytes`, `perSecond` of them spread evenly, or one after the other. */
async function latency(bytes: number, perSecond: number | undefined): Promise<string> {
  const store = await openLmdbStore(fresh('latency'), storeOptions)
  const times: number[] = []
  let n = 0
  const one = async () => {
    const startedMs = performance.now()
    await store.log.append({ partition: n++ % partitions, bytes: Buffer.alloc(bytes, 1), offsetCount: 1, maxTimestampMs: Date.now(), leaderEpoch: 0 })
    times.push(performance.now() - startedMs)
  }
  if (!perSecond) for (let i = 0; i < 2000; i++) await one()
  else {
    const startedMs = performance.now()
    const pending: Promise<void>[] = []
    while (pending.length < perSecond * 3) {
      while (pending.length < ((performance.now() - startedMs) / 1000) * perSecond) pending.push(one())
      await new Promise((resolve) => setImmediate(resolve))
    }
    await Promise.all(pending)
  }
  await store.close()
  times.sort((a, b) => a - b)
  return `p50 ${percentile(times, 0.5)} ms, p99 ${percentile(times, 0.99)} ms`
}

const row = (name: string, { rate, cpu }: { rate: number; cpu: number }) =>
  console.log(`  ${name.padEnd(10)} ${rate.toFixed(0).padStart(5)} MB/s  ${cpu.toFixed(2)} CPU s/GB`)

console.log(
  `${cpus()[0]?.model}, ${cpus().length} cores, Node ${process.version}; ${gigabytes} GB of ${batchBytes / 1e6} MB batches over ${partitions} partitions, synced`,
)
for (const retention of [false, true]) {
  console.log(retention ? `with retention at ${retainedBytes / 1e9} GB` : 'growing file')
  const alone = await bare(retention)
  const through = await stored(retention)
  row('LMDB alone', alone)
  row('storage', through)
  console.log(`  ratio ${(through.rate / alone.rate).toFixed(2)}`)
}
console.log(`1 KB one after the other: ${await latency(1000, undefined)}`)
console.log(`1 KB, 5,000 a second:     ${await latency(1000, 5000)}`)
console.log(`20 KB, 1,000 a second:    ${await latency(20_000, 1000)}`)
rmSync(directory, { recursive: true, force: true })
