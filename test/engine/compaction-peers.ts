// Who plays a history of compaction-history.ts: an engine in this process, or a Kafka that is reached over its protocol.

import { createTopic, Wire } from '../../benchmarks/wire.ts'
import { addPartitionsToTxn } from '../../protocol/messages/add-partitions-to-txn.ts'
import { endTxn } from '../../protocol/messages/end-txn.ts'
import { fetch } from '../../protocol/messages/fetch.ts'
import { findCoordinator } from '../../protocol/messages/find-coordinator.ts'
import { initProducerId } from '../../protocol/messages/init-producer-id.ts'
import { listOffsets } from '../../protocol/messages/list-offsets.ts'
import { produce } from '../../protocol/messages/produce.ts'
import { endOffsetOf } from '../../protocol/records/batch.ts'
import { buildBatch } from '../../protocol/records/builder.ts'
import { buildEndMarker } from '../../protocol/records/control.ts'
import { forEachBatch } from '../../protocol/records/run.ts'
import type { PutStep, Steps } from './compaction-history.ts'
import { startEngine } from './harness.ts'

export type Peer = Steps & { close(): Promise<void> }

interface Producer {
  producerId: number
  producerEpoch: number
  sequence: number
  /** In a transaction. */
  open: boolean
}

/** The step as a batch; counts the producer's sequence on. */
function batchOf({ records, codec, producer: name }: PutStep, timestampMs: number, producer: Producer | null): Buffer {
  const options = producer
    ? {
        producerId: producer.producerId,
        producerEpoch: producer.producerEpoch,
        baseSequence: producer.sequence,
        transactional: name!.startsWith('%'),
      }
    : {}
  if (producer) producer.sequence += records.length
  return buildBatch(
    records.map((record) => ({ ...record, timestampMs })),
    { codec, ...options },
  )
}

export async function engineSteps(): Promise<Peer> {
  const { engine, clock, store } = await startEngine()
  const producers = new Map<string, Producer>()
  const partition = () => engine.topics.get('t')!.partitions[0]!
  const producerOf = (name: string | null): Producer | null => {
    if (name === null) return null
    const known = producers.get(name) ?? { producerId: producers.size + 1, producerEpoch: 0, sequence: 0, open: false }
    producers.set(name, known)
    return known
  }
  return {
    now: () => clock.now(),
    async create(configs) {
      await engine.topics.create({ name: 't', partitionCount: 1, configs })
    },
    async put(step, timestampMs) {
      return engine.append(partition(), batchOf(step, timestampMs, producerOf(step.producer))).then(
        () => true,
        () => false,
      )
    },
    async end(name, committed) {
      const { producerId, producerEpoch } = producerOf(name)!
      const marker = { producerId, producerEpoch, committed, timestampMs: clock.now() }
      const batch = store.batch()
      const stored = partition().addMarker(batch, { ...marker, bytes: buildEndMarker({ ...marker, coordinatorEpoch: 0 }) })
      const [result] = await batch.commit()
      stored(result!.baseOffset)
    },
    compact: () => engine.checkCompaction(),
    async read() {
      const { startOffset } = partition()
      const all = { bytesMax: 1e9, committedOnly: false }
      const [result] = await engine.read([{ partition: partition(), fromOffset: startOffset, bytesMax: 1e9 }], all)
      return Buffer.concat(result!.buffers)
    },
    async close() {
      engine.close()
      await engine.idle()
      await store.close()
    },
  }
}

/** Compaction is taken to be done when nothing has changed for this long. */
const quietMs = 3000
const pause = (ms: number): Promise<void> => new Promise((over) => setTimeout(over, ms))

/** Repeats what a broker refuses that is not ready yet. */
async function until0<Answer>(ask: () => Promise<Answer>, errorOf: (answer: Answer) => number): Promise<Answer> {
  for (;;) {
    const answer = await ask()
    if (errorOf(answer) === 0) return answer
    await pause(50)
  }
}

