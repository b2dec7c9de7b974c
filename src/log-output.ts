// Where the lines of the log go: standard error, whatever that is. What they say is logger.ts's.
//
// A pipe or a socket has a reader, and one that has stopped reading (a stuck log collector, a paused terminal multiplexer) must not stop the broker: its lines wait,
// and beyond a limit they are counted instead. Everything else is written at once.
import { fstatSync, writeSync } from 'node:fs'
import { Socket } from 'node:net'

/** Bytes of lines that wait for their reader. */
const waitingBytesMax = 256 * 1024

export interface LogOutput {
  /** Never waits and never fails. */
  write(line: string): void
}

/** `lostLine` makes the line that says how many could not be written; it comes when the reader reads again. */
export function logOutput(descriptor: number, lostLine: (count: number) => string): LogOutput {
  return isRead(descriptor) ? new ReadOutput(descriptor, lostLine) : { write: (line) => writeAll(descriptor, Buffer.from(line)) }
}

function isRead(descriptor: number): boolean {
  try {
    const kind = fstatSync(descriptor)
    return kind.isFIFO() || kind.isSocket()
  } catch {
    return false
  }
}

class ReadOutput implements LogOutput {
  /** Written to at once while there is room, so that a line is out before the next thing happens. */
  readonly #socket: KeptSocket
  readonly #lostLine: (count: number) => string
  #lost = 0

  constructor(descriptor: number, lostLine: (count: number) => string) {
    this.#lostLine = lostLine
    this.#socket = new KeptSocket({ fd: descriptor, readable: false, writable: true })
    // A log keeps no process alive, and a reader that has gone is no reason to fail.
    this.#socket.unref()
    this.#socket.on('error', () => {}).on('drain', () => this.#tellLost())
  }

  write(line: string): void {
    if (this.#socket.destroyed) return
    if (this.#socket.writableLength > waitingBytesMax) this.#lost++
    else this.#socket.write(line)
  }

  #tellLost(): void {
    const count = this.#lost
    this.#lost = 0
    if (count > 0) this.write(this.#lostLine(count))
  }
}

/** Ends without closing its descriptor: the next file that is opened would be taken for the log. */
class KeptSocket extends Socket {
  override _destroy(error: Error | null, done: (error?: Error | null) => void): void {
    done(error)
  }
}

/** A reader that has gone away is no reason to fail. */
export function writeAll(descriptor: number, bytes: Buffer): void {
  for (let written = 0; written < bytes.length; ) {
    try {
      written += writeSync(descriptor, bytes, written)
    } catch (error) {
      // A full pipe: its reader will empty it.
      if ((error as NodeJS.ErrnoException).code !== 'EAGAIN') return
    }
  }
}
