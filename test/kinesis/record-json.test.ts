// Records as JSON, the fast way beside the obvious one: the same bytes for any stored records, whatever was guessed of their size.
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { codecGzip, codecNone } from '../../protocol/records/batch.ts'
import { buildBatch } from '../../protocol/records/builder.ts'
import { RecordCursor } from '../../protocol/records/record.ts'
import { encodeBody } from '../../src/kinesis/body-codec.ts'
import { encodeJson } from '../../src/kinesis/json.ts'
import { partitionKeyOf } from '../../src/kinesis/partition-key.ts'
import { JsonRecords } from '../../src/kinesis/record-json.ts'
import { type RecordDress, RecordList } from '../../src/kinesis/record-sink.ts'
import { SequenceNumbers } from '../../src/kinesis/sequence.ts'
import { LentMemory, Loans } from '../../src/lent-memory.ts'

/** Used again from answer to answer, as it is in the broker. */
const memory = new LentMemory(1 << 24)

const key = fc.oneof(
  fc.constant(null),
  fc.string({ maxLength: 20 }),
  fc.string({ unit: 'grapheme', maxLength: 300 }),
  fc.uint8Array({ maxLength: 300 }),
  fc.constantFrom('', '"', 'a\\b', '\u007f', 'x'.repeat(256), 'x'.repeat(257), '\u2028'),
)
const record = fc.record({
  key,
  value: fc.oneof(fc.constant(null), fc.uint8Array({ maxLength: 400 })),
  timestampMs: fc.oneof(fc.nat(), fc.constantFrom(1_763_722_000_000, 1_763_722_000_001), fc.maxSafeNat()),
})
const keyKinds: Record<string, RecordDress['keyOf']> = {
  shown: partitionKeyOf,
  'left out': (bytes) => (bytes === null ? undefined : partitionKeyOf(bytes)),
}

test('the bytes are those of the obvious way', () => {
  fc.assert(
    fc.property(
      fc.array(fc.array(record, { minLength: 1, maxLength: 12 }), { maxLength: 4 }),
      fc.constantFrom(codecNone, codecGzip),
      fc.constantFrom(undefined, 'KMS'),
      fc.constantFrom('shown', 'left out'),
      fc.nat({ max: 3000 }),
      fc.oneof(fc.nat(), fc.maxSafeNat()).map((offset) => Math.min(offset, Number.MAX_SAFE_INTEGER - 100)),
      fc.dictionary(
        fc.string().map((name) => `Other${name}`),
        fc.oneof(fc.string(), fc.nat(), fc.constant(undefined)),
      ),
      (batches, codec, encryption, keys, hint, baseOffset, others) => {
        const numbers = (): SequenceNumbers => new SequenceNumbers(7, 1_763_000_000_000)
        const dress = { encryption, keyOf: keyKinds[keys]! }
        const outgoing = new Loans(memory)
        const list = new RecordList({ ...dress, numbers: numbers() })
        const json = new JsonRecords({ ...dress, numbers: numbers() }, hint, hint % 5, outgoing)
        let offset = baseOffset
        for (const batch of batches) {
          const cursor = new RecordCursor().open(buildBatch(batch, { codec, baseOffset: offset }))
          while (cursor.next()) {
            list.add(cursor)
            json.add(cursor)
          }
          // Offsets have gaps where markers stood.
          offset += batch.length + (batch.length % 2)
        }
        expect(json.count).toBe(list.count)
        const fast = encodeBody({ Records: json, ...others }, 'json', outgoing)
        expect(fast.toString()).toBe(encodeJson({ Records: list.made, ...others }))
        outgoing.giveBack()
      },
    ),
  )
})
