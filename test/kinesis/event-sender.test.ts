// Event streams on their way: what has to end, ends.
import { createServer, type ServerResponse } from 'node:http'
import { type AddressInfo, connect } from 'node:net'
import { afterEach, expect, test } from 'vitest'
import { EventSender } from '../../src/kinesis/event-sender.ts'

const server = createServer()
afterEach(() => {
  server.close()
  server.closeAllConnections()
})

test('a client that went before its answer began is sent nothing', async () => {
  const gone = new Promise<ServerResponse>((resolve) => {
    server.on('request', (_, response) => response.once('close', () => resolve(response)))
  })
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening))
  const client = connect((server.address() as AddressInfo).port, '127.0.0.1', () => {
    client.write('POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n')
    server.once('request', () => client.resetAndDestroy())
  })
  client.on('error', () => {})
  const response = await gone
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
})
