// Consume: how fast a reader that is behind catches up, from memory and from disk, alone and with others.
import { offsetCommit } from '../../protocol/messages/offset-commit.ts'
import { ceilingName, withSink } from '../ceiling.ts'
import { coordinatorOf, patiently } from '../coordinators.ts'
import { anonymousMb, closedLoop, costOf } from '../load.ts'
import { drain, eachPart, fetchFrame } from '../reading.ts'
import { type Figures, type Knobs, partitionsUsual, type Scenario, scaled } from '../scenario.ts'
import type { Server } from '../servers.ts'
import { batchOf, checkProduced, createTopic, produceFrame, Wire } from '../wire.ts'

const recordsPerBatchUsual = Math.floor(250_000 / 1012)
/** Little enough to be among what every broker has just written, still in memory. */
const recentBytes = 24e6

/** A topic with so many bytes of 1 KB records; the end offset of each partition. */
export async function fillTopic(wire: Wire, bytes: number, recordsPerBatch = recordsPerBatchUsual): Promise<number[]> {
  await createTopic(wire, 'bench', partitionsUsual, { 'max.message.bytes': '2000000' })
  const frames = Array.from({ length: partitionsUsual }, (_, partition) => {
    const batch = batchOf(recordsPerBatch, 1000, partition + 1)
    return produceFrame('bench', [{ partition, batch }], -1)
  })
  const perPartition = Math.max(1, Math.ceil(bytes / (recordsPerBatch * 1012) / partitionsUsual))
  await closedLoop(perPartition * partitionsUsual, 5, async (n) => checkProduced(await wire.send(frames[n % partitionsUsual]!)))
  return frames.map(() => perPartition * recordsPerBatch)
}

interface ReadShape {
  readonly isolationLevel: number
  readonly readers: number
  /** Reads little, again and again. */
  readonly fromMemory: boolean
  /** The server is killed and started between writing and reading. */
  readonly restarted: boolean
}

async function run(shape: ReadShape, server: Server, knobs: Knobs): Promise<Figures> {
  const readers = shape.readers === 1 ? 1 : Math.max(2, scaled(shape.readers, knobs))
  const writer = await Wire.open(server.host, server.ports.kafka)
  const ends = await fillTopic(writer, shape.fromMemory ? Math.min(recentBytes, knobs.bytes) : knobs.bytes / readers)
  writer.close()
  if (shape.restarted) await server.killAndStart()
  const wires = await Promise.all(Array.from({ length: readers }, () => Wire.open(server.host, server.ports.kafka)))
  // Each group commits once beforehand: making the place for groups is not part of reading.
  if (readers > 1) await Promise.all(wires.map((wire, i) => commit(wire, groupOf(i), ends)))
  let read = 0
  const { seconds, cpuSeconds, after } = await costOf(server, () =>
    Promise.all(
      wires.map(async (wire, i) => {
        const wanted = shape.fromMemory ? knobs.bytes : 1
        for (let own = 0; own < wanted; ) {
          const bytes = await drain(wire, 'bench', ends, shape.isolationLevel)
          own += bytes
          read += bytes
        }
        if (readers > 1) await commit(wire, groupOf(i), ends)
      }),
    ),
  )
  for (const wire of wires) wire.close()
  return { 'MB/s': read / 1e6 / seconds, 'CPU s/GB': cpuSeconds / (read / 1e9), 'anonymous MB': anonymousMb(after) }
}

const groupOf = (reader: number): string => `reader-${reader}`

/** Commits as a consumer without membership does. */
async function commit(wire: Wire, groupId: string, ends: readonly number[]): Promise<void> {
  const partitions = ends.map((committedOffset, partitionIndex) => ({
    partitionIndex,
    committedOffset: committedOffset,
    committedMetadata: null,
  }))
  const request = { groupId, generationIdOrMemberEpoch: -1, memberId: '', topics: [{ name: 'bench', partitions }] }
  await coordinatorOf(wire, 'group', groupId)
  await patiently('commit', async () => {
    const { topics } = await wire.call(offsetCommit, 5, request)
    return topics[0]?.partitions.find(({ errorCode }) => errorCode !== 0)?.errorCode ?? 0
  })
}

/** The same reader against a broker that only sends. */
async function ceiling({ bytes }: Knobs): Promise<Figures> {
  return withSink('fetch', async (port) => {
    const wire = await Wire.open('127.0.0.1', port)
    const frame = fetchFrame('bench', [{ partition: 0, offset: 0 }])
    let read = 0
    const startedMs = performance.now()
    while (read < bytes) {
      eachPart(await wire.send(frame), (_, records) => {
        read += records.length
      })
    }
    wire.close()
    return { 'MB/s': read / 1e6 / ((performance.now() - startedMs) / 1000) }
  })
}

function scenario(name: string, about: string, change: Partial<ReadShape> = {}): Scenario {
  const shape: ReadShape = { isolationLevel: 0, readers: 1, fromMemory: false, restarted: false, ...change }
  return {
    name,
    family: 'consume-all',
    about,
    door: 'kafka',
    headline: { figure: 'MB/s', more: 'better' },
    references: [{ name: ceilingName, run: ceiling }],
    ...(shape.restarted ? { needsDisk: true as const } : {}),
    run: (server, knobs) => run(shape, server, knobs),
  }
}

export const consumeScenarios: readonly Scenario[] = [
  scenario('consume', '1 KB records, catch-up over six partitions, one connection, right after they were produced'),
  scenario('consume-committed', 'the same with read_committed', { isolationLevel: 1 }),
  scenario('consume-memory', 'what was written last, again and again', { fromMemory: true }),
  scenario('consume-disk', 'the same after kill -9 and a start: nothing in the process, the system has its page cache', { restarted: true }),
  scenario('fan-out', 'ten groups, each with a connection, all reading the same', { readers: 10 }),
]
