// Produce: how fast batches become durable, in the shapes that clients give them. The same batches put to LMDB alone, and sent to a broker that does nothing, are
// the references: what the disk gives, and what the load generator reaches.
import { initProducerId } from '../../protocol/messages/init-producer-id.ts'
import { codecGzip, codecLz4, codecNone, codecSnappy, codecZstd, sealBatch, writeInt64 } from '../../protocol/records/batch.ts'
import { ceilingName, withSink } from '../ceiling.ts'
import { patiently } from '../coordinators.ts'
import { lmdbAlone } from '../lmdb-alone.ts'
import { anonymousMb, closedLoop, costOf } from '../load.ts'
import { type Figures, type Knobs, partitionsUsual, type Reference, type Scenario, scaled } from '../scenario.ts'
import type { Server } from '../servers.ts'
import { batchOf, checkProduced, createTopic, type Frame, noise, type Part, produceFrame, Wire } from '../wire.ts'

export interface ProduceShape {
  readonly recordBytes: number
  readonly batchBytes: number
  readonly partitions: number
  /** Partitions that one request has a batch for. */
  readonly perRequest: number
  readonly connections: number
  /** Requests that a connection has under way. */
  readonly inFlight: number
  readonly acks: number
  readonly codec: number
  /** Each connection is a producer with an id; every batch gets its sequence number and checksum when it is sent. */
  readonly idempotent: boolean
}

const usual: ProduceShape = {
  ...{ recordBytes: 1000, batchBytes: 1_000_000, partitions: partitionsUsual, perRequest: 1 },
  ...{ connections: 1, inFlight: 5, acks: -1, codec: codecNone, idempotent: false },
}

const countOf = ({ recordBytes, batchBytes }: ProduceShape): number => Math.max(1, Math.floor(batchBytes / (recordBytes + 12)))

/** Requests made beforehand, in the order in which they are sent, again and again. */
function requestsOf(shape: ProduceShape): Part[][] {
  const batches = Array.from({ length: 12 }, (_, i) => batchOf(countOf(shape), shape.recordBytes, i + 1, shape.codec))
  // Partitions in an order that only looks random, so that each run is the same: as random keys would spread them.
  const picks = noise(4096, 99)
  const requests = shape.perRequest === 1 ? Math.max(12, shape.partitions) : 16
  return Array.from({ length: requests }, (_, n) => {
    const first = shape.perRequest === 1 ? n : picks.readUInt16BE(2 * n)
    const step = 1 + (picks[n]! % 3)
    return Array.from({ length: shape.perRequest }, (_, i) => ({ partition: (first + i * step) % shape.partitions, batch: batches[(n + i) % 12]! }))
  })
}

/** The id that a broker gives to an idempotent producer, and how far it is in each partition. */
interface Producer {
  id: number
  epoch: number
  sequences: number[]
}

async function producerOf(wire: Wire, { partitions }: ProduceShape): Promise<Producer> {
  const producer = { id: -1, epoch: -1, sequences: new Array<number>(partitions).fill(0) }
  await patiently('producer id', async () => {
    const answer = await wire.call(initProducerId, 1, { transactionalId: null, transactionTimeoutMs: 60_000 })
    producer.id = answer.producerId
    producer.epoch = answer.producerEpoch
    return answer.errorCode
  })
  return producer
}

/** A copy of a batch as this producer's next one for the partition. */
function numbered({ partition, batch }: Part, producer: Producer, count: number): Part {
  const copy = Buffer.from(batch)
  writeInt64(copy, producer.id, 43)
  copy.writeInt16BE(producer.epoch, 51)
  copy.writeInt32BE(producer.sequences[partition]!, 53)
  producer.sequences[partition]! += count
  sealBatch(copy)
  return { partition, batch: copy }
}

/** Load of one shape over connections that are open. */
class Load {
  readonly requestBytes: number
  readonly #shape: ProduceShape
  readonly #wires: readonly Wire[]
  readonly #requests: Part[][]
  readonly #frames: Frame[]
  readonly #producers: readonly Producer[]

  constructor(shape: ProduceShape, wires: readonly Wire[], producers: readonly Producer[] = []) {
    this.#shape = shape
    this.#wires = wires
    this.#producers = producers
    this.#requests = requestsOf(shape)
    this.#frames = this.#requests.map((parts) => produceFrame('bench', parts, shape.acks))
    this.requestBytes = this.#requests[0]!.reduce((sum, { batch }) => sum + batch.length, 0)
  }

  /** Answers the bytes sent. Settles when all of it is acknowledged. */
  async send(bytes: number): Promise<number> {
    const { connections, inFlight, acks } = this.#shape
    const count = Math.max(1, Math.ceil(bytes / this.requestBytes))
    await closedLoop(count, connections * inFlight, async (n, lane) => {
      const wire = this.#wires[lane % connections]!
      const frame = this.#frameOf(n % this.#requests.length, lane % connections)
      if (acks === 0) await wire.post(frame)
      else checkProduced(await wire.send(frame))
    })
    return count * this.requestBytes
  }

