// The AWS door's sockets: HTTP/1.1 and prior-knowledge HTTP/2 on one port, limits, and a stop that answers what is in flight.
// What is answered is door.ts's.
//
//   const server = createKinesisServer({ engine, settings, clock, random, logger, host: '127.0.0.1', port: 0 })
//   await server.listen()          server.url: http://127.0.0.1:41873
//   await server.close(graceMs)    refuses new work, answers what is under way, then cuts what is left after graceMs
import * as http from 'node:http'
import * as http2 from 'node:http2'
import * as net from 'node:net'
import type { Clock } from '../clock.ts'
import type { Settings } from '../config.ts'
import type { Engine } from '../engine/engine.ts'
import type { Logger } from '../logging.ts'
import type { Random } from '../random.ts'
import { announcedBytes, Budget, readBody } from './body.ts'
import { Door, type HttpAnswer } from './door.ts'
import { operations } from './operations/index.ts'
import { openServices } from './services.ts'
import { sniff } from './sniff.ts'

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
  /** Loads what the door keeps in the store, then listens. Rejects where the address is taken. */
  listen(): Promise<void>
  close(graceMs: number): Promise<void>
  /** Valid once listening. */
  readonly url: string
  readonly host: string
  readonly port: number
}

/** Bodies held in memory at a time, as a multiple of the largest one. */
const bodiesInFlight = 8
/** Headers beyond this are answered with 431; AWS's signatures and targets take one or two KiB. */
const headerBytesMax = 16 * 1024
/** HTTP/2 requests of one connection at a time. */
const concurrentStreamsMax = 500
/** What an HTTP/2 peer may send ahead: per request, and per connection. Node's 64 KiB would cost a large PutRecords many round trips. */
const streamWindowBytes = 1024 * 1024
const sessionWindowBytes = 16 * 1024 * 1024
/** Memory of one HTTP/2 session in MB, above which new requests are refused: several answers of 10 MiB, which base64 makes 14. */
const sessionMemoryMb = 64
/** An idle connection is closed after this. */
const idleMsMax = 10 * 60_000
/** Longer than clients keep idle connections, so that it is they who close: a request and our close would cross on the way. */
const keepAliveMs = 75_000

type AnyRequest = http.IncomingMessage | http2.Http2ServerRequest
type AnyResponse = http.ServerResponse | http2.Http2ServerResponse

export function createKinesisServer(options: KinesisServerOptions): KinesisServer {
  return new HttpServer(options)
}

class HttpServer implements KinesisServer {
  readonly #options: KinesisServerOptions
  readonly #front: net.Server
  readonly #http1: http.Server
  readonly #http2: http2.Http2Server
  readonly #budget: Budget
  readonly #sockets = new Set<net.Socket>()
  readonly #sessions = new Set<http2.ServerHttp2Session>()
  /** Requests under way, by HTTP/1 socket. */
  readonly #busy = new Map<net.Socket, number>()
  /** Event streams under way. */
  readonly #streams = new Set<AbortController>()
  #door: Door | null = null
  #closing = false
  #address: net.AddressInfo | null = null

