// Latency: time to the acknowledgement, and to a consumer that waits in a long poll, at a steady rate and beside connections that do nothing.
import { sealBatch } from '../../protocol/records/batch.ts'
import { buildBatch } from '../../protocol/records/builder.ts'
import { RecordCursor } from '../../protocol/records/record.ts'
import { forEachBatch } from '../../protocol/records/run.ts'
import { latencyFigures } from '../figures.ts'
import { anonymousMb, closedLoopFor, costOf, openLoop } from '../load.ts'
import { eachPart, endOfRun, fetchFrame } from '../reading.ts'
import { type Figures, type Knobs, partitionsUsual, type Scenario, scaled } from '../scenario.ts'
import { type Server, usageOf } from '../servers.ts'
import { checkProduced, createTopic, type Frame, noise, produceFrame, Wire } from '../wire.ts'

const recordBytes = 1000

/** Batches whose first record's first bytes say when they were sent. */
class Stamped {
  readonly #batch: Buffer
  readonly #stampAt: number

  constructor(records: number) {
    const values = Array.from({ length: records }, (_, i) => ({ value: noise(recordBytes, i + 1), timestampMs: Date.now() }))
    this.#batch = buildBatch(values)
    this.#stampAt = this.#batch.indexOf(values[0]!.value)
  }

  frame(partition: number): Frame {
    const batch = Buffer.from(this.#batch)
    batch.writeDoubleBE(performance.now(), this.#stampAt)
    sealBatch(batch)
    return produceFrame('bench', [{ partition, batch }], -1)
  }
}

interface Arrival {
  sentMs: number
  tookMs: number
}

/** Follows one partition until told to stop; notes how long each batch took. */
async function follow(wire: Wire, partition: number, stop: AbortSignal): Promise<Arrival[]> {
  const arrivals: Arrival[] = []
  const cursor = new RecordCursor()
  let offset = 0
  while (!stop.aborted) {
    const answer = await wire.send(fetchFrame('bench', [{ partition, offset }], 0, 200))
    const nowMs = performance.now()
    eachPart(answer, (_, records) => {
      offset = endOfRun(records, offset)
      forEachBatch(records, (at) => {
        cursor.open(records, at)
        if (!cursor.next()) return
        const sentMs = cursor.value()!.readDoubleBE(0)
        arrivals.push({ sentMs, tookMs: nowMs - sentMs })
      })
    })
  }
  return arrivals
}

interface Rate {
  /** Null: half of what this server takes. */
  readonly requestsPerSecond: number | null
  readonly recordsPerRequest: number
}

async function run({ requestsPerSecond, recordsPerRequest }: Rate, server: Server, { seconds }: Knobs): Promise<Figures> {
  const producer = await Wire.open(server.host, server.ports.kafka)
  await createTopic(producer, 'bench', partitionsUsual)
  const stamped = new Stamped(recordsPerRequest)
  const send = async (n: number): Promise<void> => checkProduced(await producer.send(stamped.frame(n % partitionsUsual)))
  const perSecond = requestsPerSecond ?? (await closedLoopFor(2, 20, send)).length / 2 / 2
  const stop = new AbortController()
  const followers = await Promise.all(Array.from({ length: partitionsUsual }, () => Wire.open(server.host, server.ports.kafka)))
  const following = Promise.all(followers.map((wire, partition) => follow(wire, partition, stop.signal)))
  // One that fails is told of when all are waited for.
  following.catch(() => {})
  // A second at the same rate first, not counted.
  await openLoop(perSecond, 1, send)
  const acks: number[] = []
  const measuredFromMs = performance.now()
  const { cpuSeconds } = await costOf(server, () =>
    openLoop(perSecond, seconds, async (n) => {
      const startedMs = performance.now()
      await send(n)
      acks.push(performance.now() - startedMs)
    }),
  )
  stop.abort()
  const arrivals = (await following).flat().filter(({ sentMs }) => sentMs >= measuredFromMs)
  for (const wire of [producer, ...followers]) wire.close()
  const records = perSecond * seconds * recordsPerRequest
  return {
    ...latencyFigures('ack', acks),
    ...latencyFigures(
      'end-to-end',
      arrivals.map(({ tookMs }) => tookMs),
    ),
    'records/s': perSecond * recordsPerRequest,
    'CPU s per 100,000': (cpuSeconds / records) * 100_000,
  }
}

/** Connections that do nothing beside some that do: each has to cost next to nothing. */
async function beside(idleCount: number, busyCount: number, server: Server, knobs: Knobs): Promise<Figures> {
  const wireOf = (): Promise<Wire> => Wire.open(server.host, server.ports.kafka)
  const busy = await Promise.all(Array.from({ length: busyCount }, wireOf))
  await createTopic(busy[0]!, 'bench', partitionsUsual)
  const stamped = new Stamped(1)
  const send = async (n: number, lane: number): Promise<void> => checkProduced(await busy[lane]!.send(stamped.frame(n % partitionsUsual)))
  await closedLoopFor(1, busyCount, send)
  const without = usageOf(server.pid)
  const idle: Wire[] = []
  const wanted = scaled(idleCount, knobs)
  // A few at a time: the listen queue of some is short.
  while (idle.length < wanted) idle.push(...(await Promise.all(Array.from({ length: Math.min(20, wanted - idle.length) }, wireOf))))
  const idleBytes = usageOf(server.pid).residentBytes - without.residentBytes
  let taken: number[] = []
  const { seconds, cpuSeconds, after } = await costOf(server, async () => {
    taken = await closedLoopFor(knobs.seconds, busyCount, send)
  })
  for (const wire of [...busy, ...idle]) wire.close()
  return {
    'requests/s': taken.length / seconds,
    ...latencyFigures('ack', taken),
    'CPU s per 100,000': (cpuSeconds / taken.length) * 100_000,
    'KB per idle connection': idleBytes / 1000 / wanted,
    'anonymous MB': anonymousMb(after),
  }
}

const shared = { family: 'latency-all', door: 'kafka' } as const

function scenario(name: string, about: string, requestsPerSecond: number | null, recordsPerRequest: number): Scenario {
  const rate = { requestsPerSecond, recordsPerRequest }
  return { ...shared, name, about, headline: { figure: 'ack p99 ms', more: 'worse' }, run: (server, knobs) => run(rate, server, knobs) }
}

export const latencyScenarios: readonly Scenario[] = [
  scenario('latency', '1 KB records one per request, 1,000 a second, six consumers in long polls', 1000, 1),
  scenario('latency-5000', 'the same at 5,000 a second', 5000, 1),
  scenario('latency-20mb', 'the same at 20 MB/s: 1,000 requests of 20 records a second', 1000, 20),
  scenario('latency-half', 'the same, requests of 20 records, at half of what each server takes', null, 20),
  ...[0, 5000].map(
    (idle): Scenario => ({
      ...shared,
      name: `connections-${idle}`,
      about: `50 connections with 1 KB requests one after the other${idle > 0 ? ', beside 5,000 that do nothing' : ', alone: what connections-5000 is held against'}`,
      headline: { figure: 'requests/s', more: 'better' },
      run: (server, knobs) => beside(idle, 50, server, knobs),
    }),
  ),
]
