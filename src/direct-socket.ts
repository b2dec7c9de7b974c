// Reads of a connection straight into memory that its owner names, where Node would allocate a chunk of up to 64 KiB for each. Needs the accepted socket's handle, which
// Node passes on (cluster does) but does not document: where it is not as expected there is no such socket, and who asked reads by events.
import { Socket } from 'node:net'

/** Told of every read of one connection. */
export interface DirectReader {
  /** Memory for the next read; asked for before each. */
  target(): Uint8Array
  /** So many bytes were read into what `target` gave last. False: nothing more is read until the socket is resumed. */
  filled(bytes: number, into: Uint8Array): boolean
}

const scratchBytes = 64 * 1024

/** Memory for reads whose place is not known before. Handed over and taken back within one turn of the event loop, so that one serves every connection of a server. */
export const newScratch = (): Buffer => Buffer.allocUnsafeSlow(scratchBytes)

/** What we know of a socket's handle. */
interface Handle {
  useUserBuffer(bytes: Uint8Array): void
  readStart(): number
  readStop(): number
}

/** A socket that reads for `reader`, in the place of a paused one from a server with `pauseOnConnect`; null, with nothing changed, where that cannot be had. */
export function directSocket(accepted: Socket, reader: DirectReader): Socket | null {
  const handle = takeHandle(accepted)
  if (!handle) return null
  return new Socket({
    handle,
    readable: true,
    writable: true,
    onread: {
      buffer: () => reader.target(),
      callback: (bytes: number, into: Uint8Array) => reader.filled(bytes, into),
    },
  } as ConstructorParameters<typeof Socket>[0])
}

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
