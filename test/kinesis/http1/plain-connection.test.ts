// HTTP/1.1 of our own over real sockets: what it does with time, with clients that stop, and when the connection becomes node:http's.
import { once } from 'node:events'
import net from 'node:net'
import { afterEach, expect, test } from 'vitest'
import { ManualClock } from '../../../src/clock.ts'
import { call, type DoorUnderTest, openDoor, signed } from '../harness.ts'

let door: DoorUnderTest | undefined
const sockets: net.Socket[] = []
afterEach(async () => {
  for (const socket of sockets.splice(0)) socket.destroy()
  await door?.close()
  door = undefined
})

/** A client that keeps what it hears. */
class Client {
  readonly socket: net.Socket
  heard = ''
  readonly closed: Promise<unknown>

  constructor({ server }: DoorUnderTest) {
    this.socket = net.connect(server.port, '127.0.0.1')
    sockets.push(this.socket)
    this.socket.on('data', (chunk) => {
      this.heard += chunk.toString('latin1')
    })
    this.socket.on('error', () => {})
    this.closed = once(this.socket, 'close')
  }

  /** Asks, and waits for as many answers as there are questions. */
  async ask(...requests: string[]): Promise<string> {
    this.heard = ''
    this.socket.write(requests.join(''))
    await expect.poll(() => this.heard.split('HTTP/1.1 ').length - 1).toBe(requests.length)
    return this.heard
  }
}

function request(operation: string, input: object, others = ''): string {
  const body = JSON.stringify(input)
  const signature = `Authorization: ${signed.authorization}\r\nX-Amz-Date: ${signed['x-amz-date']}\r\n`
  const named = `Content-Type: application/x-amz-json-1.1\r\nX-Amz-Target: Kinesis_20131202.${operation}\r\n`
  return `POST / HTTP/1.1\r\nHost: a\r\n${named}${signature}${others}Content-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`
}

const list = request('ListStreams', {})

test('requests one after the other, and several at once, are answered in order on one connection', async () => {
  door = await openDoor()
  const client = new Client(door)
  expect(await client.ask(list)).toContain('"StreamNames":[]')
  const several = Array.from({ length: 300 }, (_, i) => request('DescribeStreamSummary', { StreamName: `stream-${i}` }))
  const answers = await client.ask(...several)
  expect([...answers.matchAll(/Stream (stream-\d+) under/g)].map(([, name]) => name)).toEqual(several.map((_, i) => `stream-${i}`))
  expect(await client.ask(list)).toContain('Connection: keep-alive\r\nKeep-Alive: timeout=75\r\n')
})

test('a subscription on a connection that has asked for something else before is pushed its events', async () => {
  door = await openDoor()
  const { url } = door
  await call(url, 'CreateStream', { StreamName: 's', ShardCount: 1 })
  const StreamARN = 'arn:aws:kinesis:us-east-1:000000000000:stream/s'
  const registered = await call(url, 'RegisterStreamConsumer', { StreamARN, ConsumerName: 'c' })
  const { ConsumerARN } = registered.body['Consumer'] as { ConsumerARN: string }
  const client = new Client(door)
  await client.ask(list, list)
  const subscription = { ConsumerARN, ShardId: 'shardId-000000000000', StartingPosition: { Type: 'LATEST' } }
  client.socket.write(request('SubscribeToShard', subscription))
  await expect.poll(() => client.heard).toContain('initial-response')
  await call(url, 'PutRecord', { StreamName: 's', PartitionKey: 'the-key', Data: 'YQ==' })
  await expect.poll(() => client.heard).toContain('the-key')
  expect(client.heard).toContain('Transfer-Encoding: chunked')
})

test('a client that stops in the middle of a body is told so in time, and nothing of it is kept', async () => {
  door = await openDoor({ settings: { 'aws.request.timeout.ms': 100 } })
  const client = new Client(door)
  await client.ask(list)
  client.heard = ''
  client.socket.write(list.slice(0, -1))
  await expect.poll(() => client.heard).not.toBe('')
  client.socket.write(list.slice(-1))
  await client.closed
  expect(client.heard).toBe('HTTP/1.1 408 Request Timeout\r\nConnection: close\r\nContent-Length: 0\r\n\r\n')
  await expect.poll(() => door?.calls.at(-1)).toMatchObject({ errorType: 'ClientGone' })
})

test('a connection on which nothing is asked is closed after a while, but not before', async () => {
  const clock = new ManualClock()
  door = await openDoor({ clock })
  const client = new Client(door)
  await client.ask(list)
  await clock.advance(70_000)
  await client.ask(list)
  await clock.advance(70_000)
  expect(await client.ask(list)).toContain('200 OK')
  await clock.advance(80_000)
  await client.closed
})

test('clients that stop in the middle of large bodies hold up nobody', async () => {
  door = await openDoor({ settings: { 'aws.request.max.bytes': 65_536 } })
  const large = request('ListStreams', { X: 'x'.repeat(65_000) })
  const idlers = Array.from({ length: 40 }, () => new Client(door!))
  for (const { socket } of idlers) socket.write(large.slice(0, 40_000))
  await Promise.all(idlers.map(({ socket }) => once(socket, 'connect')))
  expect(await new Client(door).ask(list)).toContain('200 OK')
  for (const { socket } of idlers) socket.destroy()
  const next = new Client(door)
  next.socket.write(large.slice(0, 40_000))
  expect(await next.ask(large.slice(40_000))).toContain('200 OK')
})

test('a stop closes connections that wait for nothing, and answers others first', async () => {
  door = await openDoor()
  const { url, server } = door
  await call(url, 'CreateStream', { StreamName: 's', ShardCount: 1 })
  const [idle, half] = [new Client(door), new Client(door)]
  await idle.ask(list)
  await half.ask(list)
  half.heard = ''
  half.socket.write(list.slice(0, -1))
  await expect.poll(() => half.socket.bytesWritten).toBe(2 * list.length - 1)
  // What was written is read before what comes on a later connection.
  await call(url, 'ListStreams', {})
  const stopped = server.close(10_000)
  await idle.closed
  half.socket.write(list.slice(-1))
  await half.closed
  await stopped
  expect(half.heard).toContain('HTTP/1.1 200 OK\r\n')
  expect(half.heard).toContain('Connection: close\r\n')
})
