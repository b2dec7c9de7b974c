// Validation: AWS's texts for wrong types and broken constraints.
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { AwsError } from '../../src/kinesis/aws-error.ts'
import { blob, boolean, integer, listOf, type Members, required, structure, structureNode, timestamp } from '../../src/kinesis/shape.ts'
import { checkStructure } from '../../src/kinesis/shape-check.ts'
import { convertStructure } from '../../src/kinesis/shape-convert.ts'
import { hashKey, partitionKey, shardIteratorType, streamName, tagKey, tags } from '../../src/kinesis/shapes.ts'

function validate(members: Members, wire: Record<string, unknown>): Record<string, unknown> | string {
  const node = structureNode(members)
  try {
    const input = convertStructure(node, wire)
    checkStructure(node, input)
    return input
  } catch (error) {
    if (error instanceof AwsError) return `${error.type}: ${error.message}`
    throw error
  }
}

const bigNumber = 'class com.amazon.coral.value.json.numbers.TruncatingBigNumber can not be converted to'
const list = 'Start of list found where not expected'
const structureStart = 'Start of structure or map found where not expected.'

const wrongTypes: [Members, unknown, string][] = [
  [{ a: boolean() }, '23', "'23' can not be converted to an Boolean"],
  [{ a: boolean() }, 23, `${bigNumber} an Boolean`],
  [{ a: boolean() }, [], list],
  [{ a: streamName }, true, 'class java.lang.Boolean can not be converted to an String'],
  [{ a: streamName }, 34.56, `${bigNumber} an String`],
  [{ a: streamName }, {}, structureStart],
  [{ a: integer() }, '23', 'class java.lang.String can not be converted to an Integer'],
  [{ a: blob() }, 23, `${bigNumber} a Blob`],
  [{ a: blob() }, '23456', "'23456' can not be converted to a Blob: Base64 encoded length is expected a multiple of 4 bytes but found: 5"],
  [{ a: blob() }, '=+/=', "'=+/=' can not be converted to a Blob: Invalid Base64 character: '='"],
  [{ a: blob() }, '+/+=', "'+/+=' can not be converted to a Blob: Invalid last non-pad Base64 character dectected"],
  [{ a: blob() }, 'ab-_', "'ab-_' can not be converted to a Blob: Invalid Base64 character: '-'"],
  [{ a: timestamp() }, '23', 'class java.lang.String can not be converted to milliseconds since epoch'],
  [{ a: listOf(tagKey) }, 'x', 'Expected list or null'],
  [{ a: listOf(tagKey) }, {}, structureStart],
  [{ a: tags }, 1, 'Expected map or null'],
  [{ a: tags }, [], list],
  [{ a: structure({}) }, 1, 'Expected null'],
  [{ a: structure({}) }, [], list],
]

test.for(wrongTypes)('a value of the wrong type: %#', ([members, value, text]) => {
  expect(validate(members, { A: value })).toBe(`SerializationException: ${text}`)
})

test('all violations come in one text, in the order of the declaration', () => {
  const members = {
    records: required(
      listOf(structure({ partitionKey: required(partitionKey), explicitHashKey: hashKey, data: required(blob({ max: 3 })) }, 'Entry@1'), {
        min: 1,
        max: 2,
      }),
    ),
    streamName,
  }
  expect(validate(members, {})).toBe(
    "ValidationException: 1 validation error detected: Value null at 'records' failed to satisfy constraint: Member must not be null",
  )
  expect(validate(members, { Records: [{ PartitionKey: '', Data: 'AAAAAA==', ExplicitHashKey: '01' }], StreamName: '' })).toBe(
    'ValidationException: 5 validation errors detected: ' +
      "Value '' at 'records.1.member.partitionKey' failed to satisfy constraint: Member must have length greater than or equal to 1; " +
      "Value '01' at 'records.1.member.explicitHashKey' failed to satisfy constraint: Member must satisfy regular expression pattern: ^(0|([1-9]\\d{0,38}))$; " +
      "Value 'java.nio.HeapByteBuffer[pos=0 lim=4 cap=4]' at 'records.1.member.data' failed to satisfy constraint: Member must have length less than or equal to 3; " +
      "Value '' at 'streamName' failed to satisfy constraint: Member must satisfy regular expression pattern: [a-zA-Z0-9_.-]+; " +
      "Value '' at 'streamName' failed to satisfy constraint: Member must have length greater than or equal to 1",
  )
  expect(validate(members, { Records: [{}, {}, {}] })).toContain("Value '[Entry@1, Entry@1, Entry@1]' at 'records' failed")
})

test('AWS counts ten violations and no more', () => {
  const members = { records: listOf(structure({ partitionKey: required(partitionKey) })) }
  expect(validate(members, { Records: Array.from({ length: 500 }, () => ({})) })).toMatch(/^ValidationException: 10 validation errors detected: /)
})

test('enums, maps and lists of strings have AWS’s texts', () => {
  expect(validate({ type: required(shardIteratorType) }, { Type: 'a' })).toContain(
    "Value 'a' at 'type' failed to satisfy constraint: Member must satisfy enum value set: [AFTER_SEQUENCE_NUMBER, LATEST, AT_TIMESTAMP, AT_SEQUENCE_NUMBER, TRIM_HORIZON]",
  )
  expect(validate({ tags }, { Tags: { '': 'a' } })).toContain(
    "Value '{=a}' at 'tags' failed to satisfy constraint: Map keys must satisfy constraint: [Member must have length less than or equal to 128, Member must have length greater than or equal to 1]",
  )
  expect(validate({ tagKeys: listOf(tagKey, { min: 1 }) }, { TagKeys: [''] })).toContain(
    "Value '[]' at 'tagKeys' failed to satisfy constraint: Member must satisfy constraint: [Member must have length less than or equal to 128, Member must have length greater than or equal to 1]",
  )
})

test('null is absent, unknown members are ignored, numbers are cut to integers', () => {
  expect(validate({ streamName, limit: integer() }, { StreamName: null, Limit: 3.9, Other: 1 })).toEqual({ limit: 3 })
  expect(validate({ limit: integer() }, { Limit: 1e12 })).toEqual({ limit: 2 ** 31 - 1 })
  // CBOR knows numbers that are none: no limit would hold them.
  for (const limit of [integer(), timestamp()]) expect(validate({ limit }, { Limit: Number.NaN })).toMatch(/can not be converted/)
})

test('base64 is read as Node’s own strict reading of it', () => {
  fc.assert(
    fc.property(
      fc.oneof(
        fc.uint8Array().map((bytes) => Buffer.from(bytes).toString('base64')),
        fc.string({ maxLength: 12 }),
        fc.stringMatching(/^[A-D+/=_-]{0,8}$/),
      ),
      (text) => {
        const read = validate({ a: blob() }, { A: text })
        if (Buffer.from(text, 'base64').toString('base64') === text) expect(read).toEqual({ a: Buffer.from(text, 'base64') })
        else expect(read).toMatch(/^SerializationException: /)
      },
    ),
  )
})

test('a text that is long enough to make a pattern slow is refused at once', () => {
  const long = `arn:aws${':kinesis:'.repeat(100_000)}`
  expect(String(validate({ streamARN: streamName }, { StreamARN: long })).length).toBeLessThan(100_000)
})
