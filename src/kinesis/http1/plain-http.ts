// HTTP/1.1 of our own, for connections whose requests are plain: all of them, and the watch over those whose clients are slow or silent. What a connection does is
// plain-connection.ts's. Node's HTTP server watches in the same way over its own.
import type { Socket } from 'node:net'
import type { Timer } from '../../clock.ts'
import { keepAliveMs, type Serving } from '../serving.ts'
import type { Intake } from '../wire.ts'
import { AnswerHeads } from './answer-head.ts'
import { PlainConnection } from './plain-connection.ts'

/** Connections are looked at this often, or more often where clients have less time than that. */
const watchMsMax = 1000

export class PlainHttp {
  readonly serving: Serving
  readonly heads: AnswerHeads
  /** Counts up with every look at the connections: time as coarse as it needs to be. */
  beat = 0
  readonly #watchMs: number
  #watch: Timer | null = null
  readonly #leave: (socket: Socket) => void
  readonly #connections = new Map<Socket, PlainConnection>()

  /** `leave` is given connections that somebody else has to go on with. */
  constructor(serving: Serving, leave: (socket: Socket) => void) {
    this.serving = serving
    this.heads = new AnswerHeads(serving.clock, keepAliveMs)
    this.#watchMs = Math.min(watchMsMax, serving.requestMsMax)
    this.#leave = leave
  }

  /** Serves a connection of which nothing was read. */
  connected(socket: Socket): Intake {
    const connection = new PlainConnection(socket, this)
    this.#connections.set(socket, connection)
    socket.once('close', () => this.#connections.delete(socket))
    this.#watchOn()
    return connection
  }

  /** Whether the connection closes by itself once its request was answered. */
  working(socket: Socket): boolean {
    return this.#connections.get(socket)?.working ?? false
  }

  /** What was read of a connection goes back to it; nothing of it is ours any more. */
  leave(socket: Socket, bytes: Buffer): void {
    this.#connections.delete(socket)
    socket.unshift(bytes)
    this.#leave(socket)
    // Maybe it was not read while an answer was on its way.
    socket.resume()
  }

  #watchOn(): void {
    const { clock } = this.serving
    this.#watch ??= clock.at(clock.now() + this.#watchMs, () => {
      this.#watch = null
      this.beat++
      for (const connection of this.#connections.values()) this.#look(connection)
      if (this.#connections.size > 0) this.#watchOn()
    })
  }

  #look(connection: PlainConnection): void {
    const { socket, owesSince, idleSince } = connection
    if (idleSince !== null && this.#msSince(idleSince) > keepAliveMs) socket.destroySoon()
    if (owesSince === null || this.#msSince(owesSince) <= this.serving.requestMsMax) return
    this.serving.logger.info('an HTTP request could not be read', { peer: socket.remoteAddress, reason: 'its body did not come in time' })
    connection.giveUp()
  }

  /** That much at least has passed since that beat. */
  #msSince(beat: number): number {
    return (this.beat - beat - 1) * this.#watchMs
  }
}
