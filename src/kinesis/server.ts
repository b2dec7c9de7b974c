// The AWS door's HTTP: HTTP/1.1 and HTTP/2 on one port, limits, and a stop that answers what is in flight.
// Connections are front.ts's, what is answered is door.ts's.
//
//   const server = createKinesisServer({ engine, settings, clock, random, logger, host: '127.0.0.1', port: 0 })
//   await server.listen()          server.url: http://127.0.0.1:41873
//   await server.close(graceMs)    refuses new work, answers what is under way, then cuts what is left after graceMs
import * as http from 'node:http'
import type * as http2 from 'node:http2'
import type { Socket } from 'node:net'
import type { Clock, Timer } from '../clock.ts'
import type { Settings } from '../config.ts'
import type { Engine } from '../engine/engine.ts'
import { Loans } from '../lent-memory.ts'
import type { Logger } from '../logging.ts'
import type { Random } from '../random.ts'
import { announcesMore, Budget, readBody, Share } from './body.ts'
import { Door, type HttpAnswer } from './door.ts'
import { type AnyResponse, EventSender } from './event-sender.ts'
import { Front } from './front.ts'
import { watchSession } from './http2-watch.ts'
import type { Services } from './operation.ts'
import { operations } from './operations/index.ts'
import { openCertificate, openVerifier } from './security.ts'
import { openServices } from './services.ts'
import type { KinesisCounts } from './stream-counts.ts'

export interface KinesisServerOptions {
  engine: Engine
  settings: Settings
  clock: Clock
  random: Random
  logger: Logger
  host: string
  /** 0: any free port. */
  port: number
  /** Told of every answered request. */
  observe?(call: ObservedCall): void
  /** Told of connections: `rejected` ones were closed for being too many. */
  observeConnection?(event: 'opened' | 'closed' | 'rejected'): void
}

/** For metrics. Names come from our own lists, so that labels stay few. */
export interface ObservedCall {
  /** An operation's name, or `unknown`. */
  operation: string
  /** AWS's exception name, or null. */
  errorType: string | null
  seconds: number
  bytesIn: number
  bytesOut: number
}

export interface KinesisServer {
  /** Loads what the door keeps in the store, then listens. Rejects where the address is taken or a file of the settings cannot be read. */
  listen(): Promise<void>
  close(graceMs: number): Promise<void>
  /** Valid once listening. */
  readonly url: string
  readonly host: string
  readonly port: number
  /** The certificate that TLS clients are shown, as PEM; null where TLS is off. */
  readonly certificate: string | null
  /** What was put into and read from streams; null until listening. */
  readonly counts: KinesisCounts | null
}

/** Bodies held in memory at a time, as a multiple of the largest one. */
const bodiesInFlight = 8
/** Large answers held in memory until their clients have read them. */
const answerBytesHeldMax = 256 * 1024 * 1024
/** A client that reads nothing of a large answer for so long is cut off: others wait for its room. */
const unreadMsMax = 5000
/** Headers beyond this are answered with 431; AWS's signatures and targets take one or two KiB. */
const headerBytesMax = 16 * 1024
/** HTTP/2 requests of one connection at a time. */
const concurrentStreamsMax = 500
/** What an HTTP/2 peer may send ahead: per request, and per connection. Node's 64 KiB would cost a large PutRecords many round trips. */
const streamWindowBytes = 1024 * 1024
const sessionWindowBytes = 16 * 1024 * 1024
/** Memory of one HTTP/2 session in MB, above which new requests are refused: several answers of 10 MiB, which base64 makes 14. */
const sessionMemoryMb = 64
/** An HTTP/2 connection on which nothing moves is closed after this. */
const idleMsMax = 10 * 60_000
/** Longer than clients keep idle connections, so that it is they who close: a request and our close would cross on the way. */
const keepAliveMs = 75_000

/** Memory that is kept for reuse is looked through this often. */
const trimMs = 10_000

/** HTTP is loaded this long after the start, unless a client comes sooner. */
const loadDelayMs = 100

/** Answers up to this leave in one write with their head, over HTTP/1.1, where they are text. */
const joinedCharsMax = 4096

type AnyRequest = http.IncomingMessage | http2.Http2ServerRequest

