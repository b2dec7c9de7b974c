// What the rest of a broker's work costs as it grows and when it dies: small requests on one partition and on ten thousand, on an empty log and on a long one, and
// how long producers hear nothing after kill -9. How connections grow is among the latencies.
import { anonymousMb, closedLoopFor, costOf } from '../load.ts'
import { eachPart, fetchFrame } from '../reading.ts'
import { type Figures, type Knobs, partitionsUsual, type Scenario, scaled } from '../scenario.ts'
import { type Server, usageOf } from '../servers.ts'
import { batchOf, checkProduced, createTopic, type Frame, produceFrame, Wire } from '../wire.ts'
import { fillTopic } from './consume.ts'

const inFlight = 10
/** Batches of a long log: not so large that a small read is a copy of one. */
const recordsPerBatch = 16

const smallFrame = (topic: string, partition: number): Frame => produceFrame(topic, [{ partition, batch: batchOf(1, 1000, 1) }], -1)

interface PerRequest {
  readonly cpuMicroseconds: number
  readonly perSecond: number
}

/** What one request costs the server, after a while of the same. */
async function perRequest(server: Server, seconds: number, send: (n: number) => Promise<void>): Promise<PerRequest> {
  await closedLoopFor(seconds / 2, inFlight, send)
  let count = 0
  const cost = await costOf(server, async () => {
    count = (await closedLoopFor(seconds, inFlight, send)).length
  })
  return { cpuMicroseconds: (cost.cpuSeconds / count) * 1e6, perSecond: count / cost.seconds }
}

/** The figures of a small and of a large one, and how much more the large one costs. */
function comparison(small: PerRequest, large: PerRequest, server: Server): Figures {
  return {
    'CPU ratio': large.cpuMicroseconds / small.cpuMicroseconds,
    'rate ratio': large.perSecond / small.perSecond,
    'small CPU µs': small.cpuMicroseconds,
    'large CPU µs': large.cpuMicroseconds,
    'large requests/s': large.perSecond,
    'anonymous MB': anonymousMb(usageOf(server.pid)),
  }
}

const partitionsPerTopic = 1000

async function withPartitions(server: Server, knobs: Knobs): Promise<Figures> {
  const wire = await Wire.open(server.host, server.ports.kafka)
  await createTopic(wire, 'one', 1)
  const alone = smallFrame('one', 0)
  const small = await perRequest(server, knobs.seconds / 2, async () => checkProduced(await wire.send(alone)))
  const topics = Array.from({ length: scaled(10, knobs) }, (_, i) => `many-${i}`)
  for (const topic of topics) await createTopic(wire, topic, partitionsPerTopic)
  const frames = Array.from({ length: partitionsPerTopic }, (_, partition) => topics.map((topic) => smallFrame(topic, partition))).flat()
  const large = await perRequest(server, knobs.seconds / 2, async (n) => checkProduced(await wire.send(frames[n % frames.length]!)))
  wire.close()
  return comparison(small, large, server)
}

/** Small produces, and small fetches from the middle: on a log of one record and on one of `--megabytes`. */
async function withLog(server: Server, knobs: Knobs): Promise<Figures> {
  const wire = await Wire.open(server.host, server.ports.kafka)
  await createTopic(wire, 'one', 1)
  const write = smallFrame('one', 0)
  const both = async (topic: string, ends: readonly number[], seconds: number): Promise<PerRequest> => {
    const reads = ends.map((end, partition) => fetchFrame(topic, [{ partition, offset: Math.floor(end / 2) }], 0, 0, 1000))
    return perRequest(server, seconds, async (n) => {
      checkProduced(await wire.send(write))
      eachPart(await wire.send(reads[n % reads.length]!), () => {})
    })
  }
  checkProduced(await wire.send(write))
  const small = await both('one', [1], knobs.seconds / 2)
  const ends = await fillTopic(wire, knobs.bytes, recordsPerBatch)
  const large = await both('bench', ends, knobs.seconds / 2)
  wire.close()
  return comparison(small, large, server)
}

/** Producers that go on trying, and the longest time in which none had an acknowledgement. */
class Chorus {
  #lastMs = performance.now()
  longestMs = 0
  readonly #server: Server
  readonly #stop = new AbortController()
  readonly #voices: Promise<void>[]
  /** Acknowledgements of each since the last `heard`. */
  #since: number[]
  #everybody: (() => void) | null = null

  constructor(server: Server, frames: readonly Frame[]) {
    this.#server = server
    this.#since = frames.map(() => 0)
    this.#voices = frames.map((frame, i) => this.#sing(frame, i))
  }

  /** Settles when each has had an acknowledgement from now on. */
  heard(): Promise<void> {
    this.#since.fill(0)
    return new Promise((everybody) => {
      this.#everybody = everybody
    })
  }

  async end(): Promise<void> {
    this.#stop.abort()
    await Promise.all(this.#voices)
  }

  async #sing(frame: Frame, i: number): Promise<void> {
    let wire: Wire | null = null
    while (!this.#stop.signal.aborted) {
      try {
        wire ??= await Wire.open(this.#server.host, this.#server.ports.kafka)
        checkProduced(await wire.send(frame))
        this.#acknowledged(i)
      } catch {
        wire?.close()
        wire = null
        await new Promise((again) => setTimeout(again, 1))
      }
    }
    wire?.close()
  }

  #acknowledged(i: number): void {
    const nowMs = performance.now()
    this.longestMs = Math.max(this.longestMs, nowMs - this.#lastMs)
    this.#lastMs = nowMs
    this.#since[i]!++
    if (this.#since.every((count) => count > 0)) this.#everybody?.()
  }
}

async function silence(server: Server, knobs: Knobs): Promise<Figures> {
  const wire = await Wire.open(server.host, server.ports.kafka)
  await fillTopic(wire, knobs.bytes)
  wire.close()
  const batch = batchOf(100, 1000, 1)
  const chorus = new Chorus(
    server,
    Array.from({ length: partitionsUsual }, (_, partition) => produceFrame('bench', [{ partition, batch }], -1)),
  )
  await chorus.heard()
  chorus.longestMs = 0
  await server.killAndStart()
  await chorus.heard()
  await chorus.end()
  return { 'silence ms': chorus.longestMs }
}

const shared = { family: 'growth', door: 'kafka' } as const
const ratio = { figure: 'CPU ratio', more: 'worse' } as const

export const growthScenarios: readonly Scenario[] = [
  {
    ...shared,
    name: 'growth-partitions',
    about: '1 KB requests over 10,000 partitions, by what the same cost on one partition',
    headline: ratio,
    run: withPartitions,
  },
  {
    ...shared,
    name: 'growth-log',
    about: '1 KB writes and small reads from the middle of --megabytes, by what the same cost on an empty log',
    headline: ratio,
    run: withLog,
  },
  {
    ...shared,
    name: 'silence',
    about: 'kill -9 under six producers on a log of --megabytes, restarted at once: the longest time without an acknowledgement',
    needsDisk: true,
    headline: { figure: 'silence ms', more: 'worse' },
    run: silence,
  },
]
