// Memory that request bodies take: bounded whatever clients announce, send or compress, and nobody waits for what another does not send.
import { once } from 'node:events'
import http from 'node:http'
import net from 'node:net'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { gzipSync } from 'node:zlib'
import fc from 'fast-check'
import { afterEach, expect, test } from 'vitest'
import { Budget, Share } from '../../src/kinesis/body.ts'
import { unpackBody } from '../../src/kinesis/body-codec.ts'
import { call, type DoorUnderTest, openDoor, send, signed } from './harness.ts'

setFlagsFromString('--expose-gc')
const collectGarbage = runInNewContext('gc') as () => void

/** Memory of buffers that somebody holds. What was let go before is collected first, the second time since the first leaves it to a thread to be freed. */
function bytesHeld(): number {
  collectGarbage()
  collectGarbage()
  return process.memoryUsage().arrayBuffers
}

let door: DoorUnderTest | undefined
afterEach(async () => {
  await door?.close()
  door = undefined
})

test('bodies hold no more than the budget and one body beside, and all of them come to their end', async () => {
  const bodyMax = 10
  await fc.assert(
    fc.asyncProperty(
      fc.integer({ min: 10, max: 40 }),
      fc.array(fc.record({ chunks: fc.array(fc.integer({ min: 1, max: 5 }), { maxLength: 2 }), gone: fc.boolean() }), { maxLength: 30 }),
      async (bytesMax, bodies) => {
        const budget = new Budget(bytesMax)
        const read = async ({ chunks, gone }: { chunks: number[]; gone: boolean }): Promise<void> => {
          const share = new Share(budget)
          for (const chunk of chunks) {
            const room = share.take(chunk)
            // Its client goes while it waits: what it waits for is not to be waited for by others.
            if (room && gone) return share.close()
            await room
            expect(budget.held).toBeLessThanOrEqual(bytesMax + bodyMax)
            await new Promise(setImmediate)
          }
          share.keep(1)
          await new Promise(setImmediate)
          share.close()
        }
        await Promise.all(bodies.map(read))
        expect(budget.held).toBe(0)
      },
    ),
    { numRuns: 200 },
  )
})

test('what gzip unpacks to is held within the budget', async () => {
  const bytesMax = 1024 * 1024
  const budget = new Budget(2 * bytesMax)
  const bomb = gzipSync(Buffer.alloc(bytesMax, 'a'))
  let most = 0
  let unpacked = 0
  const bombs = Array.from({ length: 40 }, async () => {
    const share = new Share(budget)
    const body = await unpackBody({ headers: { 'content-encoding': 'gzip' }, body: bomb, share }, bytesMax)
    expect(share.bytes).toBe(body.length)
    most = Math.max(most, budget.held)
    unpacked++
    share.close()
  })
  await Promise.all(bombs)
  expect(unpacked).toBe(40)
  expect(most).toBeLessThanOrEqual(3 * bytesMax)
})

test('clients that announce large bodies and do not send them hold up nobody', async () => {
  door = await openDoor({ settings: { 'aws.request.max.bytes': 65_536 } })
  const { port } = door.server
  const idlers = Array.from({ length: 20 }, (_, i) => {
    const socket = net.connect(port, '127.0.0.1')
    socket.on('error', () => {})
    socket.write(`POST / HTTP/1.1\r\nHost: a\r\n${i % 2 ? 'Content-Length: 65536' : 'Transfer-Encoding: chunked'}\r\n\r\n`)
    return socket
  })
  await Promise.all(idlers.map((socket) => new Promise((connected) => socket.once('connect', connected))))
  expect((await call(door.url, 'ListStreams', {})).status).toBe(200)
  for (const socket of idlers) socket.destroy()
})