  constructor(options: KinesisServerOptions) {
    const { settings } = options
    this.#options = options
    this.#budget = new Budget(settings.get('aws.request.max.bytes') * bodiesInFlight)
    this.#front = net.createServer({ noDelay: true, pauseOnConnect: false }, (socket) => this.#accept(socket))
    this.#http1 = http.createServer({
      maxHeaderSize: headerBytesMax,
      headersTimeout: Math.min(settings.get('aws.headers.timeout.ms'), settings.get('aws.request.timeout.ms')),
      requestTimeout: settings.get('aws.request.timeout.ms'),
      keepAliveTimeout: keepAliveMs,
      connectionsCheckingInterval: Math.min(1000, settings.get('aws.headers.timeout.ms')),
    })
    this.#http2 = http2.createServer({
      maxSessionMemory: sessionMemoryMb,
      settings: { maxConcurrentStreams: concurrentStreamsMax, initialWindowSize: streamWindowBytes, maxHeaderListSize: headerBytesMax },
    })
    this.#http1.on('request', (request, response) => void this.#serve(request, response))
    this.#http1.on('clientError', (error: NodeJS.ErrnoException, socket) => this.#malformed(error, socket as net.Socket))
    this.#http2.on('request', (request, response) => void this.#serve(request, response))
    this.#http2.on('session', (session) => this.#greet(session))
    this.#http2.on('sessionError', (error) => options.logger.debug('an HTTP/2 connection failed', { error }))
    // A server that is fed connections never listens; this starts its watch over slow requests.
    this.#http1.emit('listening')
  }

  get host(): string {
    return this.#options.host
  }

  get port(): number {
    if (!this.#address) throw new Error('the AWS door is not listening')
    return this.#address.port
  }

  get url(): string {
    const { host } = this.#options
    return `http://${host.includes(':') ? `[${host}]` : host}:${this.port}`
  }

  async listen(): Promise<void> {
    const { random, logger, host, port } = this.#options
    this.#door = new Door({ services: await openServices(this.#options), operations, random, logger })
    await new Promise<void>((listening, failed) => {
      this.#front.once('error', failed)
      this.#front.listen({ host, port }, () => {
        this.#front.removeListener('error', failed)
        this.#front.on('error', (error) => logger.error('the AWS port failed', { error }))
        listening()
      })
    })
    this.#address = this.#front.address() as net.AddressInfo
  }

  async close(graceMs: number): Promise<void> {
    this.#closing = true
    if (this.#address) this.#front.close()
    for (const stream of this.#streams) stream.abort()
    for (const session of this.#sessions) session.close()
    for (const socket of this.#sockets) if (!this.#busy.has(socket) && !this.#speaksHttp2(socket)) socket.destroySoon()
    if (this.#sockets.size > 0) {
      await new Promise<void>((done) => {
        const cut = this.#options.clock.at(this.#options.clock.now() + graceMs, () => {
          for (const session of this.#sessions) session.destroy()
          for (const socket of this.#sockets) socket.destroy()
        })
        this.#allClosed = () => {
          cut.cancel()
          done()
        }
      })
    }
    // Ends the watch that the constructor began; nothing else is open in it.
    this.#http1.close()
    this.#http1.closeAllConnections()
  }

  #allClosed: () => void = () => {}
  readonly #http2Sockets = new WeakSet<net.Socket>()

  #speaksHttp2(socket: net.Socket): boolean {
    return this.#http2Sockets.has(socket)
  }

  #accept(socket: net.Socket): void {
    const { settings, clock, logger } = this.#options
    if (this.#closing || this.#sockets.size >= settings.get('aws.max.connections')) {
      logger.warn('an AWS connection was refused: aws.max.connections are open', { peer: socket.remoteAddress })
      this.#options.observeConnection?.('rejected')
      socket.destroy()
      return
    }
    this.#sockets.add(socket)
    this.#options.observeConnection?.('opened')
    const silent = clock.at(clock.now() + settings.get('aws.headers.timeout.ms'), () => socket.destroy())
    // Resets are the peer's business; `close` follows.
    socket.on('error', () => {})
    socket.once('close', () => {
      silent.cancel()
      this.#sockets.delete(socket)
      this.#busy.delete(socket)
      this.#options.observeConnection?.('closed')
      if (this.#closing && this.#sockets.size === 0) this.#allClosed()
    })
    sniff(socket, (spoken) => {
      silent.cancel()
      if (spoken === 'http2') this.#http2Sockets.add(socket)
      if (spoken === 'tls') socket.destroy()
      else (spoken === 'http2' ? this.#http2 : this.#http1).emit('connection', socket)
    })
  }

  #greet(session: http2.ServerHttp2Session): void {
    this.#sessions.add(session)
    session.setLocalWindowSize(sessionWindowBytes)
    session.setTimeout(idleMsMax, () => session.close())
    session.once('close', () => this.#sessions.delete(session))
    session.on('error', () => {})
    if (this.#closing) session.close()
  }

  /** Node could not read the request: answer in HTTP, as the door in front of AWS does, and close. */
  #malformed(error: NodeJS.ErrnoException, socket: net.Socket): void {
    const status =
      { ERR_HTTP_REQUEST_TIMEOUT: '408 Request Timeout', HPE_HEADER_OVERFLOW: '431 Request Header Fields Too Large' }[error.code ?? ''] ??
      '400 Bad Request'
    if (error.code !== 'ECONNRESET')
      this.#options.logger.info('an HTTP request could not be read', { peer: socket.remoteAddress, reason: error.message })
    if (socket.writable) socket.end(`HTTP/1.1 ${status}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`)
    else socket.destroy()
  }

  async #serve(request: AnyRequest, response: AnyResponse): Promise<void> {
    const { clock, settings } = this.#options
    const startedMs = performance.now()
    const socket = request.httpVersionMajor === 1 ? request.socket : null
    if (socket) this.#busy.set(socket, (this.#busy.get(socket) ?? 0) + 1)
    const bytesMax = settings.get('aws.request.max.bytes')
    const share = announcedBytes(request, bytesMax)
    let answer: HttpAnswer | null
    let bytesIn = 0
    if (share > bytesMax) {
      answer = this.#door!.tooLarge(bytesMax)
    } else {
      if (share > 0) await this.#budget.take(share)
      try {
        const slow = clock.at(clock.now() + settings.get('aws.request.timeout.ms'), () => request.destroy())
        const outcome = await readBody(request, bytesMax)
        slow.cancel()
        if (outcome.kind === 'body') {
          bytesIn = outcome.bytes.length
          answer = await this.#door!.handle({ method: request.method ?? '', url: request.url ?? '/', headers: request.headers, body: outcome.bytes })
        } else {
          answer = outcome.kind === 'too-large' ? this.#door!.tooLarge(bytesMax) : null
        }
      } finally {
        if (share > 0) this.#budget.give(share)
      }
    }
    let bytesOut = 0
    if (answer?.frames) bytesOut = await this.#stream(answer, answer.frames, response)
    else if (answer) bytesOut = this.#answer(answer, request, response)
    if (socket) this.#finished(socket, response)
    this.#options.observe?.({
      operation: answer?.operation ?? 'unknown',
      errorType: answer ? answer.errorType : 'ClientGone',
      seconds: (performance.now() - startedMs) / 1000,
      bytesIn,
      bytesOut,
    })
  }

  /** Bytes that were sent as a body. */
  #answer(answer: HttpAnswer, request: AnyRequest, response: AnyResponse): number {
    if (response.destroyed) return 0
    const { headers } = answer
    // Encoded once, here: a string would be measured and encoded again on its way to the socket.
    const body = typeof answer.body === 'string' ? Buffer.from(answer.body) : answer.body
    const http1 = request.httpVersionMajor === 1
    // Of a body that was not read to its end nothing can follow on this connection.
    const last = http1 && (this.#closing || answer.status === 413)
    headers['Content-Length'] = String(body.length)
    if (last) headers['Connection'] = 'close'
    ;(response as http.ServerResponse).writeHead(answer.status, headers)
    ;(response as http.ServerResponse).end(body)
    if (answer.status === 413)
      response.once('finish', () => (http1 ? request.socket.destroySoon() : (request as http2.Http2ServerRequest).stream.close()))
    return body.length
  }

  /** Sends frames as they come and as fast as the client takes them, until they end, the client goes, or the door closes. Answers the bytes sent. */
  async #stream({ status, headers }: HttpAnswer, frames: (signal: AbortSignal) => AsyncGenerator<Buffer>, response: AnyResponse): Promise<number> {
    const listening = new AbortController()
    const end = (): void => listening.abort()
    this.#streams.add(listening)
    response.once('close', end)
    let bytesOut = 0
    try {
      ;(response as http.ServerResponse).writeHead(status, headers)
      for await (const frame of frames(listening.signal)) {
        if (listening.signal.aborted) break
        bytesOut += frame.length
        const room = (response as http.ServerResponse).write(frame)
        if (!room) await drained(response, listening.signal)
      }
    } catch (error) {
      this.#options.logger.error('an AWS event stream failed', { error })
    }
    this.#streams.delete(listening)
    response.end()
    return bytesOut
  }

  /** An HTTP/1 connection that waited only for this answer may be closed. */
  #finished(socket: net.Socket, response: AnyResponse): void {
    const done = (): void => {
      const left = (this.#busy.get(socket) ?? 1) - 1
      if (left > 0) this.#busy.set(socket, left)
      else this.#busy.delete(socket)
      if (this.#closing && left <= 0) socket.destroySoon()
    }
    if (response.writableFinished || response.destroyed) done()
    else response.once('close', done)
  }
}

/** Until the response takes more, or nobody listens. */
function drained(response: AnyResponse, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const done = (): void => {
      response.removeListener('drain', done)
      signal.removeEventListener('abort', done)
      resolve()
    }
    response.once('drain', done)
    signal.addEventListener('abort', done, { once: true })
    if (signal.aborted) done()
  })
}
