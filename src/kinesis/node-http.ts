// HTTP by Node's own servers: HTTP/2, HTTP/1.1 over TLS, and whatever else http1/ does not take. Connections are front.ts's, what is answered is door.ts's.
import * as http from 'node:http'
import type * as http2 from 'node:http2'
import type { Socket } from 'node:net'
import { Loans } from '../lent-memory.ts'
import { announcesMore, readBody, Share } from './body.ts'
import type { HttpAnswer } from './door.ts'
import { type AnyResponse, EventSender, isOver } from './event-sender.ts'
import { watchSession } from './http2-watch.ts'
import { keepAliveMs, lastWords, type Serving, unreadMsMax } from './serving.ts'

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
/** Answers up to this leave in one write with their head, over HTTP/1.1, where they are text. */
const joinedCharsMax = 4096

type AnyRequest = http.IncomingMessage | http2.Http2ServerRequest

export class NodeHttp {
  readonly serving: Serving
  /** Made for the first client, or when `load` says so: loading HTTP costs 10 ms, which the start is spared. */
  #http1: http.Server | null = null
  /** Made for the first client that speaks it: loading HTTP/2 costs 15 ms, which a start without it is spared. */
  #http2: Promise<http2.Http2Server> | null = null
  readonly #events = new EventSender()
  readonly #sessions = new Set<http2.ServerHttp2Session>()
  readonly #http2Carriers = new WeakSet<Socket>()
  /** TCP sockets beneath the streams that HTTP/1 sees, where TLS lies between. */
  readonly #carriers = new WeakMap<Socket, Socket>()
  /** Requests under way, by the TCP socket of an HTTP/1 connection. */
  readonly #busy = new Map<Socket, number>()

  constructor(serving: Serving) {
    this.serving = serving
  }

  load(): void {
    this.#http1 ??= this.#http1Server()
  }

