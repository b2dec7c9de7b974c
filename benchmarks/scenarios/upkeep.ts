// Upkeep: what a broker does besides moving records. Topics made and removed, retention while it is written to, compaction.
import { readdirSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { deleteTopics } from '../../protocol/messages/delete-topics.ts'
import { describeLogDirs } from '../../protocol/messages/describe-log-dirs.ts'
import { metadata } from '../../protocol/messages/metadata.ts'
import { buildBatch } from '../../protocol/records/builder.ts'
import { median } from '../figures.ts'
import { anonymousMb, closedLoop, closedLoopFor, costOf, until } from '../load.ts'
import { type Figures, type Knobs, partitionsUsual, type Scenario, scaled } from '../scenario.ts'
import { type Server, usageOf } from '../servers.ts'
import { batchOf, checkProduced, createTopic, noise, produceFrame, Wire } from '../wire.ts'

const partitionsPerTopic = 100

async function createAndDelete(server: Server, knobs: Knobs): Promise<Figures> {
  const wire = await Wire.open(server.host, server.ports.kafka)
  const names = Array.from({ length: scaled(100, knobs) }, (_, i) => `many-${i}`)
  const partitions = names.length * partitionsPerTopic
  const created = await costOf(server, async () => {
    for (const name of names) await createTopic(wire, name, partitionsPerTopic)
  })
  const deleted = await costOf(server, async () => {
    for (const name of names) {
      const { responses } = await wire.call(deleteTopics, 5, { topicNames: [name], timeoutMs: 60_000 })
      if (responses[0]!.errorCode !== 0) throw new Error(`delete topic: error ${responses[0]!.errorCode}`)
    }
    const last = names.at(-1)!
    await until(async () => (await wire.call(metadata, 4, { topics: [{ name: last }], allowAutoTopicCreation: false })).topics[0]!.errorCode === 3, 5)
  })
  wire.close()
  return {
    'partitions created/s': partitions / created.seconds,
    'partitions deleted/s': partitions / deleted.seconds,
    'anonymous MB with all': anonymousMb(created.after),
  }
}

/** Bytes that the files below a directory take on disk; one that goes away meanwhile counts nothing. */
function diskBytes(directory: string): number {
  return readdirSync(directory, { withFileTypes: true }).reduce((sum, entry) => {
    const path = join(directory, entry.name)
    try {
      return sum + (entry.isDirectory() ? diskBytes(path) : statSync(path).blocks * 512)
    } catch {
      return sum
    }
  }, 0)
}

/** Writes as fast as goes for some seconds while retention removes what is old: does speed stay, and do file and memory stay bounded? */
async function steady(server: Server, knobs: Knobs): Promise<Figures> {
  const wire = await Wire.open(server.host, server.ports.kafka)
  const keptBytes = Math.min(500e6, knobs.bytes / 2)
  const retention = { 'retention.bytes': String(Math.round(keptBytes / partitionsUsual)), 'segment.bytes': '16777216' }
  await createTopic(wire, 'bench', partitionsUsual, { ...retention, 'max.message.bytes': '2000000' })
  const frames = Array.from({ length: partitionsUsual }, (_, partition) => {
    const batch = batchOf(988, 1000, partition + 1)
    return produceFrame('bench', [{ partition, batch }], -1)
  })
  const seconds: { bytes: number; disk: number; anonymous: number }[] = []
  let sent = 0
  const watch = setInterval(
    () => {
      const before = seconds.reduce((sum, { bytes }) => sum + bytes, 0)
      seconds.push({ bytes: sent - before, disk: diskBytes(server.directory), anonymous: usageOf(server.pid).anonymousBytes })
    },
    Math.min(1000, (knobs.seconds * 1000) / 5),
  )
  const { seconds: taken, cpuSeconds } = await costOf(server, () =>
    closedLoopFor(knobs.seconds, 5, async (n) => {
      checkProduced(await wire.send(frames[n % partitionsUsual]!))
      sent += 1e6
    }),
  ).finally(() => clearInterval(watch))
  wire.close()
  const third = Math.max(1, Math.floor(seconds.length / 3))
  const speedOf = (part: typeof seconds): number => median(part.map(({ bytes }) => bytes))
  return {
    'MB/s': sent / 1e6 / taken,
    'last third / first third': speedOf(seconds.slice(-third)) / speedOf(seconds.slice(0, third)),
    'written MB': sent / 1e6,
    'disk MB max': Math.max(...seconds.map(({ disk }) => disk)) / 1e6,
    'anonymous MB max': Math.max(...seconds.map(({ anonymous }) => anonymous)) / 1e6,
    'CPU s/GB': cpuSeconds / (sent / 1e9),
  }
}

const keys = 1000
const recordsPerBatch = 100

/** Writes the same thousand keys again and again; how long until what is stored is a fifth of it? */
async function compact(server: Server, knobs: Knobs): Promise<Figures> {
  const wire = await Wire.open(server.host, server.ports.kafka)
  const compaction = { 'cleanup.policy': 'compact', 'min.cleanable.dirty.ratio': '0.01', 'segment.bytes': '1048576', 'min.compaction.lag.ms': '0' }
  await createTopic(wire, 'bench', 1, compaction)
  const frames = Array.from({ length: keys / recordsPerBatch }, (_, n) => {
    const records = Array.from({ length: recordsPerBatch }, (_, i) => ({
      key: `key-${n * recordsPerBatch + i}`,
      value: noise(1000, i + 1),
      timestampMs: Date.now(),
    }))
    return produceFrame('bench', [{ partition: 0, batch: buildBatch(records) }], -1)
  })
  const bytes = Math.max(20e6, knobs.bytes / 4)
  const { seconds, cpuSeconds } = await costOf(server, async () => {
    await closedLoop(Math.ceil(bytes / (recordsPerBatch * 1000)), 5, async (n) => checkProduced(await wire.send(frames[n % frames.length]!)))
    await until(async () => (await sizeOf(wire)) < bytes / 5, 20, 60_000)
  })
  wire.close()
  return { 'MB/s': bytes / 1e6 / seconds, 'CPU s/GB': cpuSeconds / (bytes / 1e9) }
}

async function sizeOf(wire: Wire): Promise<number> {
  const { results } = await wire.call(describeLogDirs, 1, { topics: [{ topic: 'bench', partitions: [0] }] })
  return Number(results[0]?.topics[0]?.partitions[0]?.partitionSize ?? 0)
}

const noDisk = { kfake: 'it keeps everything', 'kfake-synced': 'it keeps everything' }

export const upkeepScenarios: readonly Scenario[] = [
  {
    name: 'partitions',
    family: 'upkeep',
    about: '10,000 partitions made and removed, in topics of 100, one request after the other',
    door: 'kafka',
    headline: { figure: 'partitions created/s', more: 'better' },
    run: createAndDelete,
  },
  {
    name: 'retention',
    family: 'upkeep',
    about: 'written to as fast as goes for --seconds, 500 MB kept',
    door: 'kafka',
    settings: { 'log.retention.check.interval.ms': '1000' },
    without: noDisk,
    headline: { figure: 'MB/s', more: 'better' },
    run: steady,
  },
  {
    name: 'compaction',
    family: 'upkeep',
    about: 'a thousand keys written again and again to a compacted topic, until a fifth of the bytes is left',
    door: 'kafka',
    settings: { 'log.cleaner.backoff.ms': '100' },
    without: noDisk,
    headline: { figure: 'MB/s', more: 'better' },
    run: compact,
  },
]
