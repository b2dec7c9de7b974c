// The answer of a PutRecords, the fast way beside the obvious one: the same bytes for any results.
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { EngineError } from '../../src/engine/errors.ts'
import { AwsError } from '../../src/kinesis/aws-error.ts'
import { encodeBody } from '../../src/kinesis/body-codec.ts'
import { encodeJson } from '../../src/kinesis/json.ts'
import type { PutResult } from '../../src/kinesis/put.ts'
import { JsonResults, resultOutput } from '../../src/kinesis/put-output.ts'
import { shardMapOf } from '../../src/kinesis/shard-map.ts'
import { LentMemory, Loans } from '../../src/lent-memory.ts'

const shards = shardMapOf(
  [0, 1, 70_000].map((index) => ({
    index,
    partition: index,
    startOffset: 0,
    endOffset: null,
    hashStart: 0n,
    hashEnd: BigInt(index),
    parents: [],
    createdMs: 1_763_000_000_000 + index,
    closedMs: null,
  })),
).all

const stored = fc.record({
  shard: fc.constantFrom(...shards),
  offset: fc.oneof(fc.nat(20), fc.maxSafeNat()),
  timestampMs: fc.oneof(fc.constantFrom(1_763_722_000_000, 1_763_722_001_000), fc.maxSafeNat()),
})
const failed = fc.oneof(
  fc.string({ unit: 'grapheme' }).map((text) => new AwsError('ProvisionedThroughputExceededException', text)),
  fc.string().map((text) => new EngineError('storage-full', text)),
)
const results: fc.Arbitrary<PutResult[]> = fc.array(fc.oneof({ weight: 4, arbitrary: stored }, failed), { maxLength: 600 })

test('the bytes are those of the obvious way', () => {
  const outgoing = new Loans(new LentMemory(1 << 20))
  fc.assert(
    fc.property(results, fc.constantFrom(undefined, 'KMS'), (all, EncryptionType) => {
      const answer = (Records: unknown) => ({ FailedRecordCount: all.length, Records, EncryptionType })
      const fast = encodeBody(answer(new JsonResults(all)), 'json', outgoing)
      expect(fast.toString()).toBe(encodeJson(answer(all.map(resultOutput))))
      outgoing.giveBack()
    }),
    { numRuns: 60 },
  )
})
