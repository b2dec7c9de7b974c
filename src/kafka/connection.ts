// One client's connection: its requests start in order, its answers leave in order, and what it holds in memory is bounded.
//
// A request starts when the one before it was answered, or said `proceed`: a produce whose place in the log is fixed, a long poll that is parked. So a
// pipelining producer waits for no commit but its own, and an early answer waits for its turn. What is in a request is dispatch.ts's business.

import type { Socket } from 'node:net'
import type { Timer } from '../clock.ts'
import type { Counters } from '../counters.ts'
import type { Logger } from '../logging.ts'
import type { Budget } from './budget.ts'
import type { FrameMemory } from './frame-memory.ts'
import { FrameReader } from './frame-reader.ts'
import { type FrameSource, frameSource } from './frame-source.ts'

/** What a request came to. */
export interface Reply {
  /** The whole answer with its length prefix; null for none (acks=0). */
  parts: readonly Buffer[] | null
  /** Why the connection ends after this; null if it goes on. */
  close: string | null
  /** The client is over a quota: no request of this connection starts for this long (KIP-219). */
  muteMs?: number
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
export interface ConnectionShared {
  dispatcher: Dispatcher
  counters: Counters
  logger: Logger
  /** Requests, from their announcement to their answer. */
  requests: Budget
  memory: FrameMemory
  /** Bytes of answers that clients have not taken yet, in all. */
  answers: { bytes: number }
  frameBytesMax: number
  /** Bytes of requests and answers of one connection above which it is not read. */
  queuedBytesMax: number
  queuedRequestsMax: number
  /** Null: read by events. */
  scratch: Buffer | null
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
  #shared: ConnectionShared
  #reader: FrameReader
  #source: FrameSource
  #socket: Socket
  #abort: AbortController | null = null
  /** Requests in order of arrival, until their answers are handed to the socket. The first `#started` have started. */
  #slots: Slot[] = []
  #started = 0
  /** A running request has not said `proceed` yet. */
  #blocked = false
  /** Over a quota: nothing starts before this timer. */
  #muted: Timer | null = null
  #mutedUntilMs = 0
  #pumping = false
  /** Bytes of requests that came, and of answers that wait for their turn. */
  #heldBytes = 0
  /** Bytes of answers that the client has not taken. */
  #unsentBytes = 0
  /** The frame that reading waits for, and the one that was admitted and is being read; 0 for none. */
  #awaitedBytes = 0
  #partialBytes = 0
  #inLine = false
  #out: Buffer[] = []
  #flushDue = false
  #phase: 'open' | 'draining' | 'closing' | 'ended' = 'open'

  constructor(accepted: Socket, shared: ConnectionShared) {
    this.#shared = shared
    this.host = accepted.remoteAddress ?? ''
    this.port = accepted.remotePort ?? 0
    this.lastActiveMs = shared.nowMs()
    this.#reader = new FrameReader(
      {
        admit: (bytes) => this.#admit(bytes),
        memory: (bytes, apiKey) => this.#memory(bytes, apiKey),
        frame: (frame) => this.#frame(frame),
        fault: (message) => this.#fault(message),
      },
      shared.frameBytesMax,
    )
    shared.counters.connectionOpened('kafka')
    this.#source = frameSource(accepted, this.#reader, (bytes) => this.#read(bytes), shared.scratch)
    this.#socket = this.#source.socket
    this.#socket.on('error', () => {}) // 'close' follows; a peer that resets is nothing for the log.
    this.#socket.on('close', () => this.#end())
  }

