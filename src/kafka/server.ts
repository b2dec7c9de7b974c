// The Kafka door's socket: accepts clients up to the limits, closes idle ones, and stops gracefully. A client's requests are connection.ts's.

import { createServer, type Server, type Socket } from 'node:net'
import type { Timer } from '../clock.ts'
import { LentMemory } from '../lent-memory.ts'
import { Admission, plainAddress } from './admission.ts'
import { Connection, type ConnectionShared } from './connection.ts'
import type { DoorServices, Handler, Services } from './context.ts'
import { createDispatcher } from './dispatch.ts'
import { FetchSessions } from './fetch-sessions.ts'
import { newScratch } from './frame-source.ts'
import { handlers } from './handlers/index.ts'
import { RequestBudget } from './request-budget.ts'
import { releaseSession } from './share/acknowledging.ts'
import { ShareSessions } from './share/sessions.ts'
import { ClientTelemetry } from './telemetry/client-telemetry.ts'
import { Throttle } from './throttle.ts'

export interface KafkaServerOptions extends Omit<Services, 'advertised'> {
  /** Where to listen; port 0 is any free one. */
  host: string
  port: number
  /** Where clients are told to connect to. Default: where it listens. */
  advertised?: () => { host: string; port: number }
  /** Reads by Node's events instead of straight into frames: the obvious way, for tests and comparison. */
  readByEvents?: boolean
  /** Default: THE list. */
  handlers?: readonly Handler[]
}

export interface KafkaServer {
  /** Settles when clients can connect. Rejects where the address cannot be had. */
  listen(): Promise<void>
  /** Where it listens. The port is the real one after `listen`. */
  readonly host: string
  readonly port: number
  readonly connectionCount: number
  /** Accepts nobody more, answers what is in flight, and closes what is left after `graceMs`. */
  close(graceMs: number): Promise<void>
}

/** Memory of frames kept for the next ones: what four producers with five large requests each have under way. */
const keptFrameBytesMax = 24 * 1024 * 1024
/** Looks at every connection this often: for idle ones, and for those that keep others waiting. */
const sweepMsMax = 10_000
/** While requests of others wait for memory, a client that has stopped in the middle of one loses its connection after this. */
const stallMsMax = 10_000

