// The short cuts that most calls take beside the obvious ways: what they let pass, those let pass too; and what SDKs send takes the short cut.
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { headerParameters, isWhole } from '../../src/kinesis/authorization.ts'
import { blob, integer, listOf, required, structure, structureNode } from '../../src/kinesis/shape.ts'
import { checkOneByOne, hasAll } from '../../src/kinesis/shape-check.ts'
import { hashKey, partitionKey, shardIteratorType, streamName } from '../../src/kinesis/shapes.ts'

test('an input passes at once just where none of its constraints is found broken', () => {
  const entry = structure({ partitionKey: required(partitionKey), explicitHashKey: hashKey, data: required(blob({ max: 3 })) }, 'Entry@1')
  const node = structureNode({
    records: required(listOf(entry, { min: 1, max: 2 })),
    streamName,
    limit: integer({ min: 1, max: 5 }),
    type: shardIteratorType,
    names: listOf(streamName, { max: 2 }),
  })
  const maybe = <T>(value: fc.Arbitrary<T>): fc.Arbitrary<T | undefined> => fc.option(value, { nil: undefined, freq: 9 })
  const text = fc.oneof({ weight: 6, arbitrary: fc.constantFrom('a', '0', '17', 'x.y') }, fc.constantFrom('', '01', 'a b', 'x'.repeat(300), 'ä'))
  const record = fc.record({
    partitionKey: maybe(text),
    explicitHashKey: maybe(fc.constantFrom('0', '12', '012')),
    data: maybe(fc.uint8Array({ maxLength: 4 })),
  })
  const input = fc.record({
    records: maybe(fc.array(fc.option(record, { freq: 20 }), { minLength: 0, maxLength: 3 })),
    streamName: maybe(text),
    limit: maybe(fc.integer({ min: 0, max: 6 })),
    type: maybe(fc.constantFrom('LATEST', 'AT_TIMESTAMP', 'latest')),
    names: maybe(fc.array(fc.option(text, { freq: 20 }), { maxLength: 3 })),
  })
  let passed = 0
  fc.assert(
    fc.property(input, (given) => {
      const fine = hasAll(node, given)
      if (fine) passed++
      const slowly = (): void => checkOneByOne(node, given)
      if (fine) expect(slowly).not.toThrow()
      else expect(slowly).toThrow(/validation error/)
    }),
    { numRuns: 3000 },
  )
  expect(passed).toBeGreaterThan(20)
})

test('an Authorization header that is taken for whole has every part', () => {
  const piece = fc.constantFrom(
    'AWS4-HMAC-SHA256',
    ' ',
    ', ',
    ',',
    'Credential=',
    'SignedHeaders=',
    'Signature=',
    'a/b',
    'host;x-amz-date',
    '=',
    'Credential=a',
    'Signature=0',
    'SignedHeaders=h',
  )
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 12 }), (pieces) => {
      const header = pieces.join('')
      if (!isWhole(header)) return
      const parameters = headerParameters(header)
      for (const name of ['Credential', 'SignedHeaders', 'Signature']) expect(parameters.get(name), header).toBeTruthy()
    }),
    { numRuns: 20_000 },
  )
  expect(isWhole('AWS4-HMAC-SHA256 Credential=AK/20260101/us-east-1/kinesis/aws4_request, SignedHeaders=host;x-amz-date, Signature=00ff')).toBe(true)
  expect(isWhole('AWS4-HMAC-SHA256 Credential=AK/20260101/us-east-1/kinesis/aws4_request,SignedHeaders=host;x-amz-date,Signature=00ff')).toBe(true)
  expect(isWhole('AWS4-HMAC-SHA256 Credential=AKSignedHeaders=hostSignature=00ff')).toBe(false)
})
