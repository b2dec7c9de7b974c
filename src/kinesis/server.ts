// The AWS door's server: HTTP/1.1 and HTTP/2 on one port, limits, and a stop that answers what is in flight.
// Connections are front.ts's, HTTP is node-http.ts's and http1/'s, what is answered is door.ts's.
//
//   const server = createKinesisServer({ engine, settings, clock, random, logger, host: '127.0.0.1', port: 0 })
//   await server.listen()          server.url: http://127.0.0.1:41873
//   await server.close(graceMs)    refuses new work, answers what is under way, then cuts what is left after graceMs
import type { Socket } from 'node:net'
import type { Clock, Timer } from '../clock.ts'
import type { Settings } from '../config.ts'
import type { Engine } from '../engine/engine.ts'
import { Faults } from '../faults.ts'
import type { Logger } from '../logging.ts'
import type { Random } from '../random.ts'
import { Budget } from './body.ts'
import { Door } from './door.ts'
import { Front } from './front.ts'
import { PlainHttp } from './http1/plain-http.ts'
import { NodeHttp } from './node-http.ts'
import type { Services } from './operation.ts'
import { operations } from './operations/index.ts'
import { openCertificate, openVerifier } from './security.ts'
import { openServices } from './services.ts'
import type { ObservedCall, Serving } from './serving.ts'
import type { KinesisCounts } from './stream-counts.ts'

export type { ObservedCall } from './serving.ts'

export interface KinesisServerOptions {
  engine: Engine
  settings: Settings
  clock: Clock
  random: Random
  logger: Logger
  host: string
  /** 0: any free port. */
  port: number
  /** All of HTTP by Node's servers: the obvious way, for tests and comparison. */
  byNode?: boolean
  /** What a test wants to go wrong. Default: nothing. */
  faults?: Faults
  /** Told of every answered request. */
  observe?(call: ObservedCall): void
  /** Told of connections: `rejected` ones were closed for being too many. */
  observeConnection?(event: 'opened' | 'closed' | 'rejected'): void
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
/** Memory that is kept for reuse is looked through this often. */
const trimMs = 10_000

/** HTTP is loaded this long after the start, unless a client comes sooner. */
const loadDelayMs = 100

export function createKinesisServer(options: KinesisServerOptions): KinesisServer {
  return new HttpServer(options)
}

class HttpServer implements KinesisServer {
  readonly #options: KinesisServerOptions
  #loading: Timer | null = null
  #trimming: Timer | null = null
  #front: Front | null = null
  #node: NodeHttp | null = null
  #plain: PlainHttp | null = null
  #services: Services | null = null
  #closing = false
  #port = 0
  certificate: string | null = null

  constructor(options: KinesisServerOptions) {
    this.#options = options
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
    const { random, logger, host, port, settings, clock, observeConnection, byNode, faults } = this.#options
    const certificate = await openCertificate(this.#options)
    const verifier = await openVerifier(settings)
    this.certificate = certificate?.cert ?? null
    this.#services = await openServices(this.#options)
    const node = new NodeHttp(
      this.#serving(new Door({ services: this.#services, operations, verifier, random, logger, faults: faults ?? new Faults() })),
    )
    const plain = new PlainHttp(node.serving, (socket) => node.connected(socket, socket, 'http1'))
    this.#node = node
    this.#plain = plain
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
      serve: (stream, carrier, spoken) => node.connected(stream, carrier, spoken),
      servePlain: byNode ? null : (socket) => plain.connected(socket),
    })
    this.#port = await this.#front.listen()
    this.#loading = clock.at(clock.now() + loadDelayMs, () => node.load())
  }

  #serving(door: Door): Serving {
    const { settings, clock, logger, observe } = this.#options
    const bodyBytesMax = settings.get('aws.request.max.bytes')
    const isClosing = (): boolean => this.#closing
    return {
      door,
      clock,
      logger,
      memory: this.#services!.memory,
      bodies: new Budget(bodyBytesMax * bodiesInFlight),
      answers: new Budget(answerBytesHeldMax),
      bodyBytesMax,
      headersMsMax: settings.get('aws.headers.timeout.ms'),
      requestMsMax: settings.get('aws.request.timeout.ms'),
      get closing() {
        return isClosing()
      },
      observe: observe ?? (() => {}),
      answered: () => this.#trimLater(),
    }
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
    this.#node?.close()
    const isWorking = (socket: Socket): boolean => this.#node!.working(socket) || this.#plain!.working(socket)
    for (const socket of this.#front?.sockets() ?? []) if (!isWorking(socket)) socket.destroySoon()
    await this.#front?.drained(graceMs)
    this.#services?.queues.close()
    this.#node?.ended()
  }
}
