// What a new connection speaks, from its first bytes: HTTP/2 with prior knowledge, TLS, or else HTTP/1.1. The bytes are put back.
import type { Socket } from 'node:net'

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

/** Calls back once the peer has said enough; never, if it closes first. */
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
