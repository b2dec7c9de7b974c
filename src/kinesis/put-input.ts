// What PutRecord and PutRecords take: the declared members of a record, and the limits that depend on the stream.
import { invalidArgument } from './aws-error.ts'
import { recordKibOf } from './describe.ts'
import { hashKeyEnd } from './hash-key.ts'
import type { PutEntry } from './record-run.ts'
import { blob, required } from './shape.ts'
import { missing, violations } from './shape-check.ts'
import { dataBytesMax, hashKey, partitionKey } from './shapes.ts'
import type { Stream } from './streams.ts'

/** AWS lists them in this order. The key may be missing where the stream spreads records itself. */
export const recordMembers = { partitionKey, explicitHashKey: hashKey, data: required(blob({ max: dataBytesMax })) }

function checkHashKey(hashKey: string | undefined): void {
  if (hashKey === undefined || BigInt(hashKey) < hashKeyEnd) return
  throw invalidArgument(`Invalid ExplicitHashKey. ExplicitHashKey must be in the range: [0, 2^128-1]. Specified value was ${hashKey}`)
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
  // A stream that spreads its records ignores the hash keys that it is given.
  if (!keyless) for (const { explicitHashKey } of records) checkHashKey(explicitHashKey)
}
