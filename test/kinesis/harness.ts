// What the tests of the AWS door share: a broker's engine over a memory store with the door in front, on a free port, and raw requests.
import http from 'node:http'
import type { Socket } from 'node:net'
import { type Clock, systemClock } from '../../src/clock.ts'
import { Settings } from '../../src/config.ts'
import { Engine, stamp } from '../../src/engine/engine.ts'
import { createKinesisServer, type KinesisServer, type ObservedCall } from '../../src/kinesis/server.ts'
import { silentLogger } from '../../src/logging.ts'
import { systemRandom } from '../../src/random.ts'
import { openMemoryStore } from '../../storage/memory-store.ts'
import type { Store } from '../../storage/store.ts'
import { checkOutput } from './model.ts'

export interface DoorUnderTest {
  engine: Engine
  server: KinesisServer
  url: string
  calls: ObservedCall[]
  close(): Promise<void>
}

export async function openDoor(
  options: { settings?: Record<string, string | number>; clock?: Clock; store?: Store; byNode?: boolean } = {},
): Promise<DoorUnderTest> {
  const clock = options.clock ?? systemClock
  const settings = Settings.of(options.settings ?? {})
  const store =
    options.store ??
    openMemoryStore({
      stamp,
      now: () => clock.now(),
      flush: 'sync',
      recentBytesMax: 0,
      onFailure: (error) => {
        throw error
      },
    })
  const engine = await Engine.start({ store, settings, clock, random: systemRandom })
  const calls: ObservedCall[] = []
  const server = createKinesisServer({
    engine,
    settings,
    clock,
    random: systemRandom,
    logger: silentLogger,
    host: '127.0.0.1',
    port: 0,
    byNode: options.byNode ?? false,
    observe: (call) => calls.push(call),
  })
  await server.listen()
  return {
    engine,
    server,
    url: server.url,
    calls,
    close: async () => {
      await server.close(1000)
      engine.close()
      await store.close()
    },
  }
}

export interface Reply {
  status: number
  headers: http.IncomingHttpHeaders
  text: string
  bytes: Buffer
}

/** The least that passes for a signature. */
export const signed = { authorization: 'AWS4-HMAC-SHA256 Credential=a, SignedHeaders=b, Signature=c', 'x-amz-date': '20260101T000000Z' }

/** One HTTP/1.1 request on a connection of its own. */
export function send(
  url: string,
  options: { method?: string; path?: string; headers?: Record<string, string>; body?: string | Buffer },
): Promise<Reply> {
  return new Promise((resolve, reject) => {
    const request = http.request(
      url + (options.path ?? '/'),
      { method: options.method ?? 'POST', headers: options.headers ?? {}, agent: false },
      (response) => {
        const chunks: Buffer[] = []
        response.on('data', (chunk: Buffer) => chunks.push(chunk))
        response.on('end', () =>
          resolve({
            status: response.statusCode ?? 0,
            headers: response.headers,
            text: Buffer.concat(chunks).toString(),
            bytes: Buffer.concat(chunks),
          }),
        )
        response.on('error', reject)
      },
    )
    request.on('error', reject)
    request.end(options.body)
  })
}

/** Calls an operation as a client would; the answer's body as an object. */
export async function call(url: string, operation: string, input: unknown): Promise<{ status: number; body: Record<string, unknown> }> {
  const headers = { 'content-type': 'application/x-amz-json-1.1', 'x-amz-target': `Kinesis_20131202.${operation}`, ...signed }
  const reply = await send(url, { headers, body: typeof input === 'string' ? input : JSON.stringify(input) })
  const body = reply.text === '' ? {} : (JSON.parse(reply.text) as Record<string, unknown>)
  if (reply.status === 200) checkOutput(operation, body)
  return { status: reply.status, body }
}

/** The status of a call that anybody may make; 0 where there is no answer. */
export const statusOf = ({ url }: DoorUnderTest): Promise<number> =>
  call(url, 'ListStreams', {}).then(
    ({ status }) => status,
    () => 0,
  )

/** Reads what comes until the connection has ended, in whatever way. */
export const closed = (socket: Socket): Promise<void> =>
  new Promise((ended) => {
    socket.on('error', () => {}).once('close', () => ended())
    socket.resume()
  })