export function createKafkaServer(options: KafkaServerOptions): KafkaServer {
  const { settings, clock, counters, logger, host } = options
  const list = options.handlers ?? handlers
  const connections = new Set<Connection>()
  /** Connections that came faster than they may: served, or closed, a little later. */
  const held = new Set<Socket>()
  let port = options.port
  let sweep: Timer | null = null
  let closed = false
  let whenEmpty: (() => void) | null = null

  const requests = new RequestBudget(settings.get('queued.max.request.bytes'))
  const memory = new LentMemory(keptFrameBytesMax)
  const answers = { bytes: 0, bytesMax: settings.get('queued.max.response.bytes') }
  const advertised = options.advertised ?? (() => ({ host, port }))
  const shareSessions = new ShareSessions(
    () => settings.get('group.share.max.share.sessions'),
    (session) => void releaseSession(options.shareGroups, session).catch((error) => logger.error('releasing a share session failed', { error })),
  )
  const services: DoorServices = {
    engine: options.engine,
    groups: options.groups,
    shareGroups: options.shareGroups,
    streamsGroups: options.streamsGroups,
    transactions: options.transactions,
    settings,
    clock,
    random: options.random,
    logger,
    counters,
    advertised,
    served: list
      .filter(({ toldWith }) => toldWith === null || settings.get(toldWith))
      .map(({ key, name, min, max }) => ({ key, name, min, max }))
      .sort((a, b) => a.key - b.key),
    fetchSessions: new FetchSessions(options.random, settings.get('max.incremental.fetch.session.cache.slots')),
    shareSessions,
    answers,
    memory,
    throttle: new Throttle(options.engine.quotas, settings, clock),
    telemetry: new ClientTelemetry(options.engine, clock, options.random),
  }
  const admission = new Admission(settings, clock, services.throttle)
  const shared: ConnectionShared = {
    dispatcher: createDispatcher(list, services),
    counters,
    logger,
    requests,
    memory,
    answers,
    frameBytesMax: settings.get('socket.request.max.bytes'),
    queuedBytesMax: settings.get('connection.queued.max.bytes'),
    queuedRequestsMax: settings.get('connection.queued.max.requests'),
    scratch: options.readByEvents ? null : newScratch(),
    nowMs: () => clock.now(),
    after: (ms, action) => clock.at(clock.now() + ms, action),
    ended,
  }

  const server: Server = createServer({ pauseOnConnect: true, noDelay: true, keepAlive: true }, accept)

  function accept(socket: Socket): void {
    const from = plainAddress(socket.remoteAddress ?? '')
    if (closed) {
      socket.destroy()
      return
    }
    const admitted = admission.came(from)
    switch (admitted.kind) {
      case 'refuse':
        counters.connectionRejected('kafka')
        logger.warn('kafka connection refused', { reason: admitted.reason, client: from })
        socket.destroy()
        return
      case 'hold':
        counters.connectionRejected('kafka')
        if (held.size >= settings.get('max.connections')) socket.destroy()
        else hold(socket, admitted.delayMs, () => socket.destroy())
        return
      case 'enter':
        if (admitted.delayMs === 0) connections.add(new Connection(socket, shared))
        else
          hold(
            socket,
            admitted.delayMs,
            () => connections.add(new Connection(socket, shared)),
            () => admission.left(from),
          )
    }
  }

  /** Leaves the socket unread for a while. `gone`: it closed before that. */
  function hold(socket: Socket, delayMs: number, proceed: () => void, gone: () => void = () => {}): void {
    const due = clock.at(clock.now() + delayMs, () => {
      if (socket.destroyed) return
      release()
      proceed()
    })
    const closing = (): void => {
      due.cancel()
      release()
      gone()
    }
    const failing = (): void => {}
    const release = (): void => {
      held.delete(socket)
      socket.off('close', closing)
      socket.off('error', failing)
    }
    held.add(socket)
    socket.on('error', failing)
    socket.on('close', closing)
  }

  function ended(connection: Connection): void {
    connections.delete(connection)
    admission.left(plainAddress(connection.host))
    if (connections.size === 0) whenEmpty?.()
  }

  function sweepSoon(): void {
    const idleMs = settings.get('connections.max.idle.ms')
    const everyMs = idleMs < 0 ? sweepMsMax : Math.max(10, Math.min(sweepMsMax, idleMs / 2))
    sweep = clock.at(clock.now() + everyMs, () => {
      const nowMs = clock.now()
      memory.trim()
      for (const connection of [...connections]) {
        const quietMs = nowMs - connection.lastActiveMs
        if (idleMs >= 0 && quietMs > idleMs && !connection.working) connection.destroy(null)
        else if (requests.waiting > 0 && connection.midFrame && quietMs > stallMsMax) {
          connection.destroy(`it stopped in the middle of a request ${quietMs} ms ago, while others wait for memory`)
        }
      }
      sweepSoon()
    })
  }

  return {
    host,
    get port() {
      return port
    },
    get connectionCount() {
      return connections.size
    },
    listen: () =>
      new Promise((resolve, reject) => {
        server.once('error', reject)
        server.listen({ host, port, backlog: settings.get('socket.listen.backlog.size') }, () => {
          server.removeListener('error', reject)
          // Out of file descriptors, say: those who are connected go on.
          server.on('error', (error) => logger.error('kafka listener', { error }))
          const bound = server.address()
          if (bound && typeof bound === 'object') port = bound.port
          sweepSoon()
          resolve()
        })
      }),
    async close(graceMs) {
      closed = true
      sweep?.cancel()
      const stopped = new Promise<void>((resolve) => {
        if (server.listening) server.close(() => resolve())
        else resolve()
      })
      const empty = new Promise<void>((resolve) => {
        whenEmpty = resolve
      })
      for (const connection of [...connections]) connection.drain()
      for (const socket of held) socket.destroy()
      if (connections.size > 0) {
        const deadline = clock.at(clock.now() + graceMs, () => {
          for (const connection of [...connections]) connection.destroy(null)
        })
        await empty
        deadline.cancel()
      }
      await stopped
    },
  }
}
