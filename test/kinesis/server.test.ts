// The AWS door's sockets and envelope: two protocols on one port, AWS's answers to bad requests, limits, a graceful stop.
import { once } from 'node:events'
import http2 from 'node:http2'
import net from 'node:net'
import { gzipSync } from 'node:zlib'
import { afterEach, expect, test } from 'vitest'
import { ManualClock } from '../../src/clock.ts'
import { call, closed, type DoorUnderTest, openDoor, send, signed, statusOf } from './harness.ts'

const json = 'application/x-amz-json-1.1'
const target = { 'x-amz-target': 'Kinesis_20131202.ListStreams' }
/** Usually. */
const headersTimeoutMs = 10_000
const whole = { 'content-type': json, ...target, ...signed }

let door: DoorUnderTest
afterEach(() => door.close())

async function overHttp2(url: string, headers: Record<string, string>, body: string): Promise<{ status: number; text: string }> {
  const session = http2.connect(url)
  const stream = session.request({ ':method': 'POST', ':path': '/', ...headers })
  stream.end(body)
  const [answer] = (await once(stream, 'response')) as [http2.IncomingHttpHeaders]
  const chunks: Buffer[] = []
  for await (const chunk of stream) chunks.push(chunk as Buffer)
  session.close()
  return { status: Number(answer[':status']), text: Buffer.concat(chunks).toString() }
}

test('HTTP/1.1 and prior-knowledge HTTP/2 are answered on one port', async () => {
  door = await openDoor()
  const one = await send(door.url, { headers: whole, body: '{}' })
  const two = await overHttp2(door.url, whole, '{}')
  expect(one.status).toBe(200)
  expect(two.status).toBe(200)
  expect(JSON.parse(one.text)).toEqual({ StreamNames: [], HasMoreStreams: false, StreamSummaries: [] })
  expect(two.text).toBe(one.text)
  expect(one.headers['x-amzn-requestid']).toMatch(/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/)
  expect(Buffer.from(String(one.headers['x-amz-id-2']), 'base64').length).toBe(72)
})

test('an HTTP/2 preface that comes byte by byte is still recognised', async () => {
  door = await openDoor()
  const socket = net.connect(door.server.port, '127.0.0.1')
  for (const byte of 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n') {
    socket.write(byte)
    await new Promise((sent) => setImmediate(sent))
  }
  // An empty SETTINGS frame; the server's own SETTINGS come back.
  socket.write(Buffer.from('000000040000000000', 'hex'))
  const [frame] = (await once(socket, 'data')) as [Buffer]
  expect(frame[3]).toBe(4)
  socket.destroy()
})