  get signal(): AbortSignal {
    this.#abort ??= new AbortController()
    if (this.#phase !== 'open') this.#abort.abort()
    return this.#abort.signal
  }

  /** A request is being worked on: a client that waits for its answer is not idle. */
  get working(): boolean {
    return this.#slots.length > 0
  }

  /** The client owes the rest of a request, and holds memory with it. */
  get midFrame(): boolean {
    return this.#partialBytes > 0
  }

  /** Reads no more requests, answers those that came, and closes. */
  drain(): void {
    if (this.#phase !== 'open') return
    this.#phase = 'draining'
    this.#stopReading()
    this.#abort?.abort()
    if (this.#muted) this.#pump()
    if (this.#slots.length === 0 && !this.#flushDue) this.#close(null)
  }

  /** Closes now, and says why in the log if there is something to say. */
  destroy(reason: string | null): void {
    if (this.#phase === 'ended') return
    if (reason !== null) this.#complain(reason)
    this.#socket.destroy()
    this.#end()
  }

  #read(bytes: number): void {
    this.lastActiveMs = this.#shared.nowMs()
    this.#shared.counters.bytesIn('kafka', bytes)
  }

  #admit(frameBytes: number): boolean {
    this.#awaitedBytes = frameBytes
    return this.#tryAdmit()
  }

  #memory(bytes: number, apiKey: number): Buffer {
    const { dispatcher, memory } = this.#shared
    return (dispatcher.lendable(apiKey) ? memory.lend(bytes) : null) ?? Buffer.allocUnsafe(bytes)
  }

  /** True if the awaited frame may come: there is room on this connection, and then in all. */
  #tryAdmit(): boolean {
    const { queuedBytesMax, queuedRequestsMax, requests } = this.#shared
    const held = this.#heldBytes + this.#unsentBytes
    if (this.#slots.length >= queuedRequestsMax || (held > 0 && held + this.#awaitedBytes > queuedBytesMax)) return false
    this.#inLine = !requests.claim(this.#awaitedBytes, this.#granted)
    if (!this.#inLine) this.#admitted()
    return !this.#inLine
  }

  #admitted(): void {
    this.#heldBytes += this.#awaitedBytes
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

  /** Something was given back: perhaps the awaited frame has room now. */
  #roomMade(): void {
    if (this.#awaitedBytes > 0 && !this.#inLine && this.#phase === 'open' && this.#tryAdmit()) this.#readOn()
  }

  #stopReading(): void {
    this.#reader.end()
    this.#source.stop()
    if (this.#inLine) this.#shared.requests.withdraw(this.#granted)
    this.#inLine = false
    this.#awaitedBytes = 0
    this.#release(this.#partialBytes)
    this.#partialBytes = 0
  }

  #release(requestBytes: number): void {
    this.#heldBytes -= requestBytes
    this.#shared.requests.release(requestBytes)
  }

  #frame(frame: Buffer): void {
    this.#partialBytes = 0
    const alone = this.#shared.dispatcher.alone(frame)
    this.#slots.push({ frame, frameBytes: frame.length, alone, state: 'waiting', reply: null, replyBytes: 0 })
    this.#pump()
  }

  /** What came before the fault is answered first. */
  #fault(reason: string): void {
    this.#slots.push({ frame: null, frameBytes: 0, alone: false, state: 'waiting', reply: { parts: null, close: reason }, replyBytes: 0 })
    this.#stopReading()
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
    if (this.#unsentBytes > this.#shared.queuedBytesMax) return false
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
    this.#release(slot.frameBytes)
    if (this.#phase === 'closing' || this.#phase === 'ended') return
    if (reply.muteMs) this.#mute(reply.muteMs)
    slot.reply = reply
    if (reply.parts) for (const part of reply.parts) slot.replyBytes += part.length
    this.#heldBytes += slot.replyBytes
    this.#shared.answers.bytes += slot.replyBytes
    this.#takeReady()
    if (slot.alone) this.#pump()
    this.#roomMade()
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

  /** Hands on the answers whose turn has come; those of one turn of the event loop leave together. */
  #takeReady(): void {
    while (this.#slots[0]?.state === 'done') {
      const { reply, replyBytes } = this.#slots.shift()!
      this.#started--
      this.#heldBytes -= replyBytes
      this.#unsentBytes += replyBytes
      if (reply?.parts) for (const part of reply.parts) this.#out.push(part)
      if (reply && reply.close !== null) {
        this.#close(reply.close)
        return
      }
    }
    if (this.#out.length > 0 && !this.#flushDue) {
      this.#flushDue = true
      process.nextTick(this.#flushSoon)
    } else if (this.#phase === 'draining' && this.#slots.length === 0 && !this.#flushDue) this.#close(null)
  }

  #flushSoon = (): void => {
    this.#flushDue = false
    this.#flush()
    if (this.#phase === 'draining' && this.#slots.length === 0) this.#close(null)
  }

  /** One writev for all that is ready: nothing is copied together. */
  #flush(): void {
    const parts = this.#out
    if (parts.length === 0 || this.#phase === 'ended') return
    this.#out = []
    let bytes = 0
    for (const part of parts) bytes += part.length
    const last = parts.pop()!
    this.#socket.cork()
    for (const part of parts) this.#socket.write(part)
    this.#socket.write(last, () => this.#sent(bytes))
    this.#socket.uncork()
  }

  #sent(bytes: number): void {
    if (this.#phase === 'ended') return
    this.#unsentBytes -= bytes
    this.#shared.answers.bytes -= bytes
    this.#shared.counters.bytesOut('kafka', bytes)
    this.lastActiveMs = this.#shared.nowMs()
    this.#pump()
    this.#roomMade()
  }

  /** Closes once what was handed on is out. */
  #close(reason: string | null): void {
    if (this.#phase === 'closing' || this.#phase === 'ended') return
    if (reason !== null) this.#complain(reason)
    this.#stopReading()
    this.#flush()
    this.#phase = 'closing'
    this.#abort?.abort()
    this.#socket.destroySoon()
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
    this.#stopReading()
    this.#abort?.abort()
    this.#shared.answers.bytes -= this.#unsentBytes
    for (const slot of this.#slots) {
      if (slot.state === 'waiting') this.#release(slot.frameBytes)
      else if (slot.state === 'done') this.#shared.answers.bytes -= slot.replyBytes
    }
    this.#slots = this.#slots.filter((slot) => slot.state === 'running')
    this.#out = []
    this.#shared.counters.connectionClosed('kafka')
    this.#shared.ended(this)
  }
}
