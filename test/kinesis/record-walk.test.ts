// What a reader of a stream sees of a topic that transactions write to: committed records, no markers, nothing aborted.
import { expect, test } from 'vitest'
import { codecGzip, endOffsetOf, writeInt64 } from '../../protocol/records/batch.ts'
import { buildBatch } from '../../protocol/records/builder.ts'
import { buildEndMarker } from '../../protocol/records/control.ts'
import type { FetchResult } from '../../src/engine/reading.ts'
import { walkRecords } from '../../src/kinesis/record-walk.ts'

/** Batches one after the other from offset 0, as a read-committed fetch gives them. */
function fetched(batches: Buffer[], abortedTransactions: FetchResult['abortedTransactions'] = []): FetchResult {
  let offset = 0
  for (const batch of batches) {
    writeInt64(batch, offset, 0)
    offset = endOffsetOf(batch)
  }
  return {
    buffers: [Buffer.concat(batches)],
    bytes: 0,
    startOffset: 0,
    endOffset: offset,
    lastStableOffset: offset,
    abortedTransactions,
    error: null,
  }
}

const write = (value: string, producerId = -1): Buffer =>
  buildBatch([{ key: 'k', value, timestampMs: 1 }], { producerId, producerEpoch: 0, baseSequence: 0, transactional: producerId >= 0 })
const end = (producerId: number, committed: boolean): Buffer =>
  buildEndMarker({ producerId, producerEpoch: 0, committed, coordinatorEpoch: 0, timestampMs: 1 })

function read(result: FetchResult, fromOffset = 0): { seen: string[]; next: number } {
  const seen: string[] = []
  const next = walkRecords(result, fromOffset, (record) => {
    seen.push(`${record.offset}:${record.value()}`)
    return true
  })
  return { seen, next }
}

test('markers and aborted records are skipped, and the position moves over them', () => {
  // Producer 1 aborts, then commits; producer 2 writes in between and commits.
  const batches = [write('a', 1), write('b', 2), end(1, false), write('c', 1), write('d'), end(2, true), end(1, true)]
  const aborted = [{ producerId: 1, firstOffset: 0 }]
  expect(read(fetched(batches, aborted))).toEqual({ seen: ['1:b', '3:c', '4:d'], next: 7 })
})

test('a producer that aborts twice is hidden twice', () => {
  const batches = [write('a', 1), end(1, false), write('b', 1), end(1, true), write('c', 1), end(1, false)]
  const aborted = [
    { producerId: 1, firstOffset: 4 },
    { producerId: 1, firstOffset: 0 },
  ]
  expect(read(fetched(batches, aborted)).seen).toEqual(['2:b'])
})

test('reading begins in the middle of a batch, compressed or not, and stops where it is told to', () => {
  const records = Array.from({ length: 5 }, (_, i) => ({ key: 'k', value: `v${i}`, timestampMs: 1 }))
  const result = fetched([buildBatch(records), buildBatch(records, { codec: codecGzip })])
  expect(read(result, 3)).toEqual({ seen: ['3:v3', '4:v4', '5:v0', '6:v1', '7:v2', '8:v3', '9:v4'], next: 10 })
  expect(walkRecords(result, 3, (record) => record.offset < 7)).toBe(7)
})