export function createKinesisServer(options: KinesisServerOptions): KinesisServer {
  return new HttpServer(options)
}

class HttpServer implements KinesisServer {
  readonly #options: KinesisServerOptions
  /** Made for the first client, or a moment after the start: loading HTTP costs 10 ms, which the start is spared. */
  #http1: http.Server | null = null
  #loading: Timer | null = null
  #trimming: Timer | null = null
  /** Made for the first client that speaks it: loading HTTP/2 costs 15 ms, which a start without it is spared. */
  #http2: Promise<http2.Http2Server> | null = null
  readonly #budget: Budget
  readonly #answers = new Budget(answerBytesHeldMax)
  readonly #events = new EventSender()
  readonly #sessions = new Set<http2.ServerHttp2Session>()
  readonly #http2Carriers = new WeakSet<Socket>()
  /** TCP sockets beneath the streams that HTTP/1 sees, where TLS lies between. */
  readonly #carriers = new WeakMap<Socket, Socket>()
  /** Requests under way, by the TCP socket of an HTTP/1 connection. */
  readonly #busy = new Map<Socket, number>()
  #front: Front | null = null
  #door: Door | null = null
  #services: Services | null = null
  #closing = false
  #port = 0
  certificate: string | null = null

  constructor(options: KinesisServerOptions) {
    const { settings } = options
    this.#options = options
    this.#budget = new Budget(settings.get('aws.request.max.bytes') * bodiesInFlight)
  }

