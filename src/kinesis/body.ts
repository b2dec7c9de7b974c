// Request bodies: gathered up to a limit, within a memory budget that all connections share. A body that would exceed the budget waits
// unread, so that its client feels back-pressure instead of the broker growing.
import type { IncomingMessage } from 'node:http'
import type { Http2ServerRequest } from 'node:http2'

/** Bytes that may be held at a time, given out first come, first served. */
export class Budget {
  readonly #bytesMax: number
  #held = 0
  readonly #waiting: { bytes: number; grant: () => void }[] = []

  constructor(bytesMax: number) {
    this.#bytesMax = bytesMax
  }

  /** Settles when the bytes may be held. A share larger than the whole budget is granted when nothing else is held. */
  take(bytes: number): Promise<void> | null {
    if (this.#waiting.length === 0 && this.#fits(bytes)) {
      this.#held += bytes
      return null
    }
    return new Promise((grant) => this.#waiting.push({ bytes, grant }))
  }

  give(bytes: number): void {
    this.#held -= bytes
    for (let next = this.#waiting[0]; next && this.#fits(next.bytes); next = this.#waiting[0]) {
      this.#waiting.shift()
      this.#held += next.bytes
      next.grant()
    }
  }

  #fits(bytes: number): boolean {
    return this.#held === 0 || this.#held + bytes <= this.#bytesMax
  }
}

export type BodyOutcome = { kind: 'body'; bytes: Buffer } | { kind: 'too-large' } | { kind: 'gone' }

/** The bytes that a request announces; the limit where it announces none. */
export function announcedBytes(request: IncomingMessage | Http2ServerRequest, bytesMax: number): number {
  const announced = request.headers['content-length']
  if (announced === undefined) return request.headers['transfer-encoding'] === undefined && request.httpVersionMajor === 1 ? 0 : bytesMax
  return Number(announced)
}

/** Reads a body to its end; `too-large` as soon as it is known, `gone` when the client goes away first. */
export function readBody(request: IncomingMessage | Http2ServerRequest, bytesMax: number): Promise<BodyOutcome> {
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
    })
    request.on('end', () => settle({ kind: 'body', bytes: chunks.length === 1 ? chunks[0]! : Buffer.concat(chunks, length) }))
    request.on('error', () => settle({ kind: 'gone' }))
    request.on('close', () => settle({ kind: 'gone' }))
  })
}
