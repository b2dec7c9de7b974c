// One HTTP/1.1 connection whose requests are plain (request-head.ts): read, asked of the door, answered, one after the other. The first request that is not plain goes to
// node:http with the connection, from its first byte on. Half of what a small request cost there was node:http's own; its rules and limits hold here too.
import type { Socket } from 'node:net'
import { Loans } from '../../lent-memory.ts'
import { Share, smallBytesMax } from '../body.ts'
import type { HttpAnswer } from '../door.ts'
import { lastWords, type Serving, unreadMsMax } from '../serving.ts'
import type { Intake } from '../wire.ts'
import { BodyMemory } from './body-memory.ts'
import type { PlainHttp } from './plain-http.ts'
import { headBytesMax, type RequestHead, readHead } from './request-head.ts'

const blankLine = Buffer.from('\r\n\r\n')

/** `idle`: before a request. `body`: in one. `busy`: until its answer has left. `over`: the last word was said. `left`: it is node:http's. */
type State = 'idle' | 'body' | 'busy' | 'over' | 'left'

export class PlainConnection implements Intake {
  readonly socket: Socket
  readonly #http: PlainHttp
  readonly #serving: Serving
  #state: State = 'idle'
  /** The beat at which this state began. */
  #sinceBeat: number
  /** Of the request under way: */
  #head: RequestHead | null = null
  #body: BodyMemory | null = null
  readonly #share: Share
  readonly #incoming: Loans
  readonly #outgoing: Loans
  readonly #room: Share
  #startedMs = 0
  /** For room in memory: nothing is read meanwhile. */
  #waiting = false
  /** What came behind it, before its answer. */
  #ahead: Buffer | null = null
  #hangUp: AbortController | null = null
  readonly #hungUp = (): AbortSignal => this.#hangUpSignal()
  readonly #sent = (error?: Error | null): void => this.#answerSent(error)
  readonly #answered = (answer: HttpAnswer): void => this.#answer(answer)
  readonly #unread = (): void => void this.socket.destroy()