export async function kafkaSteps(address: string, name: string): Promise<Peer> {
  const [host = '', port = ''] = address.split(':')
  const wire = await Wire.open(host, Number(port))
  const topic = `${name.replaceAll(/\W+/g, '-')}-${process.pid}`
  const producers = new Map<string, Producer>()
  const idOf = (producer: string): string | null => (producer.startsWith('%') ? `${topic}${producer.slice(1)}` : null)

  const made = async (producer: string): Promise<Producer> => {
    const transactionalId = idOf(producer)
    if (transactionalId)
      await until0(
        () => wire.call(findCoordinator, 2, { key: transactionalId, keyType: 1 }),
        ({ errorCode }) => errorCode,
      )
    const answer = await until0(
      () => wire.call(initProducerId, 1, { transactionalId, transactionTimeoutMs: 60_000 }),
      ({ errorCode }) => errorCode,
    )
    return { producerId: answer.producerId, producerEpoch: answer.producerEpoch, sequence: 0, open: false }
  }
  const begun = async (name: string, { producerId, producerEpoch }: Producer): Promise<void> => {
    const request = {
      v3AndBelowTransactionalId: idOf(name)!,
      v3AndBelowProducerId: producerId,
      v3AndBelowProducerEpoch: producerEpoch,
      v3AndBelowTopics: [{ name: topic, partitions: [0] }],
    }
    await until0(
      () => wire.call(addPartitionsToTxn, 1, request),
      (answer) => answer.resultsByTopicV3AndBelow[0]!.resultsByPartition[0]!.partitionErrorCode,
    )
  }
  const offsetOf = async (timestamp: number, isolationLevel = 0): Promise<number> => {
    const partitions = [{ partitionIndex: 0, currentLeaderEpoch: -1, timestamp }]
    const { topics } = await wire.call(listOffsets, 5, { replicaId: -1, isolationLevel, topics: [{ name: topic, partitions }] })
    return topics[0]!.partitions[0]!.offset
  }
  const read = async (): Promise<Buffer> => {
    const parts: Buffer[] = []
    for (let offset = await offsetOf(-2); offset < (await offsetOf(-1)); ) {
      const partitions = [{ partition: 0, currentLeaderEpoch: -1, fetchOffset: offset, logStartOffset: -1, partitionMaxBytes: 1e8 }]
      const limits = { replicaId: -1, maxWaitMs: 100, minBytes: 1, maxBytes: 1e8, isolationLevel: 0, sessionId: 0, sessionEpoch: -1, rackId: '' }
      const answer = await wire.call(fetch, 11, { ...limits, topics: [{ topic, partitions }], forgottenTopicsData: [] })
      const bytes = Buffer.from(answer.responses[0]!.partitions[0]!.records ?? Buffer.alloc(0))
      if (bytes.length === 0) break
      parts.push(bytes)
      forEachBatch(bytes, (at) => {
        offset = endOffsetOf(bytes, at)
      })
    }
    return Buffer.concat(parts)
  }
  return {
    read,
    now: () => Date.now(),
    create: (configs) => createTopic(wire, topic, 1, configs),
    async put(step, timestampMs) {
      let producer: Producer | null = null
      if (step.producer) {
        producer = producers.get(step.producer) ?? (await made(step.producer))
        producers.set(step.producer, producer)
        if (step.producer.startsWith('%') && !producer.open) await begun(step.producer, producer)
        producer.open = true
      }
      const partitionData = [{ index: 0, records: batchOf(step, timestampMs, producer) }]
      const transactionalId = step.producer && idOf(step.producer)
      const answer = await wire.call(produce, 7, { transactionalId, acks: -1, timeoutMs: 30_000, topicData: [{ name: topic, partitionData }] })
      return answer.responses[0]!.partitionResponses[0]!.errorCode === 0
    },
    async end(name, committed) {
      const producer = producers.get(name)!
      const { producerId, producerEpoch } = producer
      producer.open = false
      const others = [...producers.values()].some(({ open }) => open)
      const before = await offsetOf(-1)
      await until0(
        () => wire.call(endTxn, 1, { transactionalId: idOf(name)!, producerId, producerEpoch, committed }),
        ({ errorCode }) => errorCode,
      )
      // The answer comes before the marker.
      while ((await offsetOf(-1)) === before || (!others && (await offsetOf(-1, 1)) <= before)) await pause(20)
    },
    async compact() {
      let seen = await read()
      for (let sinceMs = Date.now(); Date.now() - sinceMs < quietMs; await pause(100)) {
        const now = await read()
        if (!now.equals(seen)) sinceMs = Date.now()
        seen = now
      }
    },
    async close() {
      wire.close()
    },
  }
}
