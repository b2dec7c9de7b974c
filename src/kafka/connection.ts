// One client's connection: its requests start in order, its answers leave in order, and what it holds in memory is bounded.
//
// A request starts when the one before it was answered, or said `proceed`: a produce whose place in the log is fixed, a long poll that is parked. So a
// pipelining producer waits for no commit but its own, and an early answer waits for its turn. What is in a request is dispatch.ts's business.

import type { Socket } from 'node:net'
import type { Timer } from '../clock.ts'
import type { Counters } from '../counters.ts'
import type { Loans } from '../lent-memory.ts'
import type { Logger } from '../logging.ts'
import { Intake, type IntakeShared } from './intake.ts'
import { Outbox } from './outbox.ts'

/** What a request came to. */
export interface Reply {
  /** The whole answer with its length prefix; null for none (acks=0). */
  parts: readonly Buffer[] | null
  /** Why the connection ends after this; null if it goes on. */
  close: string | null
  /** The client is over a quota: no request of this connection starts for this long (KIP-219). */
  muteMs?: number
  /** What the parts lie in, to be given back when the system has them. */
  memory?: Loans | null
}

/** What is known of the client at the other end. */
export interface Client {
  /** Where it connects from, and to. */
  readonly host: string
  readonly port: number
  /** From ApiVersions (KIP-511); null until then. */
  software: { name: string; version: string } | null
  /** Aborts when the connection ends or the server stops: long polls answer with what they have. */
  readonly signal: AbortSignal
}

/** Runs requests. */
export interface Dispatcher {
  /** Is nothing of this API's requests kept once they are answered? */
  lendable(apiKey: number): boolean
  /** May this request start while another of its kind is under way on the connection? */
  alone(frame: Buffer): boolean
  /** Runs a request. `proceed` lets the next one start before this one is answered. `lent`: the frame's memory is used again after the answer. Never throws or rejects. */
  run(frame: Buffer, client: Client, proceed: () => void, lent: boolean): Reply | Promise<Reply>
}

/** What connections of one server share. */
export interface ConnectionShared extends IntakeShared {
  dispatcher: Dispatcher
  counters: Counters
  logger: Logger
  /** Bytes of answers that clients have not taken yet, in all. */
  answers: { bytes: number }
  /** Bytes of requests and answers of one connection above which it is not read. */
  queuedBytesMax: number
  queuedRequestsMax: number
  nowMs(): number
  after(ms: number, action: () => void): Timer
  ended(connection: Connection): void
}

interface Slot {
  frame: Buffer | null
  frameBytes: number
  alone: boolean
  state: 'waiting' | 'running' | 'done'
  reply: Reply | null
  replyBytes: number
}

export class Connection implements Client {
  readonly host: string
  readonly port: number
  software: { name: string; version: string } | null = null
  /** When bytes last came or went. */
  lastActiveMs: number
  readonly #shared: ConnectionShared
  readonly #intake: Intake
  readonly #outbox: Outbox
  #abort: AbortController | null = null
  /** Requests in order of arrival, until their answers are handed to the outbox. The first `#started` have started. */
  #slots: Slot[] = []
  #started = 0
  /** A running request has not said `proceed` yet. */
  #blocked = false
  /** Over a quota: nothing starts before this timer. */
  #muted: Timer | null = null
  #mutedUntilMs = 0
  #pumping = false
  /** Bytes of answers that wait for their turn. */
  #waitingBytes = 0
  #phase: 'open' | 'draining' | 'closing' | 'ended' = 'open'

