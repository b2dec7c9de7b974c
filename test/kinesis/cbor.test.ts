// CBOR as AWS speaks it, compared with an encoder that nobody here wrote (the one in the AWS SDK), and under random bytes.
import { cbor } from '@smithy/core/cbor'
import fc from 'fast-check'
import { afterEach, expect, test } from 'vitest'
import { CborInvalid, decodeCbor, encodeCbor } from '../../src/kinesis/cbor.ts'
import { WireTime } from '../../src/kinesis/wire-time.ts'
import { type DoorUnderTest, openDoor, send, signed } from './harness.ts'

const leaf = fc.oneof(
  fc.string(),
  fc.integer(),
  fc.maxSafeInteger(),
  fc.double({ noNaN: true }),
  fc.boolean(),
  fc.constant(null),
  fc.uint8Array().map((bytes) => Buffer.from(bytes)),
)
const tree = fc.letrec((tie) => ({
  any: fc.oneof(
    { maxDepth: 4 },
    leaf,
    fc.array(tie('any')),
    fc.dictionary(
      fc.string().filter((key) => key !== '__proto__'),
      tie('any'),
    ),
  ),
})).any
/** Buffers and prototypes aside. */
const plain = (value: unknown): unknown =>
  value instanceof Uint8Array
    ? `bytes ${Buffer.from(value).toString('hex')}`
    : Array.isArray(value)
      ? value.map(plain)
      : typeof value === 'object' && value !== null
        ? Object.fromEntries(Object.entries(value).map(([key, member]) => [key, plain(member)]))
        : Object.is(value, -0)
          ? 0
          : value

test('what is encoded decodes to itself, here and in the SDK', () => {
  fc.assert(
    fc.property(tree, (value) => {
      const bytes = encodeCbor(value)
      expect(plain(decodeCbor(bytes))).toEqual(plain(value))
      expect(plain(cbor.deserialize(bytes))).toEqual(plain(value))
    }),
  )
})

test('what the SDK encodes is decoded', () => {
  fc.assert(
    fc.property(tree, (value) => {
      expect(plain(decodeCbor(Buffer.from(cbor.serialize(value))))).toEqual(plain(value))
    }),
  )
})

test('times are tag 1 over whole milliseconds', () => {
  const bytes = encodeCbor({ At: new WireTime(1_700_000_000_123) })
  expect(bytes.toString('hex')).toBe('a1624174c11b0000018bcfe5687b')
  expect((decodeCbor(bytes) as { At: WireTime }).At).toEqual(new WireTime(1_700_000_000_123))
})

test('open lengths are read, as Jackson writes them', () => {
  // {_ "a": [_ 1, (_ h'01', h'02')], "b": (_ "x", "y")}
  const value = decodeCbor(Buffer.from('bf61619f015f41014102ffff61627f61786179ffff', 'hex'))
  expect(plain(value)).toEqual({ a: [1, 'bytes 0102'], b: 'xy' })
})

test('no bytes make the decoder do anything but answer or refuse', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 60 }), (bytes) => {
      try {
        decodeCbor(Buffer.from(bytes))
      } catch (error) {
        expect(error).toBeInstanceOf(CborInvalid)
      }
    }),
    { numRuns: 5000 },
  )
  // Announced lengths take no memory, nesting no stack.
  for (const hex of ['9bffffffffffffffff', '5b7fffffffffffffff', '81'.repeat(100_000), 'bf'])
    expect(() => decodeCbor(Buffer.from(hex, 'hex'))).toThrow(CborInvalid)
})

let door: DoorUnderTest
afterEach(() => door?.close())

test('operations speak CBOR, with blobs as byte strings and errors in CBOR too', async () => {
  door = await openDoor()
  const call = async (operation: string, input: unknown): Promise<{ status: number; type: unknown; body: unknown }> => {
    const headers = { 'content-type': 'application/x-amz-cbor-1.1', 'x-amz-target': `Kinesis_20131202.${operation}`, ...signed }
    const reply = await send(door.url, { headers, body: encodeCbor(input) })
    return { status: reply.status, type: reply.headers['content-type'], body: reply.bytes.length > 0 ? decodeCbor(reply.bytes) : null }
  }
  expect(await call('CreateStream', { StreamName: 's', ShardCount: 1 })).toEqual({ status: 200, type: 'application/x-amz-cbor-1.1', body: null })
  await call('PutRecords', { StreamName: 's', Records: [{ PartitionKey: 'k', Data: Buffer.from([1, 255]) }] })
  const { body } = await call('GetShardIterator', { StreamName: 's', ShardId: '0', ShardIteratorType: 'AT_TIMESTAMP', Timestamp: new WireTime(5) })
  const page = (await call('GetRecords', body as object as { ShardIterator: string })).body as {
    Records: { Data: Buffer; ApproximateArrivalTimestamp: WireTime }[]
  }
  expect(page.Records[0]!.Data).toEqual(Buffer.from([1, 255]))
  expect(page.Records[0]!.ApproximateArrivalTimestamp).toBeInstanceOf(WireTime)
  expect(await call('DescribeStream', { StreamName: 'none' })).toMatchObject({
    status: 400,
    type: 'application/x-amz-cbor-1.1',
    body: { __type: 'ResourceNotFoundException', message: 'Stream none under account 000000000000 not found.' },
  })
  const broken = await send(door.url, {
    headers: { 'content-type': 'application/x-amz-cbor-1.1', 'x-amz-target': 'Kinesis_20131202.ListStreams', ...signed },
    body: Buffer.from('ff', 'hex'),
  })
  expect(plain(decodeCbor(broken.bytes))).toEqual({ __type: 'SerializationException' })
})
