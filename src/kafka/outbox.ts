// The writing half of a connection: answers leave together, as they lie in memory, and what the client has not taken is counted.

import type { Socket } from 'node:net'
import type { Loans } from '../lent-memory.ts'

export class Outbox {
  readonly #socket: Socket
  readonly #onSent: (bytes: number) => void
  #parts: Buffer[] = []
  #memory: Loans[] = []
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

  /** Adds an answer. It leaves at the end of this turn of the event loop, together with others; then what it lies in is given back. */
  add(parts: readonly Buffer[], bytes: number, memory?: Loans | null): void {
    for (const part of parts) this.#parts.push(part)
    if (memory) this.#memory.push(memory)
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
    const lent = this.#memory
    this.#parts = []
    this.#memory = []
    this.#partsBytes = 0
    const last = parts.pop()!
    this.#socket.cork()
    for (const part of parts) this.#socket.write(part)
    this.#socket.write(last, (error) => {
      this.#unsentBytes -= bytes
      // After an error nobody says whether the system still reads it: then the collector has it.
      if (!error) for (const memory of lent) memory.giveBack()
      this.#onSent(bytes)
    })
    this.#socket.uncork()
  }

  #flushSoon = (): void => {
    this.#flushDue = false
    this.flush()
  }
}