  #http1Server(): http.Server {
    const { settings } = this.#options
    const headersTimeout = Math.min(settings.get('aws.headers.timeout.ms'), settings.get('aws.request.timeout.ms'))
    const server = http.createServer({
      maxHeaderSize: headerBytesMax,
      headersTimeout,
      requestTimeout: settings.get('aws.request.timeout.ms'),
      keepAliveTimeout: keepAliveMs,
      connectionsCheckingInterval: Math.min(1000, headersTimeout),
    })
    server.on('request', (request, response) => void this.#serve(request, response))
    server.on('clientError', (error: NodeJS.ErrnoException, socket) => this.#malformed(error, socket as Socket))
    // A server that is fed connections never listens; this starts its watch over slow requests.
    server.emit('listening')
    return server
  }

  get host(): string {
    return this.#options.host
  }

  get port(): number {
    if (this.#port === 0) throw new Error('the AWS door is not listening')
    return this.#port
  }

  get url(): string {
    const { host, settings } = this.#options
    const scheme = settings.get('aws.tls') === 'required' ? 'https' : 'http'
    return `${scheme}://${host.includes(':') ? `[${host}]` : host}:${this.port}`
  }

  get counts(): KinesisCounts | null {
    return this.#services?.counts ?? null
  }

  async listen(): Promise<void> {
    const { random, logger, host, port, settings, clock, observeConnection } = this.#options
    const certificate = await openCertificate(this.#options)
    const verifier = await openVerifier(settings)
    this.certificate = certificate?.cert ?? null
    this.#services = await openServices(this.#options)
    this.#door = new Door({ services: this.#services, operations, verifier, random, logger })
    this.#front = new Front({
      host,
      port,
      clock,
      logger,
      certificate,
      tlsRequired: settings.get('aws.tls') === 'required',
      connectionsMax: settings.get('aws.max.connections'),
      silenceMsMax: settings.get('aws.headers.timeout.ms'),
      ...(observeConnection ? { observe: observeConnection } : {}),
      serve: (stream, carrier, spoken) => this.#connected(stream, carrier, spoken),
    })
    this.#port = await this.#front.listen()
    this.#loading = clock.at(clock.now() + loadDelayMs, () => {
      this.#http1 ??= this.#http1Server()
    })
  }

  /** Memory that nobody has needed for a while is let go. */
  #trimLater(): void {
    const { memory } = this.#services!
    if (this.#trimming || this.#closing || memory.keptBytes === 0) return
    const { clock } = this.#options
    this.#trimming = clock.at(clock.now() + trimMs, () => {
      this.#trimming = null
      memory.trim()
      this.#trimLater()
    })
  }

  async close(graceMs: number): Promise<void> {
    this.#closing = true
    this.#loading?.cancel()
    this.#trimming?.cancel()
    this.#front?.stopAccepting()
    this.#events.stop()
    for (const session of this.#sessions) session.close()
    for (const socket of this.#front?.sockets() ?? []) if (!this.#busy.has(socket) && !this.#http2Carriers.has(socket)) socket.destroySoon()
    await this.#front?.drained(graceMs)
    this.#services?.queues.close()
    // Ends its watch; nothing else is open in it.
    this.#http1?.close()
    this.#http1?.closeAllConnections()
  }

  #connected(stream: Socket, carrier: Socket, spoken: 'http1' | 'http2'): void {
    if (spoken === 'http1') {
      if (stream !== carrier) this.#carriers.set(stream, carrier)
      this.#http1 ??= this.#http1Server()
      this.#http1.emit('connection', stream)
      return
    }
    this.#http2Carriers.add(carrier)
    this.#http2 ??= this.#http2Server()
    this.#http2.then((server) => {
      if (this.#closing) carrier.destroy()
      else server.emit('connection', stream)
    })
  }

  async #http2Server(): Promise<http2.Http2Server> {
    const { createServer } = await import('node:http2')
    const server = createServer({
      maxSessionMemory: sessionMemoryMb,
      settings: { maxConcurrentStreams: concurrentStreamsMax, initialWindowSize: streamWindowBytes, maxHeaderListSize: headerBytesMax },
    })
    server.on('request', (request, response) => void this.#serve(request, response))
    server.on('session', (session) => this.#greet(session))
    server.on('sessionError', (error) => this.#options.logger.debug('an HTTP/2 connection failed', { error }))
    return server
  }

  #greet(session: http2.ServerHttp2Session): void {
    this.#sessions.add(session)
    session.setLocalWindowSize(sessionWindowBytes)
    const { clock, settings } = this.#options
    watchSession(session, { firstRequestMs: settings.get('aws.headers.timeout.ms'), idleMs: idleMsMax }, clock)
    session.once('close', () => this.#sessions.delete(session))
    session.on('error', () => {})
    if (this.#closing) session.close()
  }

  /** Node could not read the request: answer in HTTP, as the door in front of AWS does, and close. */
  #malformed(error: NodeJS.ErrnoException, socket: Socket): void {
    const statuses: Record<string, string> = {
      ERR_HTTP_REQUEST_TIMEOUT: '408 Request Timeout',
      HPE_HEADER_OVERFLOW: '431 Request Header Fields Too Large',
    }
    if (error.code !== 'ECONNRESET')
      this.#options.logger.info('an HTTP request could not be read', { peer: socket.remoteAddress, reason: error.message })
    if (socket.writable) socket.end(`HTTP/1.1 ${statuses[error.code ?? ''] ?? '400 Bad Request'}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`)
    else socket.destroy()
  }

  async #serve(request: AnyRequest, response: AnyResponse): Promise<void> {
    const startedMs = performance.now()
    const carrier = request.httpVersionMajor === 1 ? (this.#carriers.get(request.socket) ?? request.socket) : null
    if (carrier) this.#busy.set(carrier, (this.#busy.get(carrier) ?? 0) + 1)
    const room = new Share(this.#answers)
    const outgoing = new Loans(this.#services!.memory)
    const { answer, bytesIn } = await this.#handle(request, response, room, outgoing)
    let bytesOut = 0
    try {
      if (answer?.frames) bytesOut = await this.#events.send(answer, answer.frames, response)
      else if (answer) bytesOut = this.#answer(answer, request, response)
    } catch (error) {
      this.#options.logger.error('an AWS event stream failed', { operation: answer?.operation, error })
    }
    this.#holdUntilRead(room, bytesOut, response)
    if (carrier && !outgoing.empty) giveBackWhenSent(outgoing, response)
    this.#trimLater()
    if (carrier) this.#finished(carrier, response)
    this.#options.observe?.({
      operation: answer?.operation ?? 'unknown',
      errorType: answer ? answer.errorType : 'ClientGone',
      seconds: (performance.now() - startedMs) / 1000,
      bytesIn,
      bytesOut,
    })
  }

  /** Reads the body within the limits and asks the door. No answer for a client that went away first. */
  async #handle(request: AnyRequest, response: AnyResponse, room: Share, outgoing: Loans): Promise<{ answer: HttpAnswer | null; bytesIn: number }> {
    const { clock, settings } = this.#options
    const bytesMax = settings.get('aws.request.max.bytes')
    if (announcesMore(request, bytesMax)) return { answer: this.#door!.tooLarge(bytesMax), bytesIn: 0 }
    const share = new Share(this.#budget)
    const incoming = new Loans(this.#services!.memory)
    try {
      // Node itself watches over HTTP/1.1.
      const slow = request.httpVersionMajor === 1 ? null : clock.at(clock.now() + settings.get('aws.request.timeout.ms'), () => request.destroy())
      const outcome = await readBody(request, bytesMax, share, incoming)
      slow?.cancel()
      if (outcome.kind === 'gone') return { answer: null, bytesIn: 0 }
      if (outcome.kind === 'too-large') return { answer: this.#door!.tooLarge(bytesMax), bytesIn: bytesMax }
      const { method = '', url = '/', headers } = request
      return {
        answer: await this.#door!.handle({ method, url, headers, body: outcome.bytes, share, incoming, outgoing, room, hungUp: hangUpOf(response) }),
        bytesIn: outcome.bytes.length,
      }
    } finally {
      share.close()
      incoming.giveBack()
    }
  }

  /** Answers the bytes that were sent as a body. */
  #answer(answer: HttpAnswer, request: AnyRequest, response: AnyResponse): number {
    if (response.destroyed) return 0
    const { headers } = answer
    const http1 = request.httpVersionMajor === 1
    const { bytes, body } = outgoing(answer.body, http1)
    headers['Content-Length'] = String(bytes)
    // Of a body that was not read to its end nothing can follow on this connection.
    if (http1 && (this.#closing || answer.status === 413)) headers['Connection'] = 'close'
    ;(response as http.ServerResponse).writeHead(answer.status, headers)
    ;(response as http.ServerResponse).end(body)
    if (answer.status === 413)
      response.once('finish', () => (http1 ? request.socket.destroySoon() : (request as http2.Http2ServerRequest).stream.close()))
    return bytes
  }

  /** What a large answer takes is given back when it has left, or its client has. */
  #holdUntilRead(room: Share, bytes: number, response: AnyResponse): void {
    if (room.bytes === 0) return
    room.keep(bytes)
    if (response.writableFinished || response.destroyed) {
      room.close()
      return
    }
    response.once('close', () => room.close())
    response.setTimeout(unreadMsMax, () => response.destroy())
  }

  /** An HTTP/1 connection that waited only for this answer may be closed. */
  #finished(carrier: Socket, response: AnyResponse): void {
    const done = (): void => {
      const left = (this.#busy.get(carrier) ?? 1) - 1
      if (left > 0) this.#busy.set(carrier, left)
      else this.#busy.delete(carrier)
      if (this.#closing && left <= 0) carrier.destroySoon()
    }
    if (response.writableFinished || response.destroyed) done()
    else response.once('close', done)
  }
}

/** The system has the answer once it is finished. Of an HTTP/2 answer nobody tells, and of one that was cut off it is not certain: that memory is let go. */
function giveBackWhenSent(outgoing: Loans, response: AnyResponse): void {
  response.once('finish', () => {
    if (!response.destroyed) outgoing.giveBack()
  })
}

/** Tells whether the client of a response has gone, from when it is asked on: most calls are answered before they would want to know. */
function hangUpOf(response: AnyResponse): () => AbortSignal {
  let hungUp: AbortController | null = null
  return () => {
    if (hungUp) return hungUp.signal
    const controller = new AbortController()
    hungUp = controller
    if (response.destroyed) controller.abort()
    else response.once('close', () => controller.abort())
    return controller.signal
  }
}

/** An answer's body as it is handed to Node, and its length. */
function outgoing(body: string | Buffer, http1: boolean): { bytes: number; body: string | Buffer } {
  if (typeof body !== 'string') return { bytes: body.length, body }
  if (http1 && body.length <= joinedCharsMax) return { bytes: Buffer.byteLength(body), body }
  // Encoded once, here: Node would measure a string, and encode it again on its way to the socket.
  const encoded = Buffer.from(body)
  return { bytes: encoded.length, body: encoded }
}
