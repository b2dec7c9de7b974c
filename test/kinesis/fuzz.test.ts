// The AWS door under random input: whatever comes in, an answer with a 4xx status goes out, and the next client is served.
import net from 'node:net'
import fc from 'fast-check'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { operations } from '../../src/kinesis/operations/index.ts'
import { call, type DoorUnderTest, openDoor, statusOf } from './harness.ts'

let door: DoorUnderTest
/** Ends connections on which no whole request comes. */
let impatient: DoorUnderTest
beforeAll(async () => {
  door = await openDoor()
  impatient = await openDoor({ settings: { 'aws.request.timeout.ms': 100, 'aws.headers.timeout.ms': 100 } })
  await call(door.url, 'CreateStream', { StreamName: 'stream', ShardCount: 2 })
})
afterAll(async () => {
  await door.close()
  await impatient.close()
})

/** The seed is printed, so that a failure can be had again: fc.assert(…, { seed, path }). */
const seed = Date.now() & 0x7fffffff
console.log(`fuzz of the AWS door: seed ${seed}`)

const word = fc.oneof(
  fc.constantFrom(
    'stream',
    'shardId-000000000000',
    'TRIM_HORIZON',
    'AT_TIMESTAMP',
    'AT_SEQUENCE_NUMBER',
    'LATEST',
    '',
    '0',
    'arn:aws:kinesis:us-east-1:000000000000:stream/stream',
  ),
  fc.string(),
)
const value = fc.letrec((tie) => ({
  any: fc.oneof(
    { maxDepth: 3 },
    word,
    fc.integer(),
    fc.double(),
    fc.boolean(),
    fc.constant(null),
    fc.array(tie('any'), { maxLength: 4 }),
    fc.dictionary(word, tie('any'), { maxKeys: 3 }),
  ),
})).any

test('any members in any operation are answered, never with a 500', async () => {
  const requests = fc.constantFrom(...operations).chain((operation) => {
    const members = operation.input.members.map(({ wireName }) => wireName)
    return fc.record({
      name: fc.constant(operation.name),
      input: fc.dictionary(fc.constantFrom(...members, 'Other'), value, { maxKeys: members.length }),
    })
  })
  await fc.assert(
    fc.asyncProperty(requests, async ({ name, input }) => {
      const { status, body } = await call(door.url, name, input)
      expect([200, 400], JSON.stringify(body)).toContain(status)
      if (status === 400) expect(String(body['__type'])).not.toBe('')
    }),
    { seed, numRuns: 400 },
  )
})

test('any body is answered', async () => {
  await fc.assert(
    fc.asyncProperty(fc.oneof(fc.string({ minLength: 1 }), fc.json()), async (body) => {
      const { status } = await call(door.url, 'PutRecords', body)
      expect(status).toBe(400)
    }),
    { seed, numRuns: 150 },
  )
})

test('any bytes on a connection harm nobody else', async () => {
  const start = fc.constantFrom(
    '',
    'POST / HTTP/1.1\r\n',
    'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n',
    '\x16\x03\x01',
    'POST / HTTP/1.1\r\nContent-Length: 5\r\n\r\n',
  )
  await fc.assert(
    fc.asyncProperty(start, fc.uint8Array({ maxLength: 200 }), async (text, bytes) => {
      const socket = net.connect(impatient.server.port, '127.0.0.1')
      socket.on('error', () => {})
      socket.resume()
      socket.end(Buffer.concat([Buffer.from(text, 'latin1'), bytes]))
      await new Promise((closed) => socket.once('close', closed))
    }),
    { seed, numRuns: 150 },
  )
  await expect.poll(() => statusOf(impatient)).toBe(200)
})
