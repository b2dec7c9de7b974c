// A socket's bytes into a FrameReader, in two ways. By events: Node allocates a chunk of up to 64 KiB for each read, the obvious way. Direct: each read goes
// to memory that we name, the missing end of a large frame where one is under way, else one scratch buffer for all connections; measured a fifth faster
// and it allocates nothing for idle or small traffic (direct-socket.ts, which is not to be had everywhere: then events serve). Does not understand frames
// (frame-reader.ts) and does not write.

import type { Socket } from 'node:net'
import { directSocket } from '../direct-socket.ts'
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

/** A paused socket from a server with `pauseOnConnect` becomes a source that is reading. `scratch: null` asks for events. */
export function frameSource(accepted: Socket, reader: FrameReader, onRead: OnRead, scratch: Buffer | null): FrameSource {
  return (scratch ? readDirect(accepted, reader, onRead, scratch) : null) ?? readByEvents(accepted, reader, onRead)
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
function readDirect(accepted: Socket, reader: FrameReader, onRead: OnRead, scratch: Buffer): FrameSource | null {
  let stopped = false
  const socket = directSocket(accepted, {
    target: () => (stopped ? scratch : (reader.target() ?? scratch)),
    filled: (bytes, into) => {
      if (stopped) return true
      onRead(bytes)
      if (into === scratch) reader.chunk(scratch.subarray(0, bytes), true)
      else reader.filled(bytes)
      return !reader.stopped
    },
  })
  if (!socket) return null
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
