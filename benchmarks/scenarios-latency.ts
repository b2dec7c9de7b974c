// Latency: time to the acknowledgement, and to a consumer that waits in a long poll, at a steady rate.
import { fetch } from '../protocol/messages/fetch.ts'
import { endOffsetOf } from '../protocol/records/batch.ts'
import { buildBatch } from '../protocol/records/builder.ts'
import { RecordCursor } from '../protocol/records/record.ts'
import { forEachBatch } from '../protocol/records/run.ts'
import { type Figures, type Knobs, partitions, percentile, type Scenario } from './scenario.ts'
import { type Server, usageOf } from './servers.ts'
import { checkProduced, createTopic, decodeAnswer, frameOf, noise, produceFrame, Wire } from './wire.ts'

/** A record whose first bytes say when it was sent. */
function stampedFrame(partition: number, recordBytes: number): Buffer[] {
  const value = noise(recordBytes, partition + 1)
  value.writeDoubleBE(performance.now())
  return produceFrame('bench', partition, buildBatch([{ value, timestampMs: Date.now() }]), -1)
}

/** Follows one partition until told to stop; notes how long each record took. */
async function follow(wire: Wire, partition: number, until: Promise<void>): Promise<number[]> {
  const taken: number[] = []
  let offset = 0
  let stopped = false
  void until.then(() => {
    stopped = true
  })
  const cursor = new RecordCursor()
  while (!stopped) {
    const request = {
      maxWaitMs: 200,
      minBytes: 1,
      maxBytes: 10_000_000,
      isolationLevel: 0,
      sessionId: 0,
      sessionEpoch: -1,
      topics: [{ topic: 'bench', partitions: [{ partition, fetchOffset: offset, partitionMaxBytes: 1_000_000 }] }],
      forgottenTopicsData: [],
    }
    const answer = decodeAnswer(fetch, 11, await wire.send(frameOf(fetch, 11, request as never)))
    const nowMs = performance.now()
    const records = answer.responses[0]?.partitions[0]?.records
    if (!records) continue
    forEachBatch(records, (at) => {
      offset = endOffsetOf(records, at)
      cursor.open(records, at)
      while (cursor.next()) taken.push(nowMs - cursor.value()!.readDoubleBE(0))
    })
  }
  return taken
}

async function run(recordsPerSecond: number, recordBytes: number, server: Server, { seconds }: Knobs): Promise<Figures> {
  const producer = await Wire.open(server.host, server.port)
  await createTopic(producer, 'bench', partitions)
  const acks: number[] = []
  let stop: () => void = () => {}
  const until = new Promise<void>((resolve) => {
    stop = resolve
  })
  const followers = await Promise.all(Array.from({ length: partitions }, () => Wire.open(server.host, server.port)))
  const following = followers.map((wire, partition) => follow(wire, partition, until))
  const send = async (n: number): Promise<void> => {
    const startedMs = performance.now()
    checkProduced(await producer.send(stampedFrame(n % partitions, recordBytes)))
    acks.push(performance.now() - startedMs)
  }
  // A second at the same rate first, not counted.
  await steadily(recordsPerSecond, 1, send)
  acks.length = 0
  const before = usageOf(server.pid)
  await steadily(recordsPerSecond, seconds, send)
  const after = usageOf(server.pid)
  stop()
  const ends = (await Promise.all(following)).flat()
  for (const wire of [producer, ...followers]) wire.close()
  return {
    'ack p50 ms': percentile(acks, 0.5),
    'ack p99 ms': percentile(acks, 0.99),
    'end-to-end p50 ms': percentile(ends, 0.5),
    'end-to-end p99 ms': percentile(ends, 0.99),
    'CPU s per 100,000': ((after.cpuSeconds - before.cpuSeconds) / (recordsPerSecond * seconds)) * 100_000,
  }
}

/** Calls `send` at a steady rate and waits for all of them. */
async function steadily(perSecond: number, seconds: number, send: (n: number) => Promise<void>): Promise<void> {
  const pending: Promise<void>[] = []
  const startedMs = performance.now()
  while (pending.length < perSecond * seconds) {
    const due = Math.min(perSecond * seconds, ((performance.now() - startedMs) / 1000) * perSecond)
    while (pending.length < due) pending.push(send(pending.length))
    await new Promise((later) => setTimeout(later, 1))
  }
  await Promise.all(pending)
}

export const latencyScenarios: readonly Scenario[] = [
  {
    name: 'latency',
    about: '1 KB records one per request, 1,000 a second, six consumers in long polls',
    headline: { figure: 'ack p99 ms', more: 'worse' },
    run: (server, knobs) => run(1000, 1000, server, knobs),
  },
  {
    name: 'latency-5000',
    about: 'the same at 5,000 a second',
    headline: { figure: 'ack p99 ms', more: 'worse' },
    run: (server, knobs) => run(5000, 1000, server, knobs),
  },
]