test.each([
  ['a frame larger than any', 'f334aa04a80c0e181dfc'],
  ['nothing more', ''],
  ['settings, and never a request', '000000040000000000'],
])('an HTTP/2 client that sends its preface and %s is cut after the headers timeout', async (_what, hex) => {
  const clock = new ManualClock()
  door = await openDoor({ clock })
  const socket = net.connect(door.server.port, '127.0.0.1')
  socket.write(Buffer.concat([Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'), Buffer.from(hex, 'hex')]))
  // The server's own settings: it has begun to count.
  await once(socket, 'data')
  await clock.advance(headersTimeoutMs)
  await closed(socket)
  expect((await overHttp2(door.url, whole, '{}')).status).toBe(200)
})

test('an HTTP/2 connection that asked once outlives the headers timeout', async () => {
  const clock = new ManualClock()
  door = await openDoor({ clock })
  const session = http2.connect(door.url)
  const ask = async (): Promise<number> => {
    const stream = session.request({ ':method': 'POST', ':path': '/', ...whole })
    stream.end('{}')
    const [answer] = (await once(stream, 'response')) as [http2.IncomingHttpHeaders]
    stream.resume()
    return Number(answer[':status'])
  }
  expect(await ask()).toBe(200)
  await clock.advance(headersTimeoutMs)
  expect(await ask()).toBe(200)
  session.close()
})

const refusals: [what: string, request: Parameters<typeof send>[1], status: number, text: string | object][] = [
  [
    'a GET',
    { method: 'GET' },
    403,
    '<AccessDeniedException>\n  <Message>Unable to determine service/operation name to be authorized</Message>\n</AccessDeniedException>\n',
  ],
  [
    'a PUT',
    { method: 'PUT', body: '{}' },
    403,
    '<AccessDeniedException>\n  <Message>Unable to determine service/operation name to be authorized</Message>\n</AccessDeniedException>\n',
  ],
  [
    'a body without content type',
    { body: '{}' },
    403,
    '<AccessDeniedException>\n  <Message>Unable to determine service/operation name to be authorized</Message>\n</AccessDeniedException>\n',
  ],
  [
    'a foreign content type with a target',
    { headers: { 'content-type': 'text/plain', ...target }, body: '{}' },
    404,
    '<UnknownOperationException/>\n',
  ],
  ['no body', { headers: { 'content-type': json, ...target } }, 400, { __type: 'SerializationException' }],
  ['no body and no target', { headers: { 'content-type': json } }, 400, { __type: 'UnknownOperationException' }],
  ['a body that is no JSON', { headers: { 'content-type': json, ...target }, body: 'hello' }, 400, { __type: 'SerializationException' }],
  ['a body that is no object', { headers: { 'content-type': json, ...target }, body: '"a"' }, 400, { __type: 'SerializationException' }],
  [
    'an unknown operation',
    { headers: { ...whole, 'x-amz-target': 'Kinesis_20131202.Whatever' }, body: '{}' },
    400,
    { __type: 'UnknownOperationException' },
  ],
  [
    'an unknown service',
    { headers: { ...whole, 'x-amz-target': 'DynamoDB_20120810.ListStreams' }, body: '{}' },
    400,
    { __type: 'UnknownOperationException' },
  ],
  [
    'an operation named like a member of Object',
    { headers: { ...whole, 'x-amz-target': 'Kinesis_20131202.constructor' }, body: '{}' },
    400,
    { __type: 'UnknownOperationException' },
  ],
  [
    'plain JSON',
    { headers: { ...whole, 'content-type': 'application/json' }, body: '{}' },
    404,
    { Output: { __type: 'com.amazon.coral.service#UnknownOperationException' }, Version: '1.0' },
  ],
  [
    'plain JSON that is none',
    { headers: { ...whole, 'content-type': 'application/json' }, body: 'hello' },
    400,
    { Output: { __type: 'com.amazon.coral.service#SerializationException' }, Version: '1.0' },
  ],
  [
    'no signature',
    { headers: { 'content-type': json, ...target }, body: '{}' },
    400,
    { __type: 'MissingAuthenticationTokenException', message: 'Missing Authentication Token' },
  ],
  [
    'a signature without its parts',
    { headers: { 'content-type': json, ...target, authorization: 'X' }, body: '{}' },
    400,
    {
      __type: 'IncompleteSignatureException',
      message:
        "Authorization header requires 'Credential' parameter. Authorization header requires 'Signature' parameter. Authorization header requires 'SignedHeaders' parameter. " +
        "Authorization header requires existence of either a 'X-Amz-Date' or a 'Date' header. Authorization=X",
    },
  ],
  [
    'signatures in header and query',
    { path: '/?X-Amz-Algorithm', headers: { 'content-type': json, ...target, authorization: 'X' }, body: '{}' },
    400,
    { __type: 'InvalidSignatureException', message: "Found both 'X-Amz-Algorithm' as a query-string param and 'Authorization' as HTTP header." },
  ],
  [
    'a presigned query without its signed headers',
    { path: '/?X-Amz-Algorithm=a&X-Amz-Credential=b&X-Amz-Signature=c&X-Amz-Date=d', headers: { 'content-type': json, ...target }, body: '{}' },
    400,
    {
      __type: 'IncompleteSignatureException',
      message: "AWS query-string parameters must include 'X-Amz-SignedHeaders'. Re-examine the query-string parameters.",
    },
  ],
]

test.for(refusals)('AWS’s answer to %s', async ([, request, status, text]) => {
  door = await openDoor()
  const reply = await send(door.url, request)
  expect(reply.status).toBe(status)
  if (typeof text === 'string') expect(reply.text).toBe(text)
  else expect(JSON.parse(reply.text)).toEqual(text)
})

test('a request without a signature is told what to add, in a header', async () => {
  door = await openDoor()
  const reply = await send(door.url, { headers: { 'content-type': json, ...target }, body: '{}' })
  expect(reply.headers['x-twinlog-hint']).toContain('Authorization')
})

test('a browser’s preflight is answered without a signature', async () => {
  door = await openDoor()
  const reply = await send(door.url, {
    method: 'OPTIONS',
    headers: { origin: 'http://localhost', 'access-control-request-headers': 'a, b', 'access-control-request-method': 'POST' },
  })
  expect(reply).toMatchObject({ status: 200, text: '' })
  expect(reply.headers).toMatchObject({
    'access-control-allow-origin': '*',
    'access-control-allow-headers': 'a, b',
    'access-control-allow-methods': 'POST',
    'access-control-max-age': '172800',
  })
  expect(reply.headers['x-amz-id-2']).toBeUndefined()
})

test('an answer to a browser lets it read the request id', async () => {
  door = await openDoor()
  const reply = await send(door.url, { headers: { ...whole, origin: 'http://localhost' }, body: '{}' })
  expect(reply.headers['access-control-allow-origin']).toBe('*')
  expect(reply.headers['access-control-expose-headers']).toContain('x-amzn-RequestId')
})

test('a body over the limit is refused by its announced length, and by its real one', async () => {
  door = await openDoor({ settings: { 'aws.request.max.bytes': 2048 } })
  const announced = await send(door.url, { headers: { ...whole, 'content-length': '4096' }, body: Buffer.alloc(4096, 'a') })
  expect(announced.status).toBe(413)
  expect(announced.text).toContain('aws.request.max.bytes')
  const chunked = await send(door.url, { headers: { ...whole, 'transfer-encoding': 'chunked' }, body: Buffer.alloc(4096, 'a') })
  expect(chunked.status).toBe(413)
  expect((await call(door.url, 'ListStreams', {})).status).toBe(200)
})

test('a client that sends its headers too slowly is cut off', async () => {
  door = await openDoor({ settings: { 'aws.headers.timeout.ms': 100 } })
  const silent = net.connect(door.server.port, '127.0.0.1')
  const slow = net.connect(door.server.port, '127.0.0.1')
  slow.write('POST / HTTP/1.1\r\nHost: a\r\n')
  let heard = ''
  slow.on('data', (chunk) => {
    heard += chunk
  })
  await Promise.all([closed(silent), closed(slow)])
  expect(heard).toMatch(/^(HTTP\/1\.1 408 )?/)
})

test('a body that does not come is cut off, and the next client is served', async () => {
  door = await openDoor({ settings: { 'aws.request.timeout.ms': 150 } })
  const slow = net.connect(door.server.port, '127.0.0.1')
  slow.write('POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 100\r\n\r\nabc')
  await closed(slow)
  // Which has as little time.
  await expect.poll(() => statusOf(door)).toBe(200)
})

test('bytes that are no HTTP get a 400 and the connection is closed', async () => {
  door = await openDoor()
  const socket = net.connect(door.server.port, '127.0.0.1')
  socket.write('hello world\r\n\r\n')
  let heard = ''
  socket.on('data', (chunk) => {
    heard += chunk
  })
  await closed(socket)
  expect(heard).toMatch(/^HTTP\/1\.1 400 /)
})

test('connections above aws.max.connections are closed', async () => {
  door = await openDoor({ settings: { 'aws.max.connections': 1 } })
  const first = net.connect(door.server.port, '127.0.0.1')
  await once(first, 'connect')
  const second = net.connect(door.server.port, '127.0.0.1')
  await closed(second)
  first.destroy()
})

test('stopping closes idle connections at once and waits for no one longer than the grace', async () => {
  door = await openDoor()
  const idle = net.connect(door.server.port, '127.0.0.1')
  await once(idle, 'connect')
  const session = http2.connect(door.url)
  await once(session, 'remoteSettings')
  const ended = Promise.all([closed(idle), once(session, 'close')])
  await door.server.close(60_000)
  await ended
  await expect(send(door.url, { headers: whole, body: '{}' })).rejects.toThrow()
})

test('every answer is observed with its operation and error', async () => {
  door = await openDoor()
  await call(door.url, 'ListStreams', {})
  await call(door.url, 'DescribeStream', { StreamName: 'none' })
  await call(door.url, 'Whatever', {})
  expect(door.calls.map(({ operation, errorType }) => [operation, errorType])).toEqual([
    ['ListStreams', null],
    ['DescribeStream', 'ResourceNotFoundException'],
    ['unknown', 'UnknownOperationException'],
  ])
})

test('gzip’d requests are read, up to the limit of a request', async () => {
  door = await openDoor({ settings: { 'aws.request.max.bytes': 4096 } })
  const headers = { ...whole, 'content-encoding': 'gzip' }
  expect((await send(door.url, { headers, body: gzipSync('{}') })).status).toBe(200)
  const bomb = await send(door.url, { headers, body: gzipSync(Buffer.alloc(1_000_000, ' ')) })
  expect(JSON.parse(bomb.text)).toMatchObject({ __type: 'SerializationException' })
  const broken = await send(door.url, { headers, body: 'no gzip' })
  expect(broken.status).toBe(400)
})
