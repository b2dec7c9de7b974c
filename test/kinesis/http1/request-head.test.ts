// Heads of requests: what is taken for plain is what node:http reads from the same bytes, whatever they are.
import http from 'node:http'
import { Duplex } from 'node:stream'
import fc from 'fast-check'
import { afterAll, expect, test } from 'vitest'
import { readHead } from '../../../src/kinesis/http1/request-head.ts'

const usual = [
  'POST / HTTP/1.1',
  'Host: 127.0.0.1:4567',
  'Content-Type: application/x-amz-json-1.1',
  'X-Amz-Target: Kinesis_20131202.PutRecord',
  'authorization: AWS4-HMAC-SHA256 Credential=a/20260101/us-east-1/kinesis/aws4_request, SignedHeaders=host;x-amz-date, Signature=00',
  'Connection: keep-alive',
  'Content-Length: 12',
]
const withLine = (line: string): string => [...usual, line].join('\r\n')

test('the head of an SDK’s request is plain', () => {
  expect(readHead(usual.join('\r\n'))).toEqual({
    url: '/',
    bodyBytes: 12,
    headers: {
      host: '127.0.0.1:4567',
      'content-type': 'application/x-amz-json-1.1',
      'x-amz-target': 'Kinesis_20131202.PutRecord',
      authorization: usual[4]!.slice(15),
      connection: 'keep-alive',
      'content-length': '12',
    },
  })
})

test.each([
  ['chunks', withLine('Transfer-Encoding: chunked')],
  ['chunks under another name', withLine('Transfer-Encoding : chunked')],
  ['two lengths', withLine('Content-Length: 12')],
  ['two lengths that differ', withLine('content-length: 13')],
  ['a header twice', withLine('X-Amz-Target: Kinesis_20131202.ListStreams')],
  ['an expectation', withLine('Expect: 100-continue')],
  ['an upgrade', withLine('Upgrade: h2c')],
  ['a trailer', withLine('Trailer: a')],
  ['a folded line', withLine('X-A: b\r\n c')],
  ['a line without a colon', withLine('X-A')],
  ['a line without a name', withLine(': b')],
  ['a lone line feed', withLine('X-A: b\nX-C: d')],
  ['a lone carriage return', withLine('X-A: b\rX-C: d')],
  ['a zero byte', withLine('X-A: b\0')],
  ['a letter beyond ASCII', withLine('X-A: ü')],
  ['a name of Object’s', withLine('constructor: a')],
  ['a prototype', withLine('__proto__: a')],
  ['an empty line at the end', `${usual.join('\r\n')}\r\n`],
  ['an empty line in front', `\r\n${usual.join('\r\n')}`],
  ['the end of the connection', usual.join('\r\n').replace('keep-alive', 'close')],
  ['a signed length', usual.join('\r\n').replace('Length: 12', 'Length: +12')],
  ['a length in hex', usual.join('\r\n').replace('Length: 12', 'Length: 0x12')],
  ['a length of nothing', usual.join('\r\n').replace('Length: 12', 'Length: 0')],
  ['no length', usual.slice(0, -1).join('\r\n')],
  ['no host', usual.filter((line) => !line.startsWith('Host')).join('\r\n')],
  ['nothing but a first line', usual[0]!],
  ['HTTP/1.0', usual.join('\r\n').replace('HTTP/1.1', 'HTTP/1.0')],
  ['another method', usual.join('\r\n').replace('POST', 'PUT')],
  ['a whole address', usual.join('\r\n').replace('POST /', 'POST http://a/')],
  ['a path with a space', usual.join('\r\n').replace('POST /', 'POST /a b')],
  ['a path with a fragment', usual.join('\r\n').replace('POST /', 'POST /#a')],
  ['too many headers', withLine(Array.from({ length: 64 }, (_, i) => `X-${i}: a`).join('\r\n'))],
])('%s is not plain', (_what, head) => {
  expect(readHead(head)).toBeNull()
})

type Read = { url: string; headers: http.IncomingHttpHeaders; method: string; bodyBytes: number } | null

/** What node:http reads from bytes, a connection for each. */
class NodeReader extends http.Server {
  #settle: (read: Read) => void = () => {}

  constructor() {
    super(({ url = '', headers, method = '' }) => this.#settle({ url, headers, method, bodyBytes: Number(headers['content-length']) }))
    this.on('clientError', () => this.#settle(null))
  }

  read(bytes: Buffer): Promise<Read> {
    return new Promise((settle) => {
      const connection = new Duplex({ read: () => {}, write: (_chunk, _encoding, done) => done() })
      connection.on('error', () => {})
      this.#settle = settle
      this.emit('connection', connection)
      connection.push(bytes)
      // It has looked at them by then.
      setImmediate(() => {
        settle(null)
        connection.destroy()
      })
    })
  }
}

const node = new NodeReader()
afterAll(() => void node.close())

const piece = fc.oneof(
  { weight: 6, arbitrary: fc.constantFrom(...usual.flatMap((line) => [line, line.split(':')[0]!, line.toUpperCase()])) },
  {
    weight: 4,
    arbitrary: fc.constantFrom(
      ...[' ', '\t', ':', '\r\n', '\r', '\n', '\0', '\x7f', '\x80', 'ÿ', 'a', '0', '7', ',', ';', '"', '\\', '#', '?', '%', '|', '^', '_'],
      ...['Transfer-Encoding: chunked', 'Transfer-Encoding: identity', 'Content-Length: 5', 'Expect: a', 'Upgrade: a', 'Connection: close, upgrade'],
      ...['HTTP/1.1', 'HTTP/1.0', 'HTTP/2.0', 'POST', 'PRI', 'Keep-Alive: 5', 'Proxy-Connection: close', 'X-A: b', 'TE: trailers', 'Cookie: a=b'],
    ),
  },
)

test('whatever is taken for plain, node:http reads the same from it', async () => {
  const seed = Date.now() & 0x7fffffff
  let plain = 0
  const change = fc.record({ line: fc.nat(usual.length), at: fc.nat(40), drop: fc.nat(3), text: piece })
  await fc.assert(
    fc.asyncProperty(fc.array(change, { maxLength: 3 }), fc.shuffledSubarray(usual.slice(1), { minLength: 3 }), async (changes, headers) => {
      const lines = [usual[0]!, ...headers]
      for (const { line, at, drop, text } of changes) {
        const old = lines[line] ?? ''
        lines[line % (lines.length + 1)] = old.slice(0, at) + text + old.slice(at + drop)
      }
      const head = lines.join('\r\n')
      const ours = readHead(head)
      if (!ours) return
      plain++
      const theirs = await node.read(Buffer.from(`${head}\r\n\r\n`, 'latin1'))
      expect(theirs, head).toEqual({ method: 'POST', ...ours })
    }),
    { seed, numRuns: 3000 },
  )
  expect(plain).toBeGreaterThan(300)
})
