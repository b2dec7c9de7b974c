// The admin port: /metrics, /livez, /readyz over HTTP/1.1. Knows what to answer, not what it means: state and metrics are asked of whoever made it.
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import { type AddressInfo, createServer as createTcpServer, type Server as TcpServer } from 'node:net'
import type { Logger } from './logging.ts'

export type BrokerState = 'starting' | 'ready' | 'stopping'

export interface AdminOptions {
  host: string
  /** 0: any free port. */
  port: number
  state(): BrokerState
  /** The body of /metrics in Prometheus's text format; not asked for while starting. */
  metricsText(): Promise<string>
  logger: Logger
}

/** Prometheus's text exposition format. */
const metricsType = 'text/plain; version=0.0.4; charset=utf-8'
const plainType = 'text/plain; charset=utf-8'
/** Scrapers and probes are few; anything beyond is a mistake or worse. */
const connectionsMax = 100
/** Headers of a probe fit; Node's own default is 16 KiB. */
const headerBytesMax = 8192
const requestMsMax = 10_000

/** The admin port of one broker. */
export class AdminServer {
  readonly #options: AdminOptions
  readonly #server: TcpServer
  /** Made for the first connection: a start need not wait until HTTP is loaded. */
  #http: Server | null = null

  constructor(options: AdminOptions) {
    this.#options = options
    this.#server = createTcpServer({ noDelay: true, allowHalfOpen: true }, (socket) => {
      this.#http ??= this.#httpServer()
      this.#http.emit('connection', socket)
    })
    this.#server.maxConnections = connectionsMax
  }

  #httpServer(): Server {
    const server = createServer(
      { maxHeaderSize: headerBytesMax, requestTimeout: requestMsMax, headersTimeout: requestMsMax, keepAliveTimeout: 65_000 },
      (request, response) => {
        this.#answer(request, response).catch((error: unknown) => this.#failed(error, response))
      },
    )
    // It is fed connections and never listens; this starts its watch over slow requests, which close() ends.
    server.emit('listening')
    return server
  }

  /** Listens; rejects where the address is taken. */
  async listen(): Promise<void> {
    const { host, port } = this.#options
    await new Promise<void>((listening, failed) => {
      this.#server.once('error', failed)
      this.#server.listen(port, host, () => {
        this.#server.off('error', failed)
        this.#server.on('error', (error) => this.#options.logger.error('the admin port failed', { error }))
        listening()
      })
    })
  }

  get port(): number {
    return (this.#server.address() as AddressInfo | null)?.port ?? this.#options.port
  }

  /** `http://127.0.0.1:9644`: the host as it was asked for, the port as it is. */
  get url(): string {
    const { host } = this.#options
    return `http://${host.includes(':') ? `[${host}]` : host}:${this.port}`
  }

  /** Closes the port and every connection; /readyz has said 503 before. */
  async close(): Promise<void> {
    if (!this.#server.listening) return
    await new Promise<void>((closed) => {
      this.#server.close(() => closed())
      this.#http?.close()
      this.#http?.closeAllConnections()
    })
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    // Bodies have no meaning here; one that is sent must not stay in the socket.
    request.resume()
    const path = (request.url ?? '/').split('?', 1)[0]
    if (request.method !== 'GET' && request.method !== 'HEAD') {
      response.setHeader('allow', 'GET, HEAD')
      return send(response, 405, `${request.method} is not answered here; GET is.\n`)
    }
    switch (path) {
      case '/livez':
        return send(response, 200, 'ok\n')
      case '/readyz': {
        const state = this.#options.state()
        return send(response, state === 'ready' ? 200 : 503, `${state}\n`)
      }
      case '/metrics':
        if (this.#options.state() === 'starting') return send(response, 503, 'starting\n')
        return send(response, 200, await this.#options.metricsText(), metricsType)
      default:
        return send(
          response,
          404,
          `Nothing at ${path}. There is:\n  /metrics  figures for Prometheus\n  /livez    the process answers\n  /readyz   the broker serves\n`,
        )
    }
  }

  #failed(error: unknown, response: ServerResponse): void {
    this.#options.logger.error('an admin request failed', { error })
    if (response.headersSent) response.destroy()
    else send(response, 500, 'This failed; the log says why.\n')
  }
}

function send(response: ServerResponse, status: number, body: string, type = plainType): void {
  response.writeHead(status, { 'content-type': type, 'content-length': Buffer.byteLength(body), 'cache-control': 'no-store' })
  response.end(body)
}
