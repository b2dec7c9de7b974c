// A read_committed consumer without a client library. kafkajs and @platformatic/kafka show records of aborted transactions where several overlap or where a marker lies
// in the next answer, against any broker, so they cannot be the judge here; this one filters as Kafka's own consumer does.
import { fetch } from '../../../protocol/messages/fetch.ts'
import { endOffsetOf, isControl, isTransactional, producerIdOf } from '../../../protocol/records/batch.ts'
import { readRecords } from '../../../protocol/records/record.ts'
import { nextBatch } from '../../../protocol/records/run.ts'
import type { ResponseOf } from '../../../protocol/schema.ts'
import { RawClient } from '../../kafka/raw-client.ts'
import { type History, Sighting } from './history.ts'
import { lastValue } from './readers.ts'
import { partitions, topic } from './writers.ts'

type Fetched = ResponseOf<typeof fetch>['responses'][number]['partitions'][number]

/** Reads committed records from the start on, through restarts of the broker, until every partition has shown its last value. */
export async function readCommitted(port: number, history: History): Promise<Sighting> {
  const seen = new Sighting(history)
  const positions = new Map(Array.from({ length: partitions }, (_, partition) => [partition, 0]))
  let client: RawClient | null = null
  while (positions.size > 0) {
    let answer: ResponseOf<typeof fetch>
    try {
      client ??= await RawClient.connect({ host: '127.0.0.1', port })
      answer = await client.ask(fetch, 12, requestOf(positions))
    } catch {
      client?.close()
      client = null
      await new Promise((later) => setTimeout(later, 25))
      continue
    }
    for (const part of answer.responses.flatMap((one) => one.partitions)) take(part, positions, seen, history)
  }
  client?.close()
  return seen
}

const requestOf = (positions: ReadonlyMap<number, number>) => ({
  maxWaitMs: 100,
  minBytes: 1,
  // Small answers: many of them begin and end in the middle of transactions.
  maxBytes: 4_000,
  isolationLevel: 1,
  topics: [
    {
      topic,
      topicId: 'AAAAAAAAAAAAAAAAAAAAAA',
      partitions: [...positions].map(([partition, fetchOffset]) => ({ partition, fetchOffset, partitionMaxBytes: 1_000 })),
    },
  ],
  replicaState: {},
  forgottenTopicsData: [],
})

function take(part: Fetched, positions: Map<number, number>, seen: Sighting, history: History): void {
  const { partitionIndex, errorCode, highWatermark, lastStableOffset, abortedTransactions, records } = part
  const position = positions.get(partitionIndex)!
  // Offset out of range: what was read is gone.
  if (errorCode === 1 || (errorCode === 0 && (highWatermark < position || lastStableOffset < position)))
    history.problems.push(`partition ${partitionIndex} ends at ${lastStableOffset} of ${highWatermark}, and was read to ${position}`)
  if (errorCode !== 0 || !records) return
  const aborted = [...(abortedTransactions ?? [])].sort((a, b) => a.firstOffset - b.firstOffset)
  const skipping = new Set<number>()
  for (let at = 0, next: number; (next = nextBatch(records, at)) !== -1; at = next) {
    const producerId = producerIdOf(records, at)
    const endOffset = endOffsetOf(records, at)
    while (aborted[0] && aborted[0].firstOffset < endOffset) skipping.add(aborted.shift()!.producerId)
    if (isControl(records, at)) skipping.delete(producerId)
    else if (!(isTransactional(records, at) && skipping.has(producerId))) {
      for (const { offset, value } of readRecords(records.subarray(at, next))) {
        if (offset < position) continue
        if (String(value) === lastValue) {
          positions.delete(partitionIndex)
          return
        }
        seen.saw(partitionIndex, offset, String(value))
      }
    }
    positions.set(partitionIndex, endOffset)
  }
}
