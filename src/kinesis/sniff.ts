// What a new connection speaks, from its first bytes: HTTP/2 with prior knowledge, TLS, or else HTTP/1.1. The bytes are handed on, or put back.
import type { Socket } from 'node:net'
import type { Intake } from './wire.ts'

export type Spoken = 'http1' | 'http2' | 'tls'

/** The HTTP/2 preface begins so, and no HTTP/1 method does. */
const prefaceStart = Buffer.from('PRI')
/** A TLS handshake record. */
const tlsHandshake = 0x16

/** What these bytes begin; null while there are too few to tell. */
function spokenIn(bytes: Buffer): Spoken | null {
  if (bytes.length === 0) return null
  if (bytes[0] === tlsHandshake) return 'tls'
  const shared = Math.min(bytes.length, prefaceStart.length)
  if (!bytes.subarray(0, shared).equals(prefaceStart.subarray(0, shared))) return 'http1'
  return shared === prefaceStart.length ? 'http2' : null
}

/** Holds on to what comes first until it says what is spoken, and hands that on: gone after the call. Nothing comes here afterwards. */
export class FirstBytes implements Intake {
  readonly #found: (spoken: Spoken, bytes: Buffer) => boolean
  #held: Buffer | null = null

  /** `found` says whether to read on. */
  constructor(found: (spoken: Spoken, bytes: Buffer) => boolean) {
    this.#found = found
  }

  target(): null {
    return null
  }

  filled(): boolean {
    return true
  }

  chunk(bytes: Buffer): boolean {
    const first = this.#held ? Buffer.concat([this.#held, bytes]) : bytes
    const spoken = spokenIn(first)
    if (spoken) return this.#found(spoken, first)
    this.#held = Buffer.from(first)
    return true
  }
}

/** The same by events: calls back once the peer has said enough, with the bytes put back; never, if it closes first. */
export function sniff(socket: Socket, found: (spoken: Spoken) => void): void {
  let held: Buffer | null = null
  const onReadable = (): void => {
    const bytes = socket.read() as Buffer | null
    if (!bytes) return
    held = held ? Buffer.concat([held, bytes]) : bytes
    const spoken = spokenIn(held)
    if (!spoken) return
    socket.removeListener('readable', onReadable)
    socket.unshift(held)
    found(spoken)
  }
  socket.on('readable', onReadable)
}
