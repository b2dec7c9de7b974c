import type { AddressInfo } from 'node:net'
import { connect, createServer, type Socket } from 'node:net'
import { afterEach, expect, test } from 'vitest'
import { newScratch } from '../../src/direct-socket.ts'
import { FrameReader } from '../../src/kafka/frame-reader.ts'
import { type FrameSource, frameSource } from '../../src/kafka/frame-source.ts'

const closers: (() => void)[] = []
afterEach(() => {
  for (const close of closers.splice(0)) close()
})

/** A server that reads one connection, and a client of it. */
async function pair(direct: boolean, admit: (bytes: number) => boolean = () => true) {
  const frames: Buffer[] = []
  const memory: Buffer[] = []
  let wake: (() => void) | null = null
  let read = 0
  const reader = new FrameReader(
    {
      admit,
      memory: (bytes) => {
        memory.push(Buffer.allocUnsafeSlow(bytes))
        return memory.at(-1)!
      },
      frame: (frame) => {
        frames.push(frame)
        wake?.()
      },
      fault: () => {},
    },
    1 << 30,
  )
  const scratch = newScratch()
  const accepted = new Promise<FrameSource>((resolve) => {
    const server = createServer({ pauseOnConnect: true, noDelay: true }, (socket: Socket) => {
      const source = frameSource(
        socket,
        reader,
        (bytes) => {
          read += bytes
        },
        direct ? scratch : null,
      )
      source.socket.on('error', () => {})
      closers.push(() => source.socket.destroy())
      resolve(source)
    })
    closers.push(() => server.close())
    server.listen(0, '127.0.0.1', () => {
      const client = connect((server.address() as AddressInfo).port, '127.0.0.1')
      closers.push(() => client.destroy())
      clientReady(client)
    })
  })
  let clientReady!: (client: Socket) => void
  const client = await new Promise<Socket>((resolve) => {
    clientReady = resolve
  })
  const source = await accepted
  const until = async (count: number) => {
    while (frames.length < count) await new Promise<void>((resolve) => (wake = resolve))
  }
  return { client, source, frames, memory, reader, until, readBytes: () => read }
}

function framed(bytes: number, fill: number): Buffer {
  const frame = Buffer.alloc(4 + bytes, fill)
  frame.writeInt32BE(bytes)
  return frame
}

test('this version of Node lets sockets read straight into frames', async () => {
  const { source } = await pair(true)
  expect(source.way).toBe('direct')
  expect(source.socket.remoteAddress).toBe('127.0.0.1')
})

test.each([true, false])('frames of any size arrive whole, and every byte is counted (direct: %s)', async (direct) => {
  const { client, source, frames, until, readBytes } = await pair(direct)
  expect(source.way).toBe(direct ? 'direct' : 'events')
  const sizes = [8, 100, 65_532, 65_536, 1_000_000, 9, 3_000_000, 50]
  const sent = sizes.map((size, i) => framed(size, i + 1))
  for (const bytes of sent) client.write(bytes)
  await until(sizes.length)
  frames.forEach((frame, i) => {
    expect(frame.equals(sent[i]!.subarray(4))).toBe(true)
  })
  expect(readBytes()).toBe(sent.reduce((sum, { length }) => sum + length, 0))
})

test('a large frame is read into its own memory, and nothing is copied together', async () => {
  const { client, frames, memory, until } = await pair(true)
  client.write(framed(5_000_000, 7))
  await until(1)
  expect(frames[0]).toBe(memory[0])
})

test.each([true, false])('a stopped reader leaves the rest with the client, and goes on where it stopped (direct: %s)', async (direct) => {
  let admitted = 1
  const { client, source, reader, frames, until, readBytes } = await pair(direct, () => admitted-- > 0)
  const bytes = Buffer.concat(Array.from({ length: 40 }, (_, i) => framed(500_000, i)))
  client.write(bytes)
  await until(1)
  while (!reader.stopped) await new Promise((resolve) => setImmediate(resolve))
  for (let i = 0; i < 50; i++) await new Promise((resolve) => setImmediate(resolve))
  expect(frames).toHaveLength(1)
  expect(readBytes()).toBeLessThan(1_000_000)
  admitted = 100
  reader.resume()
  source.resume()
  await until(40)
  frames.forEach((frame, i) => {
    expect(frame.every((byte) => byte === i)).toBe(true)
  })
})

test.each([true, false])('the end of the stream is seen, also by one that was told to stop (direct: %s)', async (direct) => {
  const { client, source } = await pair(direct)
  const closed = new Promise((resolve) => source.socket.once('close', resolve))
  source.stop()
  client.end(framed(1000, 1))
  await closed
})