  /** Serves a connection. `carrier` is the TCP socket beneath. */
  connected(stream: Socket, carrier: Socket, spoken: 'http1' | 'http2'): void {
    if (spoken === 'http1') {
      if (stream !== carrier) this.#carriers.set(stream, carrier)
      this.load()
      this.#http1!.emit('connection', stream)
      return
    }
    this.#http2Carriers.add(carrier)
    this.#http2 ??= this.#http2Server()
    this.#http2.then((server) => {
      if (this.serving.closing) carrier.destroy()
      else server.emit('connection', stream)
    })
  }

  /** Ends event streams, and HTTP/2 sessions once what is under way was answered. */
  close(): void {
    this.#events.stop()
    for (const session of this.#sessions) session.close()
  }

  /** Whether the connection closes by itself after `close`: it is HTTP/2, or there is a request under way. */
  working(carrier: Socket): boolean {
    return this.#busy.has(carrier) || this.#http2Carriers.has(carrier)
  }

  /** No connection is left. */
  ended(): void {
    // Ends its watch; nothing else is open in it.
    this.#http1?.close()
    this.#http1?.closeAllConnections()
  }

  #http1Server(): http.Server {
    const { headersMsMax, requestMsMax } = this.serving
    const headersTimeout = Math.min(headersMsMax, requestMsMax)
    const server = http.createServer({
      maxHeaderSize: headerBytesMax,
      headersTimeout,
      requestTimeout: requestMsMax,
      keepAliveTimeout: keepAliveMs,
      connectionsCheckingInterval: Math.min(1000, headersTimeout),
    })
    server.on('request', (request, response) => void this.#serve(request, response))
    server.on('clientError', (error: NodeJS.ErrnoException, socket) => this.#malformed(error, socket as Socket))
    // A server that is fed connections never listens; this starts its watch over slow requests.
    server.emit('listening')
    return server
  }

  async #http2Server(): Promise<http2.Http2Server> {
    const { createServer } = await import('node:http2')
    const server = createServer({
      maxSessionMemory: sessionMemoryMb,
      settings: { maxConcurrentStreams: concurrentStreamsMax, initialWindowSize: streamWindowBytes, maxHeaderListSize: headerBytesMax },
    })
    server.on('request', (request, response) => void this.#serve(request, response))
    server.on('session', (session) => this.#greet(session))
    server.on('sessionError', (error) => this.serving.logger.debug('an HTTP/2 connection failed', { error }))
    return server
  }

  #greet(session: http2.ServerHttp2Session): void {
    this.#sessions.add(session)
    session.setLocalWindowSize(sessionWindowBytes)
    const { clock, headersMsMax } = this.serving
    watchSession(session, { firstRequestMs: headersMsMax, idleMs: idleMsMax }, clock)
    session.once('close', () => this.#sessions.delete(session))
    session.on('error', () => {})
    if (this.serving.closing) session.close()
  }

  /** Node could not read the request: answer in HTTP, as the door in front of AWS does, and close. */
  #malformed(error: NodeJS.ErrnoException, socket: Socket): void {
    const statuses: Record<string, string> = {
      ERR_HTTP_REQUEST_TIMEOUT: '408 Request Timeout',
      HPE_HEADER_OVERFLOW: '431 Request Header Fields Too Large',
    }
    if (error.code !== 'ECONNRESET')
      this.serving.logger.info('an HTTP request could not be read', { peer: socket.remoteAddress, reason: error.message })
    if (socket.writable) socket.end(lastWords(statuses[error.code ?? ''] ?? '400 Bad Request'))
    else socket.destroy()
  }

  async #serve(request: AnyRequest, response: AnyResponse): Promise<void> {
    const startedMs = performance.now()
    const carrier = request.httpVersionMajor === 1 ? (this.#carriers.get(request.socket) ?? request.socket) : null
    if (carrier) this.#busy.set(carrier, (this.#busy.get(carrier) ?? 0) + 1)
    const room = new Share(this.serving.answers)
    const outgoing = new Loans(this.serving.memory)
    const { answer, bytesIn } = await this.#handle(request, response, room, outgoing)
    let bytesOut = 0
    try {
      if (answer?.frames) bytesOut = await this.#events.send(answer, answer.frames, response)
      else if (answer?.cut) response.destroy()
      else if (answer) bytesOut = this.#answer(answer, request, response)
    } catch (error) {
      this.serving.logger.error('an AWS event stream failed', { operation: answer?.operation, error })
    }
    this.#holdUntilRead(room, bytesOut, response)
    if (carrier && !outgoing.empty) giveBackWhenSent(outgoing, response)
    this.serving.answered()
    if (carrier) this.#finished(carrier, response)
    this.serving.observe({
      operation: answer?.operation ?? 'unknown',
      errorType: answer ? answer.errorType : 'ClientGone',
      seconds: (performance.now() - startedMs) / 1000,
      bytesIn,
      bytesOut,
    })
  }

  /** Reads the body within the limits and asks the door. No answer for a client that went away first. */
  async #handle(request: AnyRequest, response: AnyResponse, room: Share, outgoing: Loans): Promise<{ answer: HttpAnswer | null; bytesIn: number }> {
    const { clock, door, bodyBytesMax: bytesMax, requestMsMax } = this.serving
    if (announcesMore(request, bytesMax)) return { answer: door.tooLarge(bytesMax), bytesIn: 0 }
    const share = new Share(this.serving.bodies)
    const incoming = new Loans(this.serving.memory)
    try {
      // Node itself watches over HTTP/1.1.
      const slow = request.httpVersionMajor === 1 ? null : clock.at(clock.now() + requestMsMax, () => request.destroy())
      const outcome = await readBody(request, bytesMax, share, incoming)
      slow?.cancel()
      if (outcome.kind === 'gone') return { answer: null, bytesIn: 0 }
      if (outcome.kind === 'too-large') return { answer: door.tooLarge(bytesMax), bytesIn: bytesMax }
      const { method = '', url = '/', headers } = request
      return {
        answer: await door.handle({ method, url, headers, body: outcome.bytes, share, incoming, outgoing, room, hungUp: hangUpOf(response) }),
        bytesIn: outcome.bytes.length,
      }
    } finally {
      share.close()
      incoming.giveBack()
    }
  }

  /** Answers the bytes that were sent as a body. */
  #answer(answer: HttpAnswer, request: AnyRequest, response: AnyResponse): number {
    if (isOver(response)) return 0
    const { headers } = answer
    const http1 = request.httpVersionMajor === 1
    const { bytes, body } = outgoing(answer.body, http1)
    headers['Content-Length'] = String(bytes)
    // Of a body that was not read to its end nothing can follow on this connection.
    if (http1 && (this.serving.closing || answer.status === 413)) headers['Connection'] = 'close'
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
    if (isOver(response)) {
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
      if (this.serving.closing && left <= 0) carrier.destroySoon()
    }
    if (isOver(response)) done()
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
    if (isOver(response)) controller.abort()
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
