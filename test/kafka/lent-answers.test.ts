// Large answers share memory, one after the other, on all connections: every byte must still be the producer's when a slow client takes it at last.
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { createTopics } from '../../protocol/messages/create-topics.ts'
import { fetch } from '../../protocol/messages/fetch.ts'
import { produce } from '../../protocol/messages/produce.ts'
import { baseOffsetOf, computeCrc, crcOf, endOffsetOf } from '../../protocol/records/batch.ts'
import { nextBatch } from '../../protocol/records/run.ts'
import { createBroker } from '../../src/broker.ts'
import { LentMemory, Loans } from '../../src/lent-memory.ts'
import { batch, readAnswer, Wire } from './harness.ts'

const partitions = 3
const batchBytes = 200_000
const batchesEach = 12

test('what clients read from the file at their own pace is what was produced', async () => {
  const directory = mkdtempSync(join(tmpdir(), 'twinlog-answers-'))
  try {
    // Nothing is served from what the store keeps in memory: each answer is copied out of the file.
    const settings = { 'recent.chunk.cache.bytes': 0 }
    await using broker = await createBroker({ data: join(directory, 'data'), settings })
    await using producer = await Wire.open(broker.kafka.port)
    await producer.ask(createTopics, 4, {
      topics: [{ name: 't', numPartitions: partitions, replicationFactor: 1, assignments: [], configs: [] }],
      timeoutMs: 1000,
      validateOnly: false,
    })
    for (let i = 0; i < batchesEach; i++) {
      const partitionData = Array.from({ length: partitions }, (_, index) => ({
        index,
        records: batch([Buffer.alloc(batchBytes, i * partitions + index)]),
      }))
      await producer.ask(produce, 9, { acks: -1, timeoutMs: 1000, topicData: [{ name: 't', topicId: '', partitionData }] })
    }
    // The slow ones leave their answers with the system, and in the process, while the quick ones have theirs made.
    const consumers = [0, 0, 1, 1].map(async (patience) => {
      await using wire = await Wire.open(broker.kafka.port)
      for (let round = 0; round < 2; round++) {
        for (let offset = 0; offset < batchesEach; offset++) ask(wire, offset)
        if (patience > 0) await quick
        for (let offset = 0; offset < batchesEach; offset++) check(await wire.next(), offset)
      }
    })
    const quick: Promise<unknown> = Promise.all(consumers.slice(0, 2))
    await Promise.all(consumers)
  } finally {
    rmSync(directory, { recursive: true, force: true })
  }
})

/** Three batches and a bit of each partition, so that chunks are cut. */
function ask(wire: Wire, offset: number): void {
  wire.send(fetch, 11, {
    replicaState: { replicaId: -1, replicaEpoch: -1 },
    maxWaitMs: 0,
    minBytes: 1,
    topics: [
      {
        topic: 't',
        topicId: '',
        partitions: Array.from({ length: partitions }, (_, partition) => ({
          partition,
          fetchOffset: offset,
          partitionMaxBytes: 3.2 * batchBytes,
          currentLeaderEpoch: -1,
        })),
      },
    ],
    forgottenTopicsData: [],
  })
}

function check(answer: Buffer, offset: number): void {
  const { body } = readAnswer(fetch, 11, answer)
  const told = body.responses[0]!.partitions
  expect(told).toHaveLength(partitions)
  for (const { partitionIndex, records } of told) {
    let expected = offset
    for (let at = 0, next: number; (next = nextBatch(records!, at)) !== -1; at = next) {
      expect(baseOffsetOf(records!, at)).toBe(expected)
      expect(crcOf(records!, at)).toBe(computeCrc(records!, at))
      expect(records![next - 2]).toBe((expected * partitions + partitionIndex) & 0xff)
      expected = endOffsetOf(records!, at)
    }
    expect(expected).toBe(Math.min(offset + 3, batchesEach))
  }
}

test('memory of an answer is lent to others only after it was given back', () => {
  const pool = new LentMemory(1 << 24)
  const first = new Loans(pool)
  const second = new Loans(pool)
  const bytes = [first.take(100_000), first.take(100_000), second.take(100_000), first.take(10)]
  expect(new Set(bytes.slice(0, 3).map(({ buffer }) => buffer)).size).toBe(3)
  first.giveBack()
  first.giveBack()
  const again = [second.take(100_000), second.take(100_000), second.take(100_000)]
  expect(new Set(again.slice(0, 2).map(({ buffer }) => buffer))).toEqual(new Set(bytes.slice(0, 2).map(({ buffer }) => buffer)))
  expect(bytes.map(({ buffer }) => buffer)).not.toContain(again[2]!.buffer)
})
