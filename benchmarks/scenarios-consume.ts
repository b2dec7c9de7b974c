// Consume: how fast a reader that is behind catches up. The same bytes read from a socket that only sends are the ceiling of the load generator.
import { fetch } from '../protocol/messages/fetch.ts'
import { lastOffsetOf } from '../protocol/records/batch.ts'
import { forEachBatch } from '../protocol/records/run.ts'
import { type Figures, type Knobs, partitions, type Scenario } from './scenario.ts'
import { produceAll } from './scenarios-produce.ts'
import { type Server, usageOf } from './servers.ts'
import { batchOf, createTopic, decodeAnswer, frameOf, produceFrame, Wire } from './wire.ts'

const fetchVersion = 11
const partitionBytesMax = 1_048_576

/** Reads every partition from its start to its end over one connection. Answers bytes read. */
export async function drain(wire: Wire, topic: string, ends: number[], isolationLevel: number): Promise<number> {
  const offsets = ends.map(() => 0)
  let bytes = 0
  for (;;) {
    const wanted = offsets.flatMap((offset, partition) => (offset < ends[partition]! ? [partition] : []))
    if (wanted.length === 0) return bytes
    const request = {
      maxWaitMs: 500,
      minBytes: 1,
      maxBytes: 50 * 1024 * 1024,
      isolationLevel,
      sessionId: 0,
      sessionEpoch: -1,
      topics: [
        { topic, partitions: wanted.map((partition) => ({ partition, fetchOffset: offsets[partition]!, partitionMaxBytes: partitionBytesMax })) },
      ],
      forgottenTopicsData: [],
    }
    const answer = decodeAnswer(fetch, fetchVersion, await wire.send(frameOf(fetch, fetchVersion, request as never)))
    for (const { partitions: parts } of answer.responses) {
      for (const { partitionIndex, errorCode, records } of parts) {
        if (errorCode !== 0) throw new Error(`fetch of partition ${partitionIndex}: error ${errorCode}`)
        if (!records) continue
        bytes += records.length
        forEachBatch(records, (at) => {
          offsets[partitionIndex] = lastOffsetOf(records, at) + 1
        })
      }
    }
  }
}

async function run(isolationLevel: number, server: Server, { bytes }: Knobs): Promise<Figures> {
  const wire = await Wire.open(server.host, server.port)
  await createTopic(wire, 'bench', partitions, { 'max.message.bytes': '2000000' })
  const count = Math.floor(250_000 / 1012)
  const batches = Array.from({ length: partitions }, (_, i) => batchOf(count, 1000, i + 1))
  const batchBytes = batches[0]!.length
  const frames = batches.map((batch, i) => produceFrame('bench', i, batch, -1))
  const perPartition = Math.ceil(bytes / batchBytes / partitions)
  await produceAll([wire], frames, perPartition * partitions * batchBytes, batchBytes, -1)
  const ends = batches.map(() => perPartition * count)
  const before = usageOf(server.pid)
  const startedMs = performance.now()
  const read = await drain(wire, 'bench', ends, isolationLevel)
  const seconds = (performance.now() - startedMs) / 1000
  const after = usageOf(server.pid)
  wire.close()
  return {
    'MB/s': read / 1e6 / seconds,
    'CPU s/GB': (after.cpuSeconds - before.cpuSeconds) / (read / 1e9),
    'anonymous MB': after.anonymousBytes / 1e6,
  }
}

export const consumeScenarios: readonly Scenario[] = [
  {
    name: 'consume',
    about: '1 KB records, catch-up over six partitions, one connection, right after they were produced',
    headline: { figure: 'MB/s', more: 'better' },
    run: (server, knobs) => run(0, server, knobs),
  },
  {
    name: 'consume-committed',
    about: 'the same with read_committed',
    headline: { figure: 'MB/s', more: 'better' },
    run: (server, knobs) => run(1, server, knobs),
  },
]