test('clients that stop in the middle of large bodies do not hold up small ones', async () => {
  door = await openDoor({ settings: { 'aws.request.max.bytes': 65_536 } })
  const { port } = door.server
  const idlers = Array.from({ length: 40 }, () => {
    const socket = net.connect(port, '127.0.0.1')
    socket.on('error', () => {})
    socket.write(`POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 65536\r\n\r\n${'x'.repeat(40_000)}`)
    return socket
  })
  await Promise.all(idlers.map((socket) => new Promise((connected) => socket.once('connect', connected))))
  // A body that comes after its headers.
  const headers = { 'content-type': 'application/x-amz-json-1.1', 'x-amz-target': 'Kinesis_20131202.ListStreams', 'content-length': 2, ...signed }
  const agent = new http.Agent({ keepAlive: true, maxSockets: 1 })
  for (let i = 0; i < 4; i++) {
    const request = http.request(door.url, { method: 'POST', headers, agent })
    request.flushHeaders()
    setImmediate(() => request.end('{}'))
    const [response] = (await once(request, 'response')) as [http.IncomingMessage]
    expect(response.statusCode).toBe(200)
    await once(response.resume(), 'end')
  }
  agent.destroy()
  for (const socket of idlers) socket.destroy()
})

test('many gzip’d requests at once are all answered', async () => {
  door = await openDoor({ settings: { 'aws.request.max.bytes': 65_536 } })
  const { url } = door
  const headers = {
    'content-type': 'application/x-amz-json-1.1',
    'x-amz-target': 'Kinesis_20131202.ListStreams',
    ...signed,
    'content-encoding': 'gzip',
  }
  const replies = await Promise.all(
    Array.from({ length: 50 }, (_, i) => send(url, { headers, body: gzipSync(`{"X":"${'a'.repeat(i % 2 ? 60_000 : 70_000)}"}`) })),
  )
  expect(replies.map(({ status }) => status)).toEqual(Array.from({ length: 50 }, (_, i) => (i % 2 ? 200 : 400)))
})

test.each(['GetRecords', 'ReceiveQueueRecords'])('answers of %s that nobody reads hold a bounded amount of memory', async (operation) => {
  door = await openDoor()
  const { url } = door
  await call(url, 'CreateStream', { StreamName: 's', ShardCount: 1 })
  const StreamARN = 'arn:aws:kinesis:us-east-1:000000000000:stream/s'
  await call(url, 'UpdateStreamMode', { StreamARN, StreamModeDetails: { StreamMode: 'ON_DEMAND' } })
  const QueueAttributes = { DeadLetterConfiguration: { TargetType: 'NONE' } }
  const queue = (await call(url, 'CreateQueue', { QueueName: 'q', StreamConfigurationList: [{ StreamARN }], QueueAttributes })).body[
    'QueueDescription'
  ]
  await call(url, 'UpdateMaxRecordSize', { StreamARN, MaxRecordSizeInKiB: 10_240 })
  await call(url, 'PutRecord', { StreamName: 's', PartitionKey: 'k', Data: Buffer.alloc(10_000_000).toString('base64') })
  const at = (await call(url, 'GetShardIterator', { StreamName: 's', ShardId: '0', ShardIteratorType: 'TRIM_HORIZON' })).body
  const { QueueARN } = queue as { QueueARN: string }
  const body = JSON.stringify(operation === 'GetRecords' ? at : { QueueARN, VisibilityTimeoutSeconds: 0 })
  const headers = { 'content-type': 'application/x-amz-json-1.1', 'x-amz-target': `Kinesis_20131202.${operation}`, ...signed, host: 'a' }
  const head = Object.entries({ ...headers, 'content-length': body.length }).map(([name, value]) => `${name}: ${value}\r\n`)
  const { port } = door.server
  const before = bytesHeld()
  const deaf = Array.from({ length: 60 }, () => {
    const socket = net.connect(port, '127.0.0.1').pause()
    socket.on('error', () => {})
    socket.write(`POST / HTTP/1.1\r\n${head.join('')}\r\n${body}`)
    return socket
  })
  await expect.poll(() => bytesHeld() - before).toBeGreaterThan(100 * 2 ** 20)
  // Who reads at the end of a shard needs no room, and waits for nobody.
  const end = (await call(url, 'GetShardIterator', { StreamName: 's', ShardId: '0', ShardIteratorType: 'LATEST' })).body
  for (let i = 0; i < 20; i++) expect((await call(url, 'GetRecords', end)).status).toBe(200)
  expect(bytesHeld() - before).toBeLessThan(600 * 2 ** 20)
  for (const socket of deaf) socket.destroy()
  expect((await call(url, 'GetRecords', { ...at, Limit: 1 })).status).toBe(200)
})
