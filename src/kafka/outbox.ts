// The writing half of a connection: answers leave together, as they lie in memory, and what the client has not taken is counted.

import type { Socket } from 'node:net'

export class Outbox {
  readonly #socket: Socket
  readonly #onSent: (bytes: number) => void
  #parts: Buffer[] = []
  #partsBytes = 0
  #unsentBytes = 0
  #flushDue = false

  /** `onSent` is told when the system has taken bytes over. */
  constructor(socket: Socket, onSent: (bytes: number) => void) {
    this.#socket = socket
    this.#onSent = onSent
  }

  /** Bytes that were added and that the system has not taken. */
  get unsentBytes(): number {
    return this.#unsentBytes
  }

  /** Adds an answer. It leaves at the end of this turn of the event loop, together with others. */
  add(parts: readonly Buffer[], bytes: number): void {
    for (const part of parts) this.#parts.push(part)
    this.#partsBytes += bytes
    this.#unsentBytes += bytes
    if (this.#flushDue) return
    this.#flushDue = true
    process.nextTick(this.#flushSoon)
  }

  /** One writev for all that was added: nothing is copied together. */
  flush(): void {
    const parts = this.#parts
    const bytes = this.#partsBytes
    if (parts.length === 0 || this.#socket.destroyed) return
    this.#parts = []
    this.#partsBytes = 0
    const last = parts.pop()!
    this.#socket.cork()
    for (const part of parts) this.#socket.write(part)
    this.#socket.write(last, () => {
      this.#unsentBytes -= bytes
      this.#onSent(bytes)
    })
    this.#socket.uncork()
  }

  #flushSoon = (): void => {
    this.#flushDue = false
    this.flush()
  }
}
