// Ends HTTP/2 connections on which nothing will come: those that never get to a request, and those that fell silent.
// Node leaves a session open whose peer sent what its parser gives up on, and then does not see the peer hang up either: only time ends those.
import type { ServerHttp2Session } from 'node:http2'
import type { Clock } from '../clock.ts'

export interface WatchLimits {
  /** The first request's headers must be there by then: what HTTP/1 has a headers timeout for. */
  readonly firstRequestMs: number
  /** A connection on which nothing moved for so long, in either direction, is cut. */
  readonly idleMs: number
}

export function watchSession(session: ServerHttp2Session, { firstRequestMs, idleMs }: WatchLimits, clock: Clock): void {
  const first = clock.at(clock.now() + firstRequestMs, () => session.destroy())
  session.once('stream', () => first.cancel())
  session.once('close', () => first.cancel())
  session.setTimeout(idleMs, () => session.destroy())
}
