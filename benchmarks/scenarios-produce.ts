// Produce: how fast batches become durable. The same batches appended to LMDB alone are the baseline.
import { open } from 'lmdb'
import { type Figures, type Knobs, partitions, type Scenario } from './scenario.ts'
import { type Server, usageOf } from './servers.ts'
import { batchOf, checkProduced, createTopic, type Frame, produceFrame, Wire } from './wire.ts'

const inFlightMax = 5

interface ProduceShape {
  recordBytes: number
  batchBytes: number
  connections: number
  acks: number
  codec?: number
}

/** Sends `bytes` over the connections, each with its requests in flight, and waits for every answer. */
export async function produceAll(wires: Wire[], frames: Frame[], bytes: number, batchBytes: number, acks: number): Promise<number> {
  let left = Math.ceil(bytes / batchBytes)
  let next = 0
  const startedMs = performance.now()
  await Promise.all(
    wires.flatMap((wire) =>
      Array.from({ length: inFlightMax }, async () => {
        while (left-- > 0) {
          const frame = frames[next++ % frames.length]!
          if (acks === 0) await wire.post(frame)
          else checkProduced(await wire.send(frame))
        }
      }),
    ),
  )
  return (performance.now() - startedMs) / 1000
}

function batchesOf({ recordBytes, batchBytes, codec }: ProduceShape): Buffer[] {
  const count = Math.max(1, Math.floor(batchBytes / (recordBytes + 12)))
  return Array.from({ length: 2 * partitions }, (_, i) => batchOf(count, recordBytes, i + 1, codec))
}

async function run(shape: ProduceShape, server: Server, { bytes }: Knobs): Promise<Figures> {
  const wires = await Promise.all(Array.from({ length: shape.connections }, () => Wire.open(server.host, server.port)))
  await createTopic(wires[0]!, 'bench', partitions, { 'max.message.bytes': '2000000' })
  const batches = batchesOf(shape)
  const batchBytes = batches[0]!.length
  const frames = batches.map((batch, i) => produceFrame('bench', i % partitions, batch, shape.acks))
  await produceAll(wires, frames, bytes / 10, batchBytes, shape.acks)
  const before = usageOf(server.pid)
  const seconds = await produceAll(wires, frames, bytes, batchBytes, shape.acks)
  const after = usageOf(server.pid)
  for (const wire of wires) wire.close()
  const records = (bytes / batchBytes) * Math.floor(shape.batchBytes / (shape.recordBytes + 12))
  return {
    'MB/s': bytes / 1e6 / seconds,
    'thousand records/s': records / 1000 / seconds,
    'CPU s/GB': (after.cpuSeconds - before.cpuSeconds) / (bytes / 1e9),
    'anonymous MB': after.anonymousBytes / 1e6,
  }
}

/** The same chunks put to LMDB alone, synced, one commit for as many as a client would have in flight. */
async function lmdbAlone(shape: ProduceShape, { bytes }: Knobs, directory: string): Promise<Figures> {
  const options = {
    overlappingSync: false,
    pageSize: 16_384,
    noMemInit: true,
    eventTurnBatching: false,
    keyEncoding: 'binary',
    encoding: 'binary',
  } as const
  const database = open<Buffer, Buffer>({ path: `${directory}/alone.mdb`, noSubdir: true, mapSize: 2 ** 40, ...options })
  const batches = batchesOf(shape)
  const batchBytes = batches[0]!.length
  const putAll = async (total: number, base: number): Promise<void> => {
    for (let n = 0; n * batchBytes < total; n += inFlightMax * shape.connections) {
      await database.batch(() => {
        for (let i = n; i < n + inFlightMax * shape.connections; i++) {
          const key = Buffer.alloc(13)
          key.writeUInt32BE(i % partitions, 1)
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

function scenario(name: string, about: string, shape: ProduceShape): Scenario {
  return {
    name,
    about,
    headline: { figure: 'MB/s', more: 'better' },
    run: (server, knobs) => run(shape, server, knobs),
    ...(shape.acks === -1 && shape.codec === undefined && shape.recordBytes === 1000
      ? { baseline: { name: 'LMDB alone', run: (knobs: Knobs, directory: string) => lmdbAlone(shape, knobs, directory) } }
      : {}),
  }
}

const oneKilobyte = { recordBytes: 1000, batchBytes: 1_000_000, connections: 1, acks: -1 }

export const produceScenarios: readonly Scenario[] = [
  scenario('produce', '1 KB records, batches of 1 MB, six partitions, acks=all, one connection', oneKilobyte),
  scenario('produce-4', 'the same over four connections', { ...oneKilobyte, connections: 4 }),
  scenario('produce-small', '100 B records, batches of 1 MB', { ...oneKilobyte, recordBytes: 100 }),
  scenario('produce-acks-1', 'acks=1', { ...oneKilobyte, acks: 1 }),
  scenario('produce-16k', 'batches of 16 KB', { ...oneKilobyte, batchBytes: 16_000 }),
]
