// Event streams on their way: what has to end, ends.
import { createServer, type ServerResponse } from 'node:http'
import http2 from 'node:http2'
import { type AddressInfo, connect } from 'node:net'
import { expect, test } from 'vitest'
import { EventSender, isOver } from '../../src/kinesis/event-sender.ts'

/** A response whose client went while the answer was made, and has been told of. */
async function goneOverHttp1(use: (response: ServerResponse) => Promise<void>): Promise<void> {
  const server = createServer()
  const gone = new Promise<ServerResponse>((resolve) => {
    server.on('request', (_, response) => response.once('close', () => resolve(response)))
  })
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening))
  const client = connect((server.address() as AddressInfo).port, '127.0.0.1', () => {
    server.once('request', () => client.resetAndDestroy())
    client.write('POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n')
  })
  client.on('error', () => {})
  await use(await gone)
  server.close()
}

async function goneOverHttp2(use: (response: http2.Http2ServerResponse) => Promise<void>): Promise<void> {
  const server = http2.createServer()
  const gone = new Promise<http2.Http2ServerResponse>((resolve) => {
    server.on('request', (_, response) => response.stream.once('close', () => setImmediate(resolve, response)))
  })
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening))
  const client = http2.connect(`http://127.0.0.1:${(server.address() as AddressInfo).port}`)
  server.once('request', () => client.destroy())
  client.on('error', () => {})
  client
    .request({ ':method': 'POST' })
    .on('error', () => {})
    .end()
  await use(await gone)
  server.close()
}

test.each([
  ['HTTP/1.1', goneOverHttp1],
  ['HTTP/2', goneOverHttp2],
])('a client that went before its answer began is sent nothing (%s)', (_, gone) =>
  gone(async (response) => {
    expect(isOver(response)).toBe(true)
    let ended = false
    async function* frames(): AsyncGenerator<Buffer> {
      try {
        for (;;) yield Buffer.from('frame')
      } finally {
        ended = true
      }
    }
    const answer = { status: 200, headers: {}, body: '', operation: 'SubscribeToShard', errorType: null }
    expect(await new EventSender().send(answer, frames, response)).toBe(0)
    expect(ended).toBe(true)
  }),
)
