// Bodies read in one pass beside the obvious way: what comes out is the same, or null; plain bodies are not left to the obvious way.
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { parseBody } from '../../src/kinesis/body-codec.ts'
import { operations } from '../../src/kinesis/operations/index.ts'
import { readPlain } from '../../src/kinesis/plain-json.ts'
import type { Node, StructureNode } from '../../src/kinesis/shape.ts'
import { checkOneByOne, hasAll } from '../../src/kinesis/shape-check.ts'
import { convertStructure } from '../../src/kinesis/shape-convert.ts'
import { LentMemory, Loans } from '../../src/lent-memory.ts'

const memory = new LentMemory(0)
const inputOf = (name: string): StructureNode => operations.find((operation) => operation.name === name)!.input
const putRecords = inputOf('PutRecords')

/** Says the same as the obvious way, or nothing. */
function expectSame(body: Buffer, node: StructureNode): void {
  const plain = readPlain(body, node, new Loans(memory))
  if (plain !== null && hasAll(node, plain)) checkOneByOne(node, plain)
  if (plain !== null) expect(plain).toEqual(convertStructure(node, parseBody(body, 'json')))
}

const base64 = fc.uint8Array({ maxLength: 40 }).map((bytes) => Buffer.from(bytes).toString('base64'))
const odd = fc.oneof(
  fc.string({ unit: 'binary' }),
  fc.integer(),
  fc.double(),
  fc.constant(null),
  fc.boolean(),
  fc.constantFrom('a\nb', '"', 'Zg', 'Zh==', 'Z===', 'Zm-_', 'Z g=', 'é', '\\', [], {}),
)

/** JSON values that mostly fit a declaration. */
function memberValue(node: Node): fc.Arbitrary<unknown> {
  switch (node.kind) {
    case 'string':
      return fc.oneof({ weight: 5, arbitrary: fc.string() }, odd)
    case 'blob':
      return fc.oneof({ weight: 5, arbitrary: base64 }, odd)
    case 'integer':
    case 'long':
      return fc.oneof({ weight: 5, arbitrary: fc.integer() }, fc.maxSafeInteger(), odd)
    case 'list':
      return fc.oneof({ weight: 9, arbitrary: fc.array(memberValue(node.member), { maxLength: 5 }) }, odd)
    case 'structure':
      return fc.oneof({ weight: 9, arbitrary: structureOf(node) }, odd)
    default:
      return odd
  }
}

const structureOf = (node: StructureNode): fc.Arbitrary<unknown> =>
  fc
    .shuffledSubarray(node.members.map((member) => fc.tuple(fc.constant(member.wireName), memberValue(member.node))))
    .chain((entries) => fc.tuple(...entries))
    .map((entries) => Object.fromEntries(entries))

const anyBody = fc
  .constantFrom(...operations)
  .chain(({ input }) => fc.tuple(fc.constant(input), structureOf(input), fc.constantFrom(undefined, 1, '\t')))
  .map(([input, value, spaces]) => ({ input, text: JSON.stringify(value, null, spaces) }))

test('any body of any operation gives what the obvious way gives', () => {
  fc.assert(
    fc.property(anyBody, ({ input, text }) => expectSame(Buffer.from(text), input)),
    { numRuns: 1500 },
  )
})

test('a body with bytes changed, lost or added gives the same, a refusal above all', () => {
  const byte = fc.oneof(fc.constantFrom(...Buffer.from('"\\{}[],: =-0123\0')), fc.nat({ max: 255 }))
  const change = fc.record({ at: fc.nat(), byte, lost: fc.nat({ max: 2 }) })
  fc.assert(
    fc.property(anyBody, fc.array(change, { minLength: 1, maxLength: 3 }), ({ input, text }, changes) => {
      let body = Buffer.from(text)
      for (const { at, byte: put, lost } of changes) {
        const place = at % (body.length + 1)
        body = Buffer.concat([body.subarray(0, place), Buffer.of(put), body.subarray(place + lost)])
      }
      expectSame(body, input)
    }),
    { numRuns: 3000 },
  )
})

test('what clients send is read in one pass', () => {
  const records = fc.array(
    fc.record({ Data: base64, PartitionKey: fc.stringMatching(/^[ !#-[\]-~]{1,20}$/), ExplicitHashKey: fc.stringMatching(/^[1-9]\d{0,9}$/) }),
  )
  fc.assert(
    fc.property(records, fc.constantFrom(undefined, 2), (Records, spaces) => {
      const body = Buffer.from(JSON.stringify({ StreamName: 's', Records }, null, spaces))
      expect(readPlain(body, putRecords, new Loans(memory))).toEqual(convertStructure(putRecords, parseBody(body, 'json')))
    }),
  )
  expect(readPlain(Buffer.from('{"ShardIterator":"AAA=","Limit":10000}'), inputOf('GetRecords'), new Loans(memory))).toEqual({
    shardIterator: 'AAA=',
    limit: 10_000,
  })
  expect(readPlain(Buffer.from(' {} '), putRecords, new Loans(memory))).toEqual({})
})

const notPlain: [what: string, body: string][] = [
  ['a member that is there twice', '{"StreamName":"a","StreamName":"b"}'],
  ['an unknown member', '{"StreamName":"a","Other":1}'],
  ['an escape', '{"StreamName":"\\u0061"}'],
  ['a letter beyond ASCII', '{"StreamName":"é"}'],
  ['null', '{"StreamName":null}'],
  ['base64 with stray bits', '{"Records":[{"Data":"Zh=="}]}'],
  ['base64 of the other alphabet', '{"Records":[{"Data":"Zm-_"}]}'],
  ['base64 with white space', '{"Records":[{"Data":"Zm9v Zg="}]}'],
  ['more behind the end', '{"StreamName":"a"}x'],
  ['a comma too many', '{"StreamName":"a",}'],
  ['an end too soon', '{"StreamName":"a"'],
]
test.for(notPlain)('the obvious way takes a body with %s', ([, body]) => {
  expect(readPlain(Buffer.from(body), putRecords, new Loans(memory))).toBeNull()
})

test.for(['01', '-0', '1.0', '1e3', '-', '9007199254740993', '1 2'])('the obvious way takes the number %s', (number) => {
  expect(readPlain(Buffer.from(`{"Limit":${number}}`), inputOf('GetRecords'), new Loans(memory))).toBeNull()
})
