// The reading half of a connection: takes frames from the socket while there is room for them, on the connection and in all, and lets the client wait while there is none.
// What becomes of a frame is connection.ts's.

import type { Socket } from 'node:net'
import type { LentMemory } from '../lent-memory.ts'
import { FrameReader } from './frame-reader.ts'
import { type FrameSource, frameSource } from './frame-source.ts'
import type { RequestBudget } from './request-budget.ts'

/** What intakes of one server share. */
export interface IntakeShared {
  /** Requests, from their announcement to their answer. */
  requests: RequestBudget
  memory: LentMemory
  frameBytesMax: number
  /** Null: read by events. */
  scratch: Buffer | null
}

/** The connection that an intake is of. */
export interface IntakeOwner {
  /** Is there room on the connection for a request of this size, beside the `requestBytes` that it holds? */
  hasRoom(frameBytes: number, requestBytes: number): boolean
  /** Is nothing of this API's requests kept once they are answered? */
  lendable(apiKey: number): boolean
  /** A request came; its bytes are to be released. */
  frame(frame: Buffer): void
  /** The client's bytes cannot be understood; there will be no more frames. */
  fault(reason: string): void
  /** Bytes were read. */
  read(bytes: number): void
}

export class Intake {
  readonly #shared: IntakeShared
  readonly #owner: IntakeOwner
  readonly #reader: FrameReader
  readonly #source: FrameSource
  /** Bytes of requests that were admitted and not released. */
  #requestBytes = 0
  /** The frame that reading waits for, and the one that was admitted and is being read; 0 for none. */
  #awaitedBytes = 0
  #partialBytes = 0
  #inLine = false
  #stopped = false

  constructor(accepted: Socket, shared: IntakeShared, owner: IntakeOwner) {
    this.#shared = shared
    this.#owner = owner
    this.#reader = new FrameReader(
      {
        admit: (bytes) => this.#admit(bytes),
        memory: (bytes, apiKey) => (owner.lendable(apiKey) ? shared.memory.lend(bytes) : null) ?? Buffer.allocUnsafe(bytes),
        frame: (frame) => {
          this.#partialBytes = 0
          owner.frame(frame)
        },
        fault: (reason) => owner.fault(reason),
      },
      shared.frameBytesMax,
    )
    this.#source = frameSource(accepted, this.#reader, (bytes) => owner.read(bytes), shared.scratch)
  }

  /** The socket to write to. */
  get socket(): Socket {
    return this.#source.socket
  }

  get requestBytes(): number {
    return this.#requestBytes
  }

  /** The client owes the rest of a request, and holds memory with it. */
  get midFrame(): boolean {
    return this.#partialBytes > 0
  }

  /** A request is done with. */
  release(bytes: number): void {
    this.#requestBytes -= bytes
    this.#shared.requests.release(bytes)
  }

  /** Something was given back on the connection: perhaps the awaited frame has room now. */
  roomMade(): void {
    if (this.#awaitedBytes > 0 && !this.#inLine && !this.#stopped && this.#tryAdmit()) this.#readOn()
  }

  /** Reads no more, for good. */
  stop(): void {
    if (this.#stopped) return
    this.#stopped = true
    this.#reader.end()
    this.#source.stop()
    if (this.#inLine) this.#shared.requests.withdraw(this.#granted)
    this.#inLine = false
    this.#awaitedBytes = 0
    this.release(this.#partialBytes)
    this.#partialBytes = 0
  }

  #admit(frameBytes: number): boolean {
    this.#awaitedBytes = frameBytes
    return this.#tryAdmit()
  }

  /** True if the awaited frame may come: there is room on the connection, and then in all. */
  #tryAdmit(): boolean {
    if (!this.#owner.hasRoom(this.#awaitedBytes, this.#requestBytes)) return false
    this.#inLine = !this.#shared.requests.claim(this.#awaitedBytes, this.#granted)
    if (!this.#inLine) this.#admitted()
    return !this.#inLine
  }

  #admitted(): void {
    this.#requestBytes += this.#awaitedBytes
    this.#partialBytes = this.#awaitedBytes
    this.#awaitedBytes = 0
  }

  /** All connections together had room at last, and it was taken for us. */
  #granted = (): void => {
    this.#inLine = false
    this.#admitted()
    this.#readOn()
  }

  #readOn(): void {
    this.#reader.resume()
    if (!this.#reader.stopped) this.#source.resume()
  }
}
