// An accepted connection that is read straight into memory that whoever serves it names (direct-socket.ts), from its first byte on. Whoever serves it may change;
// it can be given to Node's own protocols for good, which then read by themselves.
import type { Socket } from 'node:net'
import { directSocket } from '../direct-socket.ts'

/** Takes what is read. Both ways of taking answer whether to read on; else nothing is read until the socket is resumed. */
export interface Intake {
  /** Memory for what comes next; null for some that is gone after the call. */
  target(): Buffer | null
  /** So many bytes have come into what `target` gave. */
  filled(bytes: number): boolean
  /** These have come into memory that is gone after the call. */
  chunk(bytes: Buffer): boolean
}

export class Wire {
  readonly socket: Socket
  intake: Intake

  private constructor(socket: Socket, intake: Intake) {
    this.socket = socket
    this.intake = intake
  }

  /** Takes over a paused socket; null, with nothing changed, where that cannot be had. `scratch` may serve every connection. */
  static open(accepted: Socket, scratch: Buffer, intake: Intake): Wire | null {
    let wire: Wire | null = null
    const socket = directSocket(accepted, {
      target: () => (wire?.intake ?? intake).target() ?? scratch,
      filled: (bytes, into) => (into === scratch ? wire!.intake.chunk(scratch.subarray(0, bytes)) : wire!.intake.filled(bytes)),
    })
    if (socket) wire = new Wire(socket, intake)
    return wire
  }
}