  /** Requests without an answer are done when one after them has its answer. */
  async settle(): Promise<void> {
    if (this.#shape.acks !== 0) return
    const last = produceFrame('bench', [{ partition: 0, batch: batchOf(1, 100, 1) }], -1)
    for (const wire of this.#wires) checkProduced(await wire.send(last))
  }

  #frameOf(request: number, connection: number): Frame {
    const producer = this.#producers[connection]
    if (!producer) return this.#frames[request]!
    const parts = this.#requests[request]!.map((part) => numbered(part, producer, countOf(this.#shape)))
    return produceFrame('bench', parts, this.#shape.acks)
  }
}

const openAll = (count: number, host: string, port: number): Promise<Wire[]> =>
  Promise.all(Array.from({ length: count }, () => Wire.open(host, port)))

async function run(declared: ProduceShape, server: Server, knobs: Knobs): Promise<Figures> {
  const shape = { ...declared, partitions: declared.partitions > 100 ? scaled(declared.partitions, knobs) : declared.partitions }
  const wires = await openAll(shape.connections, server.host, server.ports.kafka)
  const createdMs = performance.now()
  await createTopic(wires[0]!, 'bench', shape.partitions, { 'max.message.bytes': '2000000' })
  const createMs = performance.now() - createdMs
  const producers = shape.idempotent ? await Promise.all(wires.map((wire) => producerOf(wire, shape))) : []
  const load = new Load(shape, wires, producers)
  await load.send(knobs.bytes / 10)
  await load.settle()
  let sent = 0
  const { seconds, cpuSeconds, after } = await costOf(server, async () => {
    sent = await load.send(knobs.bytes)
    await load.settle()
  })
  for (const wire of wires) wire.close()
  return {
    ...throughput(shape, load, sent, seconds),
    'CPU s/GB': cpuSeconds / (sent / 1e9),
    'anonymous MB': anonymousMb(after),
    ...(shape.partitions > partitionsUsual ? { 'create ms': createMs } : {}),
  }
}

function throughput(shape: ProduceShape, load: Load, bytes: number, seconds: number): Figures {
  const records = (bytes / load.requestBytes) * shape.perRequest * countOf(shape)
  return { 'MB/s': bytes / 1e6 / seconds, 'thousand records/s': records / 1000 / seconds }
}

/** What the load generator reaches against a broker that does nothing. */
async function ceiling(declared: ProduceShape, { bytes }: Knobs): Promise<Figures> {
  return withSink(declared.acks === 0 ? 'acks-0' : 'produce', async (port) => {
    const wires = await openAll(declared.connections, '127.0.0.1', port)
    const producer = (): Producer => ({ id: 1, epoch: 0, sequences: new Array<number>(declared.partitions).fill(0) })
    const load = new Load(declared, wires, declared.idempotent ? wires.map(producer) : [])
    await load.send(bytes / 10)
    const startedMs = performance.now()
    const sent = await load.send(bytes)
    const seconds = (performance.now() - startedMs) / 1000
    for (const wire of wires) wire.close()
    return throughput(declared, load, sent, seconds)
  })
}

function scenario(name: string, about: string, change: Partial<ProduceShape> = {}): Scenario {
  const shape = { ...usual, ...change }
  const references: Reference[] = [{ name: ceilingName, run: (knobs) => ceiling(shape, knobs) }]
  // Its batches are stored as they come: only then is putting them the same work.
  if (shape.acks === -1 && shape.codec === codecNone && shape.perRequest === 1) {
    const requests = (): Buffer[] => requestsOf(shape).map(([part]) => part!.batch)
    references.unshift({ name: 'LMDB alone', run: (knobs, directory) => lmdbAlone(requests(), shape, knobs, directory) })
  }
  return {
    name,
    family: 'produce-all',
    about,
    door: 'kafka',
    headline: { figure: 'MB/s', more: 'better' },
    references,
    run: (server, knobs) => run(shape, server, knobs),
  }
}

const codecs = { gzip: codecGzip, snappy: codecSnappy, lz4: codecLz4, zstd: codecZstd }

export const produceScenarios: readonly Scenario[] = [
  scenario('produce', '1 KB records, batches of 1 MB, six partitions, acks=all, one connection, five requests in flight'),
  scenario('produce-4', 'the same over four connections', { connections: 4 }),
  scenario('produce-16', 'the same over 16 connections', { connections: 16 }),
  scenario('produce-in-flight-1', 'the same with one request in flight', { inFlight: 1 }),
  scenario('produce-small', '100 B records, batches of 1 MB', { recordBytes: 100 }),
  scenario('produce-16k', 'batches of 16 KB', { batchBytes: 16_000 }),
  scenario('produce-acks-0', 'acks=0', { acks: 0 }),
  scenario('produce-acks-1', 'acks=1', { acks: 1 }),
  scenario('produce-idempotent', 'an idempotent producer: sequence number and checksum written for each batch', { idempotent: true }),
  ...[1, 100, 1000].map((partitions) =>
    scenario(`produce-partitions-${partitions}`, `${partitions} partition${partitions === 1 ? '' : 's'}, one after the other`, { partitions }),
  ),
  scenario('produce-random-keys', '1,000 partitions, requests with 250 batches of two 1 KB records', {
    partitions: 1000,
    batchBytes: 2100,
    perRequest: 250,
  }),
  ...Object.entries(codecs).map(([name, codec]) => scenario(`produce-${name}`, `batches compressed with ${name} to half`, { codec })),
]
