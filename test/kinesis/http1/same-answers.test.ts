// Our own HTTP/1.1 beside node:http, over real sockets: the same bytes in the same pieces get the same answers, and leave connections in the same state.
import net from 'node:net'
import fc from 'fast-check'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { ManualClock } from '../../../src/clock.ts'
import { call, type DoorUnderTest, openDoor, signed } from '../harness.ts'

const seed = Date.now() & 0x7fffffff
console.log(`HTTP/1.1 twice: seed ${seed}`)

/** Two doors that differ in nothing else. */
let doors: [plain: DoorUnderTest, byNode: DoorUnderTest]
beforeAll(async () => {
  const settings = { 'aws.request.max.bytes': 300_000 }
  const [plain, byNode] = await Promise.all([false, true].map((byNode) => openDoor({ settings, byNode, clock: new ManualClock() })))
  doors = [plain!, byNode!]
  for (const { url } of doors) {
    await call(url, 'CreateStream', { StreamName: 'stream', ShardCount: 1 })
    await call(url, 'PutRecord', { StreamName: 'stream', PartitionKey: 'ключ', Data: Buffer.alloc(70_000, 'a').toString('base64') })
  }
})
afterAll(async () => {
  await Promise.all(doors.map((door) => door.close()))
})

/** Answers that are whole, in what was heard. */
function countOf(heard: string): number {
  let count = 0
  for (let at = 0; ; ) {
    const end = heard.indexOf('\r\n\r\n', at)
    if (end < 0) return count
    const head = heard.slice(at, end)
    at = end + 4 + Number(/content-length: (\d+)/i.exec(head)?.[1] ?? 0)
    if (at > heard.length) return count
    if (!head.startsWith('HTTP/1.1 100')) count++
  }
}

/** Writes what is in each step, piece by piece, and waits for so many answers before the next; everything that came back, and whether the connection goes on. */
async function answersOf(port: number, steps: readonly { pieces: readonly Buffer[]; answers: number }[]): Promise<string> {
  const socket = net.connect({ port, host: '127.0.0.1', noDelay: true })
  let heard = ''
  let closed = false
  let wake = (): void => {}
  socket.on('data', (chunk) => {
    heard += chunk.toString('latin1')
    wake()
  })
  for (const event of ['end', 'error', 'close']) {
    socket.on(event, () => {
      closed = true
      wake()
    })
  }
  let wanted = 0
  for (const { pieces, answers } of steps) {
    for (const piece of pieces) {
      if (closed) break
      socket.write(piece)
      await new Promise(setImmediate)
    }
    wanted += answers
    while (!closed && countOf(heard) < wanted) await new Promise<void>((woken) => (wake = woken))
  }
  socket.destroy()
  return `${heard}<${closed ? 'closed' : 'goes on'}>`
}

