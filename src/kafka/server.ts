// The Kafka door's socket: accepts clients up to the limits, closes idle ones, and stops gracefully. A client's requests are connection.ts's.

import { createServer, type Server, type Socket } from 'node:net'
import type { Timer } from '../clock.ts'
import { newScratch } from '../direct-socket.ts'
import type { Faults } from '../faults.ts'
import { Admission, plainAddress } from './admission.ts'
import { Connection, type ConnectionShared } from './connection.ts'
import type { Handler, Services } from './context.ts'
import { FrameDispatcher } from './dispatch.ts'
import { doorServices, type OwnServices } from './door-services.ts'
import { handlers } from './handlers/index.ts'
import { HeldSockets } from './held-sockets.ts'
import { RequestBudget } from './request-budget.ts'

export interface KafkaServerOptions extends Omit<Services, 'advertised'> {
  /** Where to listen; port 0 is any free one. */
  host: string
  port: number
  /** Where clients are told to connect to. Default: where it listens. */
  advertised?: () => { host: string; port: number }
  /** What a test wants to go wrong. Default: nothing. */
  faults?: Faults
  /** Reads by Node's events instead of straight into frames: the obvious way, for tests and comparison. */
  readByEvents?: boolean
  /** Default: THE list. */
  handlers?: readonly Handler[]
}

/** Looks at every connection this often: for idle ones, and for those that keep others waiting. */
const sweepMsMax = 10_000
/** While requests of others wait for memory, a client that has stopped in the middle of one loses its connection after this. */
const stallMsMax = 10_000

export class KafkaServer {
  readonly host: string
  readonly #services: OwnServices
  readonly #requests: RequestBudget
  readonly #admission: Admission
  readonly #connections = new Set<Connection>()
  readonly #held: HeldSockets
  readonly #shared: ConnectionShared
  readonly #server: Server
  #port: number
  #sweep: Timer | null = null
  #closed = false
  #whenEmpty: (() => void) | null = null

  constructor(options: KafkaServerOptions) {
    const list = options.handlers ?? handlers
    this.host = options.host
    this.#port = options.port
    const advertised = options.advertised ?? (() => ({ host: this.host, port: this.#port }))
    this.#services = doorServices({ ...options, advertised }, list)
    const { settings, clock, counters, logger, answers, memory, throttle } = this.#services
    this.#requests = new RequestBudget(settings.get('queued.max.request.bytes'))
    this.#admission = new Admission(settings, clock, throttle)
    this.#held = new HeldSockets(clock)
    this.#shared = {
      dispatcher: new FrameDispatcher(list, this.#services),
      counters,
      logger,
      requests: this.#requests,
      memory,
      answers,
      frameBytesMax: settings.get('socket.request.max.bytes'),
      queuedBytesMax: settings.get('connection.queued.max.bytes'),
      queuedRequestsMax: settings.get('connection.queued.max.requests'),
      scratch: options.readByEvents ? null : newScratch(),
      nowMs: () => clock.now(),
      after: (ms, action) => clock.at(clock.now() + ms, action),
      ended: (connection) => this.#ended(connection),
    }
    this.#server = createServer({ pauseOnConnect: true, noDelay: true, keepAlive: true }, (socket) => this.#accept(socket))
  }

  /** Where it listens: the real port after `listen`. */
  get port(): number {
    return this.#port
  }

  get connectionCount(): number {
    return this.#connections.size
  }

  /** Settles when clients can connect. Rejects where the address cannot be had. */
  listen(): Promise<void> {
    const { settings, logger } = this.#services
    const server = this.#server
    return new Promise((resolve, reject) => {
      server.once('error', reject)
      server.listen({ host: this.host, port: this.#port, backlog: settings.get('socket.listen.backlog.size') }, () => {
        server.removeListener('error', reject)
        // Out of file descriptors, say: those who are connected go on.
        server.on('error', (error) => logger.error('kafka listener', { error }))
        const bound = server.address()
        if (bound && typeof bound === 'object') this.#port = bound.port
        this.#sweepSoon()
        resolve()
      })
    })
  }

  /** Accepts nobody more, answers what is in flight, and closes what is left after `graceMs`. */
  async close(graceMs: number): Promise<void> {
    const { clock } = this.#services
    this.#closed = true
    this.#sweep?.cancel()
    const stopped = new Promise<void>((resolve) => {
      if (this.#server.listening) this.#server.close(() => resolve())
      else resolve()
    })
    const empty = new Promise<void>((resolve) => {
      this.#whenEmpty = resolve
    })
    for (const connection of [...this.#connections]) connection.drain()
    this.#held.destroyAll()
    if (this.#connections.size > 0) {
      const deadline = clock.at(clock.now() + graceMs, () => {
        for (const connection of [...this.#connections]) connection.destroy(null)
      })
      await empty
      deadline.cancel()
    }
    await stopped
  }

  #accept(socket: Socket): void {
    if (this.#closed) {
      socket.destroy()
      return
    }
    const { settings, counters, logger } = this.#services
    const from = plainAddress(socket.remoteAddress ?? '')
    const admitted = this.#admission.came(from)
    switch (admitted.kind) {
      case 'refuse':
        counters.connectionRejected('kafka')
        logger.warn('kafka connection refused', { reason: admitted.reason, client: from })
        socket.destroy()
        return
      case 'hold':
        counters.connectionRejected('kafka')
        if (this.#held.size >= settings.get('max.connections')) socket.destroy()
        else this.#held.hold(socket, admitted.delayMs, () => socket.destroy())
        return
      case 'enter': {
        const enter = (): void => void this.#connections.add(new Connection(socket, this.#shared))
        if (admitted.delayMs === 0) enter()
        else this.#held.hold(socket, admitted.delayMs, enter, () => this.#admission.left(from))
      }
    }
  }

  #ended(connection: Connection): void {
    this.#connections.delete(connection)
    this.#admission.left(plainAddress(connection.host))
    if (this.#connections.size === 0) this.#whenEmpty?.()
  }

  #sweepSoon(): void {
    const { settings, clock } = this.#services
    const idleMs = settings.get('connections.max.idle.ms')
    const everyMs = idleMs < 0 ? sweepMsMax : Math.max(10, Math.min(sweepMsMax, idleMs / 2))
    this.#sweep = clock.at(clock.now() + everyMs, () => {
      this.#sweepNow(idleMs)
      this.#sweepSoon()
    })
  }

  #sweepNow(idleMs: number): void {
    const { clock, memory } = this.#services
    const nowMs = clock.now()
    memory.trim()
    for (const connection of [...this.#connections]) {
      const quietMs = nowMs - connection.lastActiveMs
      if (idleMs >= 0 && quietMs > idleMs && !connection.working) connection.destroy(null)
      else if (this.#requests.waiting > 0 && connection.midFrame && quietMs > stallMsMax) {
        connection.destroy(`it stopped in the middle of a request ${quietMs} ms ago, while others wait for memory`)
      }
    }
  }
}
