// WriteTxnMarkers (27), versions 1-2. Asked by coordinators of other brokers, and by people who end a transaction that hangs (kafka-transactions abort). v1: flexible.
// v2: which transaction version wrote it.
//
// As Apache Kafka 4.4; each marker is one batch of the store over its partitions.

import { errorCode } from '../../../protocol/error-code.ts'
import { writeTxnMarkers } from '../../../protocol/messages/write-txn-markers.ts'
import { buildEndMarker } from '../../../protocol/records/control.ts'
import type { RequestOf } from '../../../protocol/schema.ts'
import type { Engine } from '../../engine/engine.ts'
import type { Partition } from '../../engine/partition.ts'
import { handler } from '../context.ts'
import { refusedBy } from '../error-map.ts'

type Marker = RequestOf<typeof writeTxnMarkers>['markers'][number]

export const handleWriteTxnMarkers = handler(
  writeTxnMarkers,
  async (request, { engine, clock, respond }) => {
    const markers = []
    for (const marker of request.markers) markers.push(await write(engine, marker, clock.now()))
    return respond({ markers })
  },
  {
    refuse: (refused, request) => ({
      markers: request.markers.map(({ producerId, topics }) => ({
        producerId,
        topics: topics.map(({ name, partitionIndexes }) => ({
          name,
          partitions: partitionIndexes.map((partitionIndex) => ({ partitionIndex, errorCode: refused.errorCode })),
        })),
      })),
    }),
  },
)

async function write(engine: Engine, marker: Marker, timestampMs: number) {
  const { producerId, producerEpoch, transactionResult: committed, coordinatorEpoch, topics } = marker
  const codes = new Map<string, number>()
  const marked: { key: string; done: (offset: number | null) => void }[] = []
  const batch = engine.store.batch()
  const found: { key: string; partition: Partition }[] = []
  for (const { name, partitionIndexes } of topics) {
    for (const index of partitionIndexes) {
      const partition = engine.topics.get(name)?.partitions[index]
      if (partition) found.push({ key: `${name}/${index}`, partition })
      else codes.set(`${name}/${index}`, errorCode.UNKNOWN_TOPIC_OR_PARTITION)
    }
  }
  await engine.open(found.map(({ partition }) => partition))
  // Nobody's, and of no transaction.
  const isNonsense = producerId < 0 || producerEpoch < 0
  if (isNonsense)
    for (const { name, partitionIndexes } of topics)
      for (const index of partitionIndexes) codes.set(`${name}/${index}`, errorCode.UNKNOWN_SERVER_ERROR)
  for (const { key, partition } of isNonsense ? [] : found) {
    const known = partition.writers.producers.epochOf(producerId)
    if (known !== null && known > producerEpoch) {
      codes.set(key, errorCode.INVALID_PRODUCER_EPOCH)
      continue
    }
    const bytes = buildEndMarker({ committed, producerId, producerEpoch, coordinatorEpoch, timestampMs })
    marked.push({ key, done: partition.addMarker(batch, { producerId, producerEpoch, committed, bytes, timestampMs }) })
  }
  if (marked.length > 0) {
    const outcome = await batch.commit().catch((error: unknown) => error)
    const results = Array.isArray(outcome) ? outcome : null
    const failure = results ? errorCode.NONE : (refusedBy(outcome)?.errorCode ?? errorCode.UNKNOWN_SERVER_ERROR)
    for (const [i, { key, done }] of marked.entries()) {
      done(results?.[i]?.baseOffset ?? null)
      codes.set(key, failure)
    }
  }
  return {
    producerId,
    topics: topics.map(({ name, partitionIndexes }) => ({
      name,
      partitions: partitionIndexes.map((partitionIndex) => ({ partitionIndex, errorCode: codes.get(`${name}/${partitionIndex}`) ?? errorCode.NONE })),
    })),
  }
}
