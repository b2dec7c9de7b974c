// Fetching as a consumer that is behind does: every partition from where it is to its end.
import { fetch } from '../protocol/messages/fetch.ts'
import { endOffsetOf } from '../protocol/records/batch.ts'
import { forEachBatch } from '../protocol/records/run.ts'
import type { ResponseOf } from '../protocol/schema.ts'
import { decodeAnswer, type Frame, frameOf, type Wire } from './wire.ts'

export const fetchVersion = 11
const partitionBytesMax = 1_048_576
const fetchBytesMax = 50 * 1024 * 1024

export interface Position {
  partition: number
  offset: number
}

export function fetchFrame(topic: string, positions: readonly Position[], isolationLevel = 0, maxWaitMs = 500, bytesMax = partitionBytesMax): Frame {
  const partitions = positions.map(({ partition, offset }) => ({ partition, fetchOffset: offset, partitionMaxBytes: bytesMax }))
  return frameOf(fetch, fetchVersion, {
    ...{ maxWaitMs, minBytes: 1, maxBytes: fetchBytesMax, isolationLevel, sessionId: 0, sessionEpoch: -1 },
    topics: [{ topic, partitions }],
    forgottenTopicsData: [],
  })
}

/** Calls `take` with each partition's records; throws where a partition has an error. */
export function eachPart(answer: Buffer, take: (partition: number, records: Buffer) => void): ResponseOf<typeof fetch> {
  const decoded = decodeAnswer(fetch, fetchVersion, answer)
  for (const { partitions } of decoded.responses) {
    for (const { partitionIndex, errorCode, records } of partitions) {
      if (errorCode !== 0) throw new Error(`fetch of partition ${partitionIndex}: error ${errorCode}`)
      if (records) take(partitionIndex, records)
    }
  }
  return decoded
}

/** One past the last offset of a run of batches; `otherwise` for an empty one. */
export function endOfRun(records: Buffer, otherwise: number): number {
  let end = otherwise
  forEachBatch(records, (at) => {
    end = endOffsetOf(records, at)
  })
  return end
}

/** Reads every partition from its start to its end over one connection. Answers bytes read. */
export async function drain(wire: Wire, topic: string, ends: readonly number[], isolationLevel = 0): Promise<number> {
  const offsets = ends.map(() => 0)
  let bytes = 0
  for (;;) {
    const wanted = offsets.flatMap((offset, partition) => (offset < ends[partition]! ? [{ partition, offset }] : []))
    if (wanted.length === 0) return bytes
    eachPart(await wire.send(fetchFrame(topic, wanted, isolationLevel)), (partition, records) => {
      bytes += records.length
      offsets[partition] = endOfRun(records, offsets[partition]!)
    })
  }
}
