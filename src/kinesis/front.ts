// The AWS port: accepts connections, counts them, finds out what each speaks (HTTP/1.1, HTTP/2, TLS around either) and hands it on.
// Does not know HTTP; server.ts does.
import * as net from 'node:net'
import type { Server as TlsServer } from 'node:tls'
import type { KeyAndCertificate } from '../auth/self-signed.ts'
import type { Clock } from '../clock.ts'
import { newScratch } from '../direct-socket.ts'
import type { Logger } from '../logging.ts'
import { FirstBytes, type Spoken, sniff } from './sniff.ts'
import { type Intake, Wire } from './wire.ts'

export interface FrontOptions {
  readonly host: string
  readonly port: number
  readonly clock: Clock
  readonly logger: Logger
  /** Null: TLS is off. */
  readonly certificate: KeyAndCertificate | null
  readonly tlsRequired: boolean
  readonly connectionsMax: number
  /** A client that has not said by then what it speaks is cut off. */
  readonly silenceMsMax: number
  observe?(event: 'opened' | 'closed' | 'rejected'): void
  /** A connection whose protocol is known. `carrier` is the TCP socket beneath: what is counted, watched and closed. */
  serve(stream: net.Socket, carrier: net.Socket, spoken: 'http1' | 'http2'): void
  /** The same for HTTP/1.1 without TLS, read straight into memory; null: `serve` takes that too. */
  servePlain: ((socket: net.Socket) => Intake) | null
}

export class Front {
  readonly #options: FrontOptions
  readonly #server: net.Server
  #tls: TlsServer | null = null
  /** Open TCP connections, by peer: TLS keeps the socket that it wraps to itself, and the peer is how it is found again. */
  readonly #sockets = new Map<string, net.Socket>()
  readonly #scratch: Buffer | null
  #listening = false
  #closing = false
  #empty: () => void = () => {}

  constructor(options: FrontOptions) {
    this.#options = options
    this.#scratch = options.servePlain ? newScratch() : null
    this.#server = net.createServer({ noDelay: true, pauseOnConnect: true }, (socket) => this.#accept(socket))
  }

  /** Answers the port. Rejects where the address cannot be listened on. */
  async listen(): Promise<number> {
    const { host, port, logger, certificate } = this.#options
    if (certificate) this.#tls = await this.#tlsServer(certificate)
    await new Promise<void>((listening, failed) => {
      this.#server.once('error', failed)
      this.#server.listen({ host, port }, () => {
        this.#server.removeListener('error', failed)
        this.#server.on('error', (error) => logger.error('the AWS port failed', { error }))
        listening()
      })
    })
    this.#listening = true
    return (this.#server.address() as net.AddressInfo).port
  }

  /** Open TCP connections. */
  sockets(): Iterable<net.Socket> {
    return this.#sockets.values()
  }

  /** Accepts no more. */
  stopAccepting(): void {
    this.#closing = true
    if (this.#listening) this.#server.close()
  }

  /** Settles when no connection is left; after `graceMs` those that are left are cut. */
  async drained(graceMs: number): Promise<void> {
    if (this.#sockets.size === 0) return
    const { clock } = this.#options
    await new Promise<void>((done) => {
      const cut = clock.at(clock.now() + graceMs, () => {
        for (const socket of this.#sockets.values()) socket.destroy()
      })
      this.#empty = () => {
        cut.cancel()
        done()
      }
    })
  }

  #accept(accepted: net.Socket): void {
    const { connectionsMax, silenceMsMax, clock, logger, observe } = this.#options
    const peer = peerOf(accepted)
    if (this.#closing || this.#sockets.size >= connectionsMax || accepted.remotePort === undefined) {
      logger.warn('an AWS connection was refused: aws.max.connections are open', { peer })
      observe?.('rejected')
      accepted.destroy()
      return
    }
    let said = false
    const socket = this.#read(accepted, () => {
      said = true
      silent.cancel()
    })
    this.#sockets.set(peer, socket)
    observe?.('opened')
    const silent = clock.at(clock.now() + silenceMsMax, () => {
      // What came while the broker was busy with something else is read first.
      setImmediate(() => {
        if (!said) socket.destroy()
      })
    })
    // Resets are the peer's business; `close` follows.
    socket.on('error', () => {})
    socket.once('close', () => {
      silent.cancel()
      // A peer that was reset may be here again already.
      if (this.#sockets.get(peer) === socket) this.#sockets.delete(peer)
      observe?.('closed')
      if (this.#closing && this.#sockets.size === 0) this.#empty()
    })
  }

  /** The socket that is read from now on; told when the peer has said what it speaks. */
  #read(accepted: net.Socket, said: () => void): net.Socket {
    const { servePlain } = this.#options
    const first = new FirstBytes((spoken, bytes) => {
      said()
      if (servePlain && spoken === 'http1' && !this.#options.tlsRequired) {
        wire!.intake = servePlain(wire!.socket)
        return wire!.intake.chunk(bytes)
      }
      wire!.socket.unshift(Buffer.from(bytes))
      this.#spoken(wire!.socket, spoken)
      return true
    })
    const wire = this.#scratch ? Wire.open(accepted, this.#scratch, first) : null
    if (wire) return wire.socket
    sniff(accepted, (spoken) => {
      said()
      this.#spoken(accepted, spoken)
    })
    return accepted
  }

  #spoken(socket: net.Socket, spoken: Spoken): void {
    if (spoken === 'tls' && this.#tls) this.#tls.emit('connection', socket)
    else if (spoken === 'tls' || this.#options.tlsRequired) this.#refuse(socket, spoken)
    else this.#options.serve(socket, socket, spoken)
  }

  #refuse(socket: net.Socket, spoken: Spoken): void {
    const reason = spoken === 'tls' ? 'TLS is off (aws.tls)' : 'TLS is required (aws.tls)'
    this.#options.logger.info('an AWS connection was refused', { peer: peerOf(socket), reason })
    this.#options.observe?.('rejected')
    if (spoken !== 'http1') socket.destroy()
    else socket.end(`HTTP/1.1 400 Bad Request\r\nConnection: close\r\nContent-Length: ${reason.length + 1}\r\n\r\n${reason}\n`)
  }

  /** A TLS server that never listens: connections that begin with a handshake are handed to it. */
  async #tlsServer({ key, cert }: KeyAndCertificate): Promise<TlsServer> {
    const { silenceMsMax, logger, serve } = this.#options
    // Loaded where it is used: start-up time counts.
    const tls = await import('node:tls')
    const server = tls.createServer({ key, cert, ALPNProtocols: ['h2', 'http/1.1'], handshakeTimeout: silenceMsMax })
    server.on('secureConnection', (secured) => {
      secured.on('error', () => {})
      const carrier = this.#sockets.get(peerOf(secured))
      if (!carrier) secured.destroy()
      else serve(secured, carrier, secured.alpnProtocol === 'h2' ? 'http2' : 'http1')
    })
    server.on('tlsClientError', (error, secured) => {
      logger.debug('a TLS handshake failed', { error })
      secured.destroy()
    })
    return server
  }
}

const peerOf = ({ remoteAddress, remotePort }: net.Socket): string => `${remoteAddress} ${remotePort}`