/** Without what is new in every answer. */
const settled = (answers: string): string =>
  answers
    .replaceAll(/x-amzn-RequestId: \S+/g, 'x-amzn-RequestId: …')
    .replaceAll(/x-amz-id-2: \S+/g, 'x-amz-id-2: …')
    .replaceAll(/Date: [^\r]+/g, 'Date: …')
    .replaceAll(/"(Next)?ShardIterator":"[^"]+"/g, '"ShardIterator":"…"')
    .replaceAll(/CreationTimestamp":[\d.]+/g, 'CreationTimestamp":…')

const headersOf = (operation: string): Record<string, string> => ({
  Host: 'a',
  'Content-Type': 'application/x-amz-json-1.1',
  'X-Amz-Target': `Kinesis_20131202.${operation}`,
  Authorization: signed.authorization,
  'X-Amz-Date': signed['x-amz-date'],
})

function request(operation: string, body: string, others: Record<string, string> = {}, method = 'POST'): Buffer {
  const headers = { ...headersOf(operation), 'Content-Length': String(Buffer.byteLength(body)), ...others }
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`)
  return Buffer.from(`${method} / HTTP/1.1\r\n${lines.join('')}\r\n${body}`)
}

const put = (bytes: number): string =>
  JSON.stringify({ StreamName: 'stream', PartitionKey: 'key', Data: Buffer.alloc(bytes, 'b').toString('base64'), ExplicitHashKey: '0' })
const chunked = (body: string): Buffer => {
  const head = request('ListStreams', '', { 'Transfer-Encoding': 'chunked' }).toString().replace('Content-Length: 0\r\n', '')
  return Buffer.from(`${head}${body.length.toString(16)}\r\n${body}\r\n0\r\n\r\n`)
}
const list = (others: Record<string, string> = {}, method = 'POST'): Buffer => request('ListStreams', '{}', others, method)

/** What HTTP allows. */
const good = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.constantFrom(10, 1000, 70_000, 200_000).map((bytes) => request('DescribeStreamSummary', `{"a":"${'x'.repeat(bytes)}"}`)),
  },
  { weight: 2, arbitrary: fc.constant(request('ListShards', JSON.stringify({ StreamName: 'stream' }))) },
  { weight: 2, arbitrary: fc.constantFrom('{}', '{', '[]', '"ü"', '').map((body) => request('ListStreams', body)) },
  fc.constantFrom(
    request('PutRecord', '{"StreamName":"stream","PartitionKey":"","Data":"YQ=="}'),
    request('PutRecord', put(100_000).replace('YmJi', 'Ym')),
    request('Unknown', '{}'),
    list({}, 'GET'),
    list({ Connection: 'Keep-Alive' }),
    list({ 'Content-Type': 'application/x-amz-cbor-1.1' }),
    list({ Origin: 'http://localhost' }),
    list({ 'Content-Encoding': 'br' }),
    list({ 'X-Long': 'x'.repeat(10_000) }),
    list({ 'X-Tab': 'a\tb' }),
    chunked('{}'),
    Buffer.concat([Buffer.from('\r\n'), list()]),
  ),
)
/** What ends the connection, or is answered before it is whole. */
const bad = fc.constantFrom(
  Buffer.from('hello world\r\n\r\n'),
  list({ Connection: 'close' }),
  list({ Expect: '100-continue' }),
  list({ Expect: 'more' }),
  list({ 'X-Long': 'x'.repeat(20_000) }),
  list({ 'Content-Length': '400000' }),
  list({ 'Transfer-Encoding': 'chunked' }),
  list({ 'Content-Length': '2, 2' }),
  list({ 'Bad Name': 'a' }),
  list({ 'X-Zero': 'a\0b' }),
)

const share = fc.double({ min: 0, max: 0.999, noNaN: true })

function cut(bytes: Buffer, at: readonly number[]): Buffer[] {
  const places = [...new Set(at.map((place) => Math.floor(place * bytes.length)))].sort((one, other) => one - other)
  return [0, ...places].map((from, i) => bytes.subarray(from, places[i] ?? bytes.length)).filter(({ length }) => length > 0)
}

async function compare(steps: Parameters<typeof answersOf>[1]): Promise<string> {
  const [ours, theirs] = await Promise.all(doors.map(({ server }) => answersOf(server.port, steps)))
  expect(settled(ours!)).toBe(settled(theirs!))
  return ours!
}

test('requests that do not wait for answers, in any pieces, get the same ones', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(good, { minLength: 1, maxLength: 5 }), fc.array(share, { maxLength: 5 }), async (requests, places) => {
      await compare([{ pieces: cut(Buffer.concat(requests), places), answers: requests.length }])
    }),
    { seed, numRuns: 200 },
  )
})

test('whatever follows an answer gets the same one, and the connection ends or goes on', async () => {
  const step = fc
    .record({ bytes: fc.oneof({ weight: 2, arbitrary: good }, bad), places: fc.array(share, { maxLength: 2 }) })
    .map(({ bytes, places }) => ({ pieces: cut(bytes, places), answers: 1 }))
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 1, maxLength: 4 }), async (steps) => {
      await compare(steps)
    }),
    { seed, numRuns: 200 },
  )
})

test('records are put and read the same', async () => {
  for (const bytes of [1, 20, 1000, 50_000, 150_000]) {
    expect(await compare([{ pieces: cut(request('PutRecord', put(bytes)), [0.2, 0.7]), answers: 1 }])).toContain('SequenceNumber')
  }
  const read = async ({ url, server }: DoorUnderTest): Promise<string> => {
    const { body } = await call(url, 'GetShardIterator', { StreamName: 'stream', ShardId: 'shardId-000000000000', ShardIteratorType: 'TRIM_HORIZON' })
    return answersOf(server.port, [{ pieces: [request('GetRecords', JSON.stringify(body))], answers: 1 }])
  }
  const [ours, theirs] = await Promise.all(doors.map(read))
  expect(ours).toContain('"Records":[{')
  expect(settled(ours!)).toBe(settled(theirs!))
})