  constructor(accepted: Socket, shared: ConnectionShared) {
    this.#shared = shared
    this.host = accepted.remoteAddress ?? ''
    this.port = accepted.remotePort ?? 0
    this.lastActiveMs = shared.nowMs()
    shared.counters.connectionOpened('kafka')
    this.#intake = new Intake(accepted, shared, {
      hasRoom: (frameBytes, requestBytes) => this.#hasRoom(frameBytes, requestBytes),
      lendable: (apiKey) => shared.dispatcher.lendable(apiKey),
      frame: (frame) => this.#frame(frame),
      fault: (reason) => this.#fault(reason),
      read: (bytes) => {
        this.lastActiveMs = shared.nowMs()
        shared.counters.bytesIn('kafka', bytes)
      },
    })
    const { socket } = this.#intake
    this.#outbox = new Outbox(socket, (bytes) => this.#sent(bytes))
    socket.on('error', () => {}) // 'close' follows; a peer that resets is nothing for the log.
    socket.on('close', () => this.#end())
  }

  get signal(): AbortSignal {
    this.#abort ??= new AbortController()
    if (this.#phase !== 'open') this.#abort.abort()
    return this.#abort.signal
  }

  /** A request is being worked on: a client that waits for its answer is not idle. */
  get working(): boolean {
    return this.#slots.length > 0 && this.#phase !== 'closing'
  }

  /** The client owes the rest of a request, and holds memory with it. */
  get midFrame(): boolean {
    return this.#intake.midFrame
  }

  /** Reads no more requests, answers those that came, and closes. */
  drain(): void {
    if (this.#phase !== 'open') return
    this.#phase = 'draining'
    this.#intake.stop()
    this.#abort?.abort()
    if (this.#muted) this.#pump()
    this.#closeIfDrained()
  }

  /** Closes now, and says why in the log if there is something to say. */
  destroy(reason: string | null): void {
    if (this.#phase === 'ended') return
    if (reason !== null) this.#complain(reason)
    this.#intake.socket.destroy()
    this.#end()
  }

  #hasRoom(frameBytes: number, requestBytes: number): boolean {
    const { queuedBytesMax, queuedRequestsMax } = this.#shared
    const heldBytes = requestBytes + this.#waitingBytes + this.#outbox.unsentBytes
    return this.#slots.length < queuedRequestsMax && (heldBytes === 0 || heldBytes + frameBytes <= queuedBytesMax)
  }

  #frame(frame: Buffer): void {
    const alone = this.#shared.dispatcher.alone(frame)
    this.#slots.push({ frame, frameBytes: frame.length, alone, state: 'waiting', reply: null, replyBytes: 0 })
    this.#pump()
  }

  /** What came before the fault is answered first. */
  #fault(reason: string): void {
    this.#slots.push({ frame: null, frameBytes: 0, alone: false, state: 'waiting', reply: { parts: null, close: reason }, replyBytes: 0 })
    this.#intake.stop()
    this.#pump()
  }

  /** Starts what may start. */
  #pump = (): void => {
    if (this.#pumping) return
    this.#pumping = true
    while (this.#mayStart()) this.#start(this.#slots[this.#started]!)
    this.#pumping = false
  }

  #mayStart(): boolean {
    const next = this.#slots[this.#started]
    if (!next || this.#blocked || this.#phase === 'closing' || this.#phase === 'ended') return false
    // A broker that stops does not make its clients wait for a quota.
    if (this.#muted && this.#phase === 'open') return false
    // A client that takes no answers gets no more made: the connection's answers stay within the limit and one.
    if (this.#outbox.unsentBytes > this.#shared.queuedBytesMax) return false
    return !next.alone || !this.#slots.some((other) => other.alone && other.state === 'running')
  }

  #start(slot: Slot): void {
    slot.state = 'running'
    this.#started++
    if (!slot.frame) {
      this.#finish(slot, slot.reply!)
      return
    }
    this.#blocked = true
    let proceeded = false
    const proceed = (): void => {
      if (proceeded) return
      proceeded = true
      this.#blocked = false
      // Later, not from within the handler that says so.
      if (!this.#pumping) queueMicrotask(this.#pump)
    }
    const { dispatcher, memory } = this.#shared
    const reply = dispatcher.run(slot.frame, this, proceed, memory.lends(slot.frame))
    if (reply instanceof Promise) {
      reply.then((settled) => {
        proceed()
        this.#finish(slot, settled)
      })
    } else {
      proceed()
      this.#finish(slot, reply)
    }
  }

  #finish(slot: Slot, reply: Reply): void {
    slot.state = 'done'
    if (slot.frame) this.#shared.memory.giveBack(slot.frame)
    slot.frame = null
    this.#intake.release(slot.frameBytes)
    if (this.#phase === 'closing' || this.#phase === 'ended') return
    if (reply.muteMs) this.#mute(reply.muteMs)
    slot.reply = reply
    if (reply.parts) for (const part of reply.parts) slot.replyBytes += part.length
    this.#waitingBytes += slot.replyBytes
    this.#shared.answers.bytes += slot.replyBytes
    this.#takeReady()
    if (slot.alone) this.#pump()
    this.#intake.roomMade()
  }

  #mute(ms: number): void {
    const untilMs = this.#shared.nowMs() + ms
    if (untilMs <= this.#mutedUntilMs) return
    this.#mutedUntilMs = untilMs
    this.#muted?.cancel()
    this.#muted = this.#shared.after(ms, () => {
      this.#muted = null
      this.#pump()
    })
  }

  /** Hands on the answers whose turn has come. */
  #takeReady(): void {
    while (this.#slots[0]?.state === 'done') {
      const { reply, replyBytes } = this.#slots.shift()!
      this.#started--
      this.#waitingBytes -= replyBytes
      if (reply?.parts) this.#outbox.add(reply.parts, replyBytes, reply.memory)
      if (reply && reply.close !== null) {
        this.#close(reply.close)
        return
      }
    }
    this.#closeIfDrained()
  }

  #sent(bytes: number): void {
    if (this.#phase === 'ended') return
    this.#shared.answers.bytes -= bytes
    this.#shared.counters.bytesOut('kafka', bytes)
    this.lastActiveMs = this.#shared.nowMs()
    this.#pump()
    this.#intake.roomMade()
  }

  #closeIfDrained(): void {
    if (this.#phase === 'draining' && this.#slots.length === 0) this.#close(null)
  }

  /** Closes once what was handed on is out. */
  #close(reason: string | null): void {
    if (this.#phase === 'closing' || this.#phase === 'ended') return
    if (reason !== null) this.#complain(reason)
    this.#intake.stop()
    this.#outbox.flush()
    this.#phase = 'closing'
    this.#abort?.abort()
    this.#intake.socket.destroySoon()
  }

  #complain(reason: string): void {
    const { counters, logger } = this.#shared
    counters.connectionRejected('kafka')
    logger.warn('kafka connection closed', { reason, client: `${this.host}:${this.port}`, software: this.software?.name })
  }

  #end(): void {
    if (this.#phase === 'ended') return
    this.#phase = 'ended'
    this.#muted?.cancel()
    this.#intake.stop()
    this.#abort?.abort()
    this.#shared.answers.bytes -= this.#outbox.unsentBytes
    for (const slot of this.#slots) {
      if (slot.state === 'waiting') this.#intake.release(slot.frameBytes)
      else if (slot.state === 'done') this.#shared.answers.bytes -= slot.replyBytes
    }
    this.#slots = this.#slots.filter((slot) => slot.state === 'running')
    this.#shared.counters.connectionClosed('kafka')
    this.#shared.ended(this)
  }
}
