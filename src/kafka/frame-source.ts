// A socket's bytes into a FrameReader, in two ways. By events: Node allocates a chunk of up to 64 KiB for each read, the obvious way. Direct: each read goes
// to memory that we name, the missing end of a large frame where one is under way, else one scratch buffer for all connections; measured a fifth faster
// and it allocates nothing for idle or small traffic. Direct needs the accepted socket's handle, which Node passes on (cluster does) but does not document: where it is
// not as expected, events serve. Does not understand frames (frame-reader.ts) and does not write.

import { Socket } from 'node:net'
import type { FrameReader } from './frame-reader.ts'

/** The reading half of a connection. */
export interface FrameSource {
  /** The socket to write to and to close. */
  readonly socket: Socket
  /** How the bytes are read. */
  readonly way: 'direct' | 'events'
  /** Goes on after the reader was stopped. */
  resume(): void
  /** Reads no more, for good. */
  stop(): void
}

/** Told of every read: bytes, for counters and for idle connections. */
export type OnRead = (bytes: number) => void

const scratchBytes = 64 * 1024

/** Memory for reads that are not into a frame. Handed over and taken back within one turn of the event loop, so that one serves every connection of a server. */
export const newScratch = (): Buffer => Buffer.allocUnsafeSlow(scratchBytes)

/** What we know of a socket's handle. */
interface Handle {
  useUserBuffer(bytes: Uint8Array): void
  readStart(): number
  readStop(): number
}

/** A paused socket from a server with `pauseOnConnect` becomes a source that is reading. `scratch: null` asks for events. */
export function frameSource(accepted: Socket, reader: FrameReader, onRead: OnRead, scratch: Buffer | null): FrameSource {
  const handle = scratch ? takeHandle(accepted) : null
  return handle && scratch ? readDirect(handle, reader, onRead, scratch) : readByEvents(accepted, reader, onRead)
}

function readByEvents(socket: Socket, reader: FrameReader, onRead: OnRead): FrameSource {
  let stopped = false
  socket.on('data', (bytes: Buffer) => {
    if (stopped) return
    onRead(bytes.length)
    reader.chunk(bytes, false)
    if (reader.stopped) socket.pause()
  })
  socket.resume()
  return {
    socket,
    way: 'events',
    resume: () => {
      if (!stopped) socket.resume()
    },
    stop: () => {
      // Read and thrown away: a peer's end of stream must still be seen.
      stopped = true
      socket.resume()
    },
  }
}

/** Parts a paused, accepted socket from its handle, or gives null where the handle is not of the kind that we know. */
function takeHandle(accepted: Socket): Handle | null {
  const inner = accepted as Socket & { _handle?: Partial<Handle> | null }
  const handle = inner._handle
  if (!handle || typeof handle.useUserBuffer !== 'function' || typeof handle.readStart !== 'function' || accepted.readableFlowing === true)
    return null
  inner._handle = null
  // The server counts this one as closed; the connection lives on in a socket of ours.
  accepted.destroy()
  return handle as Handle
}

function readDirect(handle: Handle, reader: FrameReader, onRead: OnRead, scratch: Buffer): FrameSource {
  let stopped = false
  const socket: Socket = new Socket({
    handle,
    readable: true,
    writable: true,
    onread: {
      buffer: () => (stopped ? scratch : (reader.target() ?? scratch)),
      callback: (bytes: number, into: Uint8Array) => {
        if (stopped) return true
        onRead(bytes)
        if (into === scratch) reader.chunk(scratch.subarray(0, bytes), true)
        else reader.filled(bytes)
        return !reader.stopped
      },
    },
  } as ConstructorParameters<typeof Socket>[0])
  return {
    socket,
    way: 'direct',
    resume: () => {
      if (!stopped) socket.resume()
    },
    stop: () => {
      stopped = true
      socket.resume()
    },
  }
}
