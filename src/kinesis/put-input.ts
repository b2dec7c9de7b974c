// What PutRecord and PutRecords take: the declared members of a record, and the limits that depend on the stream.
import { invalidArgument } from './aws-error.ts'
import { recordKibOf } from './describe.ts'
import { hashKeyEnd } from './hash-key.ts'
import { batchBytesOf, type PutEntry } from './record-run.ts'
import { blob, required } from './shape.ts'
import { missing, violations } from './shape-check.ts'
import { dataBytesMax, hashKey, partitionKey } from './shapes.ts'
import type { Stream } from './streams.ts'

/** Every stream of AWS takes records of this size. */
const recordBytesLeast = 1024 * 1024

/** AWS lists them in this order. The key may be missing where the stream spreads records itself. */
export const recordMembers = { partitionKey, explicitHashKey: hashKey, data: required(blob({ max: dataBytesMax })) }

function checkHashKey(hashKey: string | undefined): void {
  if (hashKey === undefined || BigInt(hashKey) < hashKeyEnd) return
  throw invalidArgument(`Invalid ExplicitHashKey. ExplicitHashKey must be in the range: [0, 2^128-1]. Specified value was ${hashKey}`)
}

/**
 * A Kafka client may have set less than AWS ever does: a record that does not fit would never fit, so that the whole call is refused. Kafka's own default
 * lies a header above a MiB, and takes the record of a MiB that every stream takes.
 */
function checkBatchSizes({ topic }: Stream, records: readonly PutEntry[]): void {
  const { maxMessageBytes } = topic.config
  if (maxMessageBytes >= recordBytesLeast) return
  for (const record of records) {
    const bytes = batchBytesOf(record)
    if (bytes > maxMessageBytes)
      throw invalidArgument(`A record of ${bytes} bytes is larger than the topic's max.message.bytes (${maxMessageBytes}).`)
  }
}

/** Checks records against their stream; `pathOf` names the place of a record's members in the request. */
export function checkRecords(stream: Stream, records: readonly PutEntry[], pathOf: (index: number) => string): void {
  const bytesMax = recordKibOf(stream) * 1024
  const keyless = stream.facts.distribution === 'AUTO'
  const found: string[] = []
  for (let i = 0; i < records.length && found.length < 10; i++) {
    const { partitionKey: key, data } = records[i]!
    if (key === undefined && !keyless) found.push(missing(`${pathOf(i)}partitionKey`))
    if (data.length > bytesMax) {
      const value = `java.nio.HeapByteBuffer[pos=0 lim=${data.length} cap=${data.length}]`
      found.push(`Value '${value}' at '${pathOf(i)}data' failed to satisfy constraint: Member must have length less than or equal to ${bytesMax}`)
    }
  }
  if (found.length > 0) throw violations(found)
  checkBatchSizes(stream, records)
  // A stream that spreads its records ignores the hash keys that it is given.
  if (!keyless) for (const { explicitHashKey } of records) checkHashKey(explicitHashKey)
}
