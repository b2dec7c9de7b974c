// Large produce frames share memory, one after the other, while consumers are sent what the store kept of earlier ones: every byte must still be the producer's.
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { fetch } from '../../protocol/messages/fetch.ts'
import { metadata } from '../../protocol/messages/metadata.ts'
import { produce } from '../../protocol/messages/produce.ts'
import { baseOffsetOf, computeCrc, crcOf, endOffsetOf } from '../../protocol/records/batch.ts'
import { RecordCursor } from '../../protocol/records/record.ts'
import { nextBatch } from '../../protocol/records/run.ts'
import { type Broker, createBroker } from '../../src/broker.ts'
import { batch, readAnswer, Wire } from './harness.ts'

const noId = 'AAAAAAAAAAAAAAAAAAAAAA'
const partitions = 3
let directory: string

beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), 'twinlog-frames-'))
})
afterAll(() => rmSync(directory, { recursive: true, force: true }))

test.each(['memory', 'lmdb'])('with a %s store, what is read is what was produced', async (store) => {
  const data = store === 'memory' ? 'memory' : join(directory, 'data')
  await using broker: Broker = await createBroker({ data, settings: { 'num.partitions': partitions } })
  await using producer = await Wire.open(broker.kafka.port)
  await producer.ask(metadata, 9, {
    topics: [{ name: 't', topicId: noId }],
    includeClusterAuthorizedOperations: false,
    includeTopicAuthorizedOperations: false,
  })
  const requests = 60
  const valueBytes = (request: number) => 20_000 + (request % 5) * 25_000
  const consumers = Promise.all([consume(broker.kafka.port, requests), consume(broker.kafka.port, requests)])
  for (let i = 0; i < requests; i++) {
    const partitionData = Array.from({ length: partitions }, (_, index) => ({
      index,
      records: batch([Buffer.alloc(valueBytes(i), i * partitions + index)]),
    }))
    producer.send(produce, 9, { acks: -1, timeoutMs: 1000, topicData: [{ name: 't', topicId: noId, partitionData }] })
    if (i >= 5) await producer.next()
  }
  for (const offsets of await consumers) expect(offsets).toEqual(Array(partitions).fill(requests))

  /** Follows all partitions to the end and looks at every byte. */
  async function consume(port: number, end: number): Promise<number[]> {
    await using wire = await Wire.open(port)
    const offsets = Array<number>(partitions).fill(0)
    const cursor = new RecordCursor()
    while (offsets.some((offset) => offset < end)) {
      const wanted = offsets.map((fetchOffset, partition) => ({ partition, fetchOffset, partitionMaxBytes: 300_000, currentLeaderEpoch: -1 }))
      wire.send(fetch, 11, {
        replicaState: { replicaId: -1, replicaEpoch: -1 },
        maxWaitMs: 1000,
        minBytes: 1,
        topics: [{ topic: 't', topicId: noId, partitions: wanted }],
        forgottenTopicsData: [],
      })
      const { body } = readAnswer(fetch, 11, await wire.next())
      for (const { partitionIndex, records } of body.responses[0]?.partitions ?? []) {
        for (let at = 0, next: number; (next = nextBatch(records!, at)) !== -1; at = next) {
          if (endOffsetOf(records!, at) <= offsets[partitionIndex]!) continue
          const offset = baseOffsetOf(records!, at)
          expect(offset).toBe(offsets[partitionIndex])
          expect(crcOf(records!, at)).toBe(computeCrc(records!, at))
          cursor.open(records!, at)
          cursor.next()
          expect(cursor.value()?.equals(Buffer.alloc(valueBytes(offset), offset * partitions + partitionIndex))).toBe(true)
          offsets[partitionIndex] = endOffsetOf(records!, at)
        }
      }
    }
    return offsets
  }
})
