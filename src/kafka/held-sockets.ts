// Connections that came faster than they may: left unread for a while, then served or closed. Who is held, and for how long, is admission.ts's to say.
import type { Socket } from 'node:net'
import type { Clock } from '../clock.ts'

const nothing = (): void => {}

export class HeldSockets {
  readonly #clock: Clock
  readonly #sockets = new Set<Socket>()

  constructor(clock: Clock) {
    this.#clock = clock
  }

  get size(): number {
    return this.#sockets.size
  }

  /** Leaves the socket unread for a while, then it proceeds. `gone`: it closed before that. */
  hold(socket: Socket, delayMs: number, proceed: () => void, gone: () => void = nothing): void {
    const due = this.#clock.at(this.#clock.now() + delayMs, () => {
      if (socket.destroyed) return
      release()
      proceed()
    })
    const closing = (): void => {
      due.cancel()
      release()
      gone()
    }
    const release = (): void => {
      this.#sockets.delete(socket)
      socket.off('close', closing)
      socket.off('error', nothing)
    }
    this.#sockets.add(socket)
    socket.on('error', nothing)
    socket.on('close', closing)
  }

  destroyAll(): void {
    for (const socket of this.#sockets) socket.destroy()
  }
}
