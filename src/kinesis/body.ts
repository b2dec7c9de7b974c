// Request bodies: gathered up to a limit, within a memory budget that all connections share. A body that would exceed the budget waits
// unread, so that its client feels back-pressure instead of the broker growing.
import type { IncomingMessage } from 'node:http'
import type { Http2ServerRequest } from 'node:http2'
import type { Loans } from '../lent-memory.ts'

/** Bytes that may be held at a time, by all requests together. */
export class Budget {
  readonly #bytesMax: number
  #held = 0
  /** Goes beyond the budget: one at a time, so that bodies that all wait for room for their rest come to an end one by one. */
  #lane: Share | null = null
  readonly #waiting: { share: Share; bytes: number; grant: () => void }[] = []

  constructor(bytesMax: number) {
    this.#bytesMax = bytesMax
  }

  get held(): number {
    return this.#held
  }

  /** Null, or what settles when the share may hold so many bytes more: first come, first served. */
  take(share: Share, bytes: number): Promise<void> | null {
    if (this.#admit(share, bytes, this.#waiting.length === 0)) return null
    return new Promise((grant) => this.#waiting.push({ share, bytes, grant }))
  }

  /** Counts bytes that are not to wait for. */
  hold(share: Share, bytes: number): void {
    this.#held += bytes
    share.bytes += bytes
  }

  /** The share goes on with so many bytes. */
  keep(share: Share, bytes: number): void {
    this.#held -= share.bytes - bytes
    share.bytes = bytes
    if (this.#held <= this.#bytesMax) this.#lane = null
    this.#grant()
  }

  /** The share has ended; what it waits for is forgotten. */
  leave(share: Share): void {
    const at = this.#waiting.findIndex((waiting) => waiting.share === share)
    if (at >= 0) this.#waiting.splice(at, 1)
    if (this.#lane === share) this.#lane = null
    this.keep(share, 0)
  }

  #grant(): void {
    for (let next = this.#waiting[0]; next && this.#admit(next.share, next.bytes, true); next = this.#waiting[0]) {
      this.#waiting.shift()
      next.grant()
    }
  }

  #admit(share: Share, bytes: number, isFirst: boolean): boolean {
    const isWithin = isFirst && this.#held + bytes <= this.#bytesMax
    if (!isWithin && this.#lane !== share) {
      if (!isFirst || this.#lane) return false
      this.#lane = share
    }
    this.hold(share, bytes)
    return true
  }
}

/** What one request holds of a budget. */
export class Share {
  readonly #budget: Budget
  /** The budget's to count. */
  bytes = 0

  constructor(budget: Budget) {
    this.#budget = budget
  }

  /** Null where the bytes may be held at once, as it mostly is. One at a time. */
  take(bytes: number): Promise<void> | null {
    return this.#budget.take(this, bytes)
  }

  /** So many bytes more are held, whether there is room or not. */
  hold(bytes: number): void {
    this.#budget.hold(this, bytes)
  }

  /** Gives back what is held beyond so many bytes. */
  keep(bytes: number): void {
    if (bytes < this.bytes) this.#budget.keep(this, bytes)
  }

  /** Gives everything back; the last call. */
  close(): void {
    this.#budget.leave(this)
  }
}

/** A body that is no longer does not wait for room: so much of every connection lies in memory anyway, and most requests are no larger. */
export const smallBytesMax = 16 * 1024

export type BodyOutcome = { kind: 'body'; bytes: Buffer } | { kind: 'too-large' } | { kind: 'gone' }

/** Does the request announce a larger body? */
export const announcesMore = (request: IncomingMessage | Http2ServerRequest, bytesMax: number): boolean =>
  Number(request.headers['content-length'] ?? 0) > bytesMax

/**
 * Reads a body to its end, no faster than the share may grow; `too-large` as soon as it is known, `gone` when the client goes away first.
 * What comes in several pieces is put together in memory of `loans`.
 */
export function readBody(request: IncomingMessage | Http2ServerRequest, bytesMax: number, share: Share, loans: Loans): Promise<BodyOutcome> {
  return new Promise((settle) => {
    const chunks: Buffer[] = []
    let length = 0
    request.on('data', (chunk: Buffer) => {
      length += chunk.length
      if (length > bytesMax) {
        request.pause()
        settle({ kind: 'too-large' })
        return
      }
      chunks.push(chunk)
      if (length <= smallBytesMax) {
        share.hold(chunk.length)
        return
      }
      const room = share.take(chunk.length)
      if (!room) return
      request.pause()
      room.then(() => request.resume())
    })
    request.on('end', () => settle({ kind: 'body', bytes: chunks.length === 1 ? chunks[0]! : joined(chunks, length, loans) }))
    request.on('error', () => settle({ kind: 'gone' }))
    request.on('close', () => settle({ kind: 'gone' }))
  })
}

function joined(chunks: readonly Buffer[], length: number, loans: Loans): Buffer {
  const bytes = loans.take(length)
  let at = 0
  for (const chunk of chunks) {
    bytes.set(chunk, at)
    at += chunk.length
  }
  return bytes
}
