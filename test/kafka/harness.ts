// A Kafka door on a memory store, and a client that sends any bytes, in any order, and reads whatever comes.
import { connect, type Socket } from 'node:net'
import { decodeResponse, isFlexible, writeRequest } from '../../protocol/codec.ts'
import { decodeResponseHeader, writeRequestHeader } from '../../protocol/header.ts'
import { type BatchOptions, buildBatch, type RecordInput } from '../../protocol/records/builder.ts'
import type { Api, RequestInput, ResponseOf } from '../../protocol/schema.ts'
import { Writer } from '../../protocol/writer.ts'
import { type Clock, systemClock } from '../../src/clock.ts'
import { Settings, type SettingsInput } from '../../src/config.ts'
import { Counters } from '../../src/counters.ts'
import { Engine, stamp } from '../../src/engine/engine.ts'
import type { Handler } from '../../src/kafka/context.ts'
import { openCoordinators } from '../../src/kafka/coordinators.ts'
import { KafkaServer } from '../../src/kafka/server.ts'
import type { LogFields, Logger } from '../../src/logging.ts'
import { seededRandom } from '../../src/random.ts'
import { openMemoryStore } from '../../storage/memory-store.ts'
import type { Store } from '../../storage/store.ts'

export interface Door extends AsyncDisposable {
  server: KafkaServer
  engine: Engine
  counters: Counters
  clock: Clock
  /** What was logged, as `level message` with its fields. */
  log: { level: string; message: string; fields: LogFields }[]
  open(): Promise<Wire>
}

export interface DoorOptions {
  settings?: SettingsInput
  handlers?: readonly Handler[]
  readByEvents?: boolean
  clock?: Clock
  /** How long a commit takes to come back, as on a disk. */
  commitMs?: number
}

export async function startDoor(options: DoorOptions = {}): Promise<Door> {
  const clock = options.clock ?? systemClock
  const settings = Settings.of(options.settings)
  const random = seededRandom(7)
  const log: Door['log'] = []
  const at =
    (level: string) =>
    (message: string, fields: LogFields = {}) =>
      void log.push({ level, message, fields })
  const logger: Logger = { debug: at('debug'), info: at('info'), warn: at('warn'), error: at('error') }
  const store = openMemoryStore({ stamp, now: () => clock.now(), flush: 'sync', recentBytesMax: 1 << 20, onFailure: () => {} })
  if (options.commitMs !== undefined) slowDown(store, options.commitMs)
  const engine = await Engine.start({ store, settings, clock, random })
  const counters = new Counters()
  const coordinators = await openCoordinators({ engine, settings, clock, random, counters, onError: () => {} })
  const { handlers, readByEvents } = options
  const server = new KafkaServer({
    engine,
    ...coordinators,
    settings,
    clock,
    random,
    logger,
    counters,
    host: '127.0.0.1',
    port: 0,
    ...(handlers ? { handlers } : {}),
    ...(readByEvents ? { readByEvents } : {}),
  })
  await server.listen()
  return {
    server,
    engine,
    counters,
    clock,
    log,
    open: () => Wire.open(server.port),
    async [Symbol.asyncDispose]() {
      engine.close()
      await server.close(0)
      coordinators.close()
      await store.close()
    },
  }
}

/** Tells of every commit later than it is done. */
function slowDown(store: Store, commitMs: number): void {
  const batchOf = store.batch.bind(store)
  store.batch = () => {
    const batch = batchOf()
    const commit = batch.commit.bind(batch)
    batch.commit = async () => {
      const results = await commit()
      await new Promise((told) => setTimeout(told, commitMs))
      return results
    }
    return batch
  }
}

/** One request, framed. */
export function frameOf<A extends Api>(api: A, version: number, correlationId: number, request: RequestInput<A>): Buffer {
  const writer = new Writer()
  writer.int32(0)
  writeRequestHeader(writer, { apiKey: api.key, apiVersion: version, correlationId, clientId: 'test' }, isFlexible(api, version))
  writeRequest(api, version, writer, request)
  const bytes = writer.toBuffer()
  bytes.writeInt32BE(bytes.length - 4, 0)
  return bytes
}

export function readAnswer<A extends Api>(api: A, version: number, frame: Buffer): { correlationId: number; body: ResponseOf<A> } {
  const { correlationId, bodyAt } = decodeResponseHeader(frame, api.key, isFlexible(api, version))
  return { correlationId, body: decodeResponse(api, version, frame, bodyAt) }
}

/** A socket that knows frames. */
export class Wire implements AsyncDisposable {
  readonly socket: Socket
  /** Settles when the other side has closed. */
  readonly closed: Promise<void>
  #received = Buffer.alloc(0)
  #frames: Buffer[] = []
  #waiting: { resolve(frame: Buffer): void; reject(error: Error): void }[] = []
  #over = false
  #nextId = 1

  private constructor(socket: Socket) {
    this.socket = socket
    socket.on('data', (bytes) => this.#take(bytes))
    socket.on('error', () => {})
    this.closed = new Promise((resolve) => {
      socket.on('close', () => {
        this.#over = true
        for (const { reject } of this.#waiting.splice(0)) reject(new Error('closed'))
        resolve()
      })
    })
  }

  static async open(port: number): Promise<Wire> {
    const socket = connect({ host: '127.0.0.1', port, noDelay: true })
    await new Promise<void>((resolve, reject) => socket.once('connect', resolve).once('error', reject))
    return new Wire(socket)
  }

  /** The answers that came and were not asked for. */
  get unread(): number {
    return this.#frames.length
  }

  write(bytes: Buffer): void {
    this.socket.write(bytes)
  }

  /** The next answer's frame, without its length. Rejects when the connection ends before it. */
  next(): Promise<Buffer> {
    const frame = this.#frames.shift()
    if (frame) return Promise.resolve(frame)
    if (this.#over) return Promise.reject(new Error('closed'))
    return new Promise((resolve, reject) => this.#waiting.push({ resolve, reject }))
  }

  /** Sends a request and returns its correlation id. */
  send<A extends Api>(api: A, version: number, request: RequestInput<A>): number {
    const id = this.#nextId++
    this.write(frameOf(api, version, id, request))
    return id
  }

  /** Sends one and reads one; nothing else may be under way. */
  async ask<A extends Api>(api: A, version: number, request: RequestInput<A>): Promise<ResponseOf<A>> {
    const id = this.send(api, version, request)
    const { correlationId, body } = readAnswer(api, version, await this.next())
    if (correlationId !== id) throw new Error(`answer ${correlationId} to request ${id}`)
    return body
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.socket.destroy()
    await this.closed
  }

  #take(bytes: Buffer): void {
    this.#received = Buffer.concat([this.#received, bytes])
    while (this.#received.length >= 4 && this.#received.length >= 4 + this.#received.readInt32BE(0)) {
      const end = 4 + this.#received.readInt32BE(0)
      const frame = this.#received.subarray(4, end)
      this.#received = this.#received.subarray(end)
      const waiting = this.#waiting.shift()
      if (waiting) waiting.resolve(frame)
      else this.#frames.push(frame)
    }
  }
}

/** A batch of records with these values. */
export function batch(values: readonly (string | Buffer)[], options: BatchOptions & { timestampMs?: number } = {}): Buffer {
  const { timestampMs = 1_700_000_000_000, ...rest } = options
  return buildBatch(
    values.map((value): RecordInput => ({ key: null, value, timestampMs })),
    rest,
  )
}
