// The head of an HTTP/1.1 answer: what node:http would write, in one piece. Headers are our own, and need no look at what is in them.
import type { Clock } from '../../clock.ts'

const reasons: Readonly<Record<number, string>> = {
  200: 'OK',
  400: 'Bad Request',
  403: 'Forbidden',
  404: 'Not Found',
  413: 'Payload Too Large',
  500: 'Internal Server Error',
  503: 'Service Unavailable',
}

export class AnswerHeads {
  readonly #clock: Clock
  readonly #kept: string
  #second = Number.NaN
  #date = ''

  /** `keepAliveMs`: how long a connection is kept for the next request. */
  constructor(clock: Clock, keepAliveMs: number) {
    this.#clock = clock
    this.#kept = `Connection: keep-alive\r\nKeep-Alive: timeout=${Math.floor(keepAliveMs / 1000)}\r\n\r\n`
  }

  /** `close`: nothing follows on this connection. */
  text(status: number, headers: Readonly<Record<string, string>>, bodyBytes: number, close: boolean): string {
    let text = `HTTP/1.1 ${status} ${reasons[status] ?? 'unknown'}\r\n`
    for (const name in headers) text += `${name}: ${headers[name]}\r\n`
    return `${text}Content-Length: ${bodyBytes}\r\n${close ? 'Connection: close\r\n' : ''}Date: ${this.#dateNow()}\r\n${close ? '\r\n' : this.#kept}`
  }

  #dateNow(): string {
    const second = Math.floor(this.#clock.now() / 1000)
    if (second !== this.#second) {
      this.#second = second
      this.#date = new Date(second * 1000).toUTCString()
    }
    return this.#date
  }
}