  constructor(socket: Socket, http: PlainHttp) {
    const { bodies, answers, memory } = http.serving
    this.socket = socket
    this.#http = http
    this.#serving = http.serving
    this.#sinceBeat = http.beat
    this.#share = new Share(bodies)
    this.#incoming = new Loans(memory)
    this.#outgoing = new Loans(memory)
    this.#room = new Share(answers)
    socket.once('close', () => this.#closed())
  }

  /** A request is under way. */
  get working(): boolean {
    return this.#state === 'busy' || this.#state === 'body'
  }

  /** The client owes the rest of a request since the beat that is answered; else null. */
  get owesSince(): number | null {
    return this.#state === 'body' ? this.#sinceBeat : null
  }

  /** Nothing has been asked since then; null while something is. */
  get idleSince(): number | null {
    return this.#state === 'idle' || this.#state === 'over' ? this.#sinceBeat : null
  }

  /** The client took too long: it is told so, and what it still sends is not looked at. */
  giveUp(): void {
    this.#state = 'over'
    this.#sinceBeat = this.#http.beat
    if (this.socket.writable) this.socket.end(lastWords('408 Request Timeout'))
    else this.socket.destroy()
  }

  target(): Buffer | null {
    // Where nothing is read for now, it is not known what comes first when it is.
    return this.#state === 'body' && !this.#waiting ? this.#body!.rest : null
  }

  filled(count: number): boolean {
    if (this.#state === 'over') return true
    this.#body!.filled(count)
    return this.#come(count)
  }

  chunk(bytes: Buffer): boolean {
    if (this.#state === 'idle') return this.#begin(bytes, true)
    if (this.#state === 'over') return true
    const count = this.#state === 'body' ? Math.min(bytes.length, this.#body!.missing) : 0
    // What comes behind a request has its turn after the answer; nothing is read until then.
    if (count < bytes.length) this.#ahead = Buffer.from(bytes.subarray(count))
    if (count === 0) return false
    this.#body!.add(bytes.subarray(0, count))
    return this.#come(count)
  }

  /** The first bytes of a request. `gone`: they are, after the call. */
  #begin(bytes: Buffer, gone: boolean): boolean {
    const { door, bodyBytesMax } = this.#serving
    const end = bytes.indexOf(blankLine)
    const head = end > 0 && end <= headBytesMax ? readHead(bytes.toString('latin1', 0, end)) : null
    if (!head || head.bodyBytes > bodyBytesMax || !door.answersWhole(head.headers)) {
      this.#state = 'left'
      this.#http.leave(this.socket, gone ? Buffer.from(bytes) : bytes)
      return true
    }
    this.#startedMs = performance.now()
    this.#head = head
    this.#state = 'body'
    this.#sinceBeat = this.#http.beat
    const bodyAt = end + blankLine.length
    const there = Math.min(head.bodyBytes, bytes.length - bodyAt)
    if (bodyAt + there < bytes.length) {
      const rest = bytes.subarray(bodyAt + there)
      this.#ahead = gone ? Buffer.from(rest) : rest
    }
    this.#body = new BodyMemory(head.bodyBytes, bytes.subarray(bodyAt, bodyAt + there), this.#incoming)
    return this.#come(there)
  }

  /** So many bytes of the body more have come. Says whether to read on. */
  #come(count: number): boolean {
    let room: Promise<void> | null = null
    if (this.#share.bytes + count <= smallBytesMax) this.#share.hold(count)
    else room = this.#share.take(count)
    if (!room) return this.#proceed()
    this.#waiting = true
    room.then(() => {
      this.#waiting = false
      if (this.#state === 'body' && this.#proceed()) this.socket.resume()
    })
    return false
  }

  #proceed(): boolean {
    if (this.#body!.missing === 0) this.#ask()
    return this.#ahead === null
  }

  #ask(): void {
    this.#state = 'busy'
    const { url, headers } = this.#head!
    this.#serving.door
      .handle({
        method: 'POST',
        url,
        headers,
        body: this.#body!.bytes,
        share: this.#share,
        incoming: this.#incoming,
        outgoing: this.#outgoing,
        room: this.#room,
        hungUp: this.#hungUp,
      })
      .then(this.#answered)
  }

  #answer(answer: HttpAnswer): void {
    const { socket } = this
    const { heads } = this.#http
    const { closing } = this.#serving
    const { status, headers, body, operation, errorType } = answer
    this.#share.close()
    this.#incoming.giveBack()
    const bytesIn = this.#head!.bodyBytes
    this.#head = null
    this.#body = null
    this.#hangUp = null
    let bytesOut = 0
    if (answer.cut) socket.destroy()
    if (!socket.destroyed) {
      if (typeof body === 'string') {
        bytesOut = Buffer.byteLength(body)
        const encoding = bytesOut === body.length ? 'latin1' : 'utf8'
        socket.write(heads.text(status, headers, bytesOut, closing) + body, encoding, this.#sent)
      } else {
        bytesOut = body.length
        socket.cork()
        socket.write(heads.text(status, headers, bytesOut, closing), 'latin1')
        socket.write(body, this.#sent)
        socket.uncork()
      }
      if (this.#room.bytes > 0) this.#holdUntilRead(bytesOut)
    } else this.#room.close()
    this.#serving.observe({ operation: operation ?? 'unknown', errorType, seconds: (performance.now() - this.#startedMs) / 1000, bytesIn, bytesOut })
  }

  /** What a large answer takes is given back when it has left, or its client has. */
  #holdUntilRead(bytes: number): void {
    this.#room.keep(bytes)
    if (this.socket.writableLength > 0) this.socket.setTimeout(unreadMsMax).on('timeout', this.#unread)
  }

  /** The system has the answer. Of one that was cut off that is not certain: its memory is let go. */
  #answerSent(error?: Error | null): void {
    if (error || this.socket.destroyed) return
    const { closing } = this.#serving
    if (this.#room.bytes > 0) {
      this.#room.close()
      this.socket.setTimeout(0).off('timeout', this.#unread)
    }
    if (!this.#outgoing.empty) this.#outgoing.giveBack()
    this.#serving.answered()
    this.#state = 'idle'
    this.#sinceBeat = this.#http.beat
    if (closing) this.socket.destroySoon()
    else if (this.#ahead) this.#goOn(this.#ahead)
  }

  #goOn(bytes: Buffer): void {
    this.#ahead = null
    if (this.#begin(bytes, false)) this.socket.resume()
  }

  #closed(): void {
    this.#room.close()
    this.#hangUp?.abort()
    if (this.#state !== 'body' && this.#state !== 'over') return
    this.#share.close()
    this.#incoming.giveBack()
    this.#serving.observe({
      operation: 'unknown',
      errorType: 'ClientGone',
      seconds: (performance.now() - this.#startedMs) / 1000,
      bytesIn: 0,
      bytesOut: 0,
    })
  }

  /** Aborts when the client goes before the answer. */
  #hangUpSignal(): AbortSignal {
    this.#hangUp ??= new AbortController()
    if (this.socket.destroyed) this.#hangUp.abort()
    return this.#hangUp.signal
  }
}
