// How fast record batches are validated, built, read and compressed, with no socket and no disk: node dist/benchmarks/micro-records.js
// The broker's own figures are main.ts's; these tell where its time goes.

import { crcOf } from '../protocol/records/batch.ts'
import { BatchBuilder } from '../protocol/records/builder.ts'
import { codecNames } from '../protocol/records/compression.ts'
import { crc32c } from '../protocol/records/crc32c.ts'
import { RecordCursor } from '../protocol/records/record.ts'
import { stampBatches } from '../protocol/records/run.ts'
import { type BatchRules, validateBatches } from '../protocol/records/validate.ts'
import { describeMachine } from './machine.ts'

const nowMs = 1_763_700_000_000
const rules: BatchRules = { batchBytesMax: 1 << 30, timestampType: 'create', nowMs, timestampAfterMaxMs: 3_600_000 }

const headerRules: BatchRules = { ...rules, checkRecords: false }

/** Text that compresses about as well as JSON events do. */
function value(bytes: number, index: number): Buffer {
  const out = Buffer.alloc(
    bytes,
    `{"user":${index * 7919},"page":"/products/${index % 97}","ms":${(index * 31) % 1009},"ok":true,"agent":"browser/${index % 7}"}`,
  )
  return out
}

function batchOf(batchBytes: number, valueBytes: number, codec: number): { batch: Buffer; records: number } {
  const builder = new BatchBuilder({ codec, bytesHint: batchBytes + 4096 })
  let records = 0
  while (builder.bytesSoFar + valueBytes < batchBytes) builder.append(nowMs + records, `key-${records}`, value(valueBytes, records++))
  return { batch: builder.build(), records }
}

/** Nanoseconds of one run: the median of several rounds, each long enough to be timed. */
function nanoseconds(run: () => unknown): number {
  const timed = (times: number): number => {
    const begin = process.hrtime.bigint()
    for (let i = 0; i < times; i++) run()
    return Number(process.hrtime.bigint() - begin) / times
  }
  const times = Math.max(Math.round(5e7 / timed(20)), 1)
  const rounds = Array.from({ length: 7 }, () => timed(times)).sort((a, b) => a - b)
  return rounds[3]!
}

const print = (what: string, ns: number, bytes: number, records: number): void =>
  console.log(
    `${what.padEnd(46)} ${(ns / 1000).toFixed(1).padStart(9)} µs ${(bytes / ns).toFixed(2).padStart(7)} GB/s ${((records / ns) * 1000).toFixed(1).padStart(7)} M records/s`,
  )

console.log(describeMachine())
for (const [batchBytes, valueBytes] of [
  [1 << 20, 1000],
  [1 << 20, 100],
  [16_384, 100],
  [200, 100],
] as const) {
  const { batch, records } = batchOf(batchBytes, valueBytes, 0)
  const name = `${batchBytes} B batch of ${valueBytes} B`
  print(
    `checksum     ${name}`,
    nanoseconds(() => crc32c(batch, 21, batch.length)),
    batch.length,
    records,
  )
  print(
    `header only  ${name}`,
    nanoseconds(() => validateBatches(batch, headerRules)),
    batch.length,
    records,
  )
  print(
    `validate     ${name}`,
    nanoseconds(() => validateBatches(batch, rules)),
    batch.length,
    records,
  )
  print(
    `stamp        ${name}`,
    nanoseconds(() => stampBatches(batch, 0, 5)),
    batch.length,
    records,
  )
  const cursor = new RecordCursor()
  let seen = 0
  print(
    `cursor       ${name}`,
    nanoseconds(() => {
      cursor.open(batch)
      while (cursor.next()) seen += cursor.valueBytes
    }),
    batch.length,
    records,
  )
  print(
    `objects      ${name}`,
    nanoseconds(() => {
      cursor.open(batch)
      while (cursor.next()) seen += cursor.toRecord().value!.length
    }),
    batch.length,
    records,
  )
  const payload = value(valueBytes, 1)
  print(
    `build        ${name}`,
    nanoseconds(() => {
      const builder = new BatchBuilder({ bytesHint: batchBytes + 4096 })
      for (let i = 0; i < records; i++) builder.append(nowMs, 'partition-key', payload)
      seen += crcOf(builder.build())
    }),
    batch.length,
    records,
  )
  if (seen === 0) throw new Error('nothing was read')
}
for (const codec of [1, 2, 3, 4]) {
  const { batch, records } = batchOf(1 << 20, 1000, codec)
  const ratio = ((1 << 20) / batch.length).toFixed(1)
  print(
    `validate     1 MiB of 1000 B, ${codecNames[codec]} ${ratio}:1`,
    nanoseconds(() => validateBatches(batch, rules)),
    1 << 20,
    records,
  )
}
