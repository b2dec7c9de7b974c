// What the ways of serving HTTP share, whether it is node:http's (node-http.ts) or our own (http1/): the door, memory, and the times that clients have.
import type { Clock } from '../clock.ts'
import type { LentMemory } from '../lent-memory.ts'
import type { Logger } from '../logging.ts'
import type { Budget } from './body.ts'
import type { Door } from './door.ts'

export interface Serving {
  readonly door: Door
  readonly clock: Clock
  readonly logger: Logger
  /** What bodies and answers lie in. */
  readonly memory: LentMemory
  /** Request bodies that are held in memory. */
  readonly bodies: Budget
  /** Large answers that their clients have not read. */
  readonly answers: Budget
  readonly bodyBytesMax: number
  /** A client has so long for its head, and for a whole request. */
  readonly headersMsMax: number
  readonly requestMsMax: number
  /** No request is taken any more: what is under way is answered. */
  readonly closing: boolean
  /** Told of every answered request. */
  observe(call: ObservedCall): void
  /** An answer has left: memory may have been given back. */
  answered(): void
}

/** For metrics. Names come from our own lists, so that labels stay few. */
export interface ObservedCall {
  /** An operation's name, or `unknown`. */
  operation: string
  /** AWS's exception name, or null. */
  errorType: string | null
  seconds: number
  bytesIn: number
  bytesOut: number
}

/** Longer than clients keep idle connections, so that it is they who close: a request and our close would cross on the way. */
export const keepAliveMs = 75_000
/** A client that reads nothing of a large answer for so long is cut off: others wait for its room. */
export const unreadMsMax = 5000

/** The answer to a client whose request was not read to its end, and whose connection ends with it. */
export const lastWords = (status: string): string => `HTTP/1.1 ${status}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`
