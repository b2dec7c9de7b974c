// Bytes as they arrive -> whole request frames, each in memory of exactly its size. Stops where its owner has no room for the next frame and goes on
// when told. Does not touch sockets (frame-source.ts does) and does not look into frames (dispatch.ts does).

/** Whoever wants the frames. */
export interface FrameSink {
  /** May a frame of this size come? If not, reading stops until `resume()`. Asked once for each frame, before memory is taken for it, of a large one when its beginning is there. */
  admit(frameBytes: number): boolean
  /** Memory for a frame that does not come in one piece. */
  memory(frameBytes: number, apiKey: number): Buffer
  /** A whole frame without its length prefix. The buffer is the sink's for good. */
  frame(frame: Buffer): void
  /** The stream cannot be understood any more. Nothing comes after it. */
  fault(message: string): void
}

const prefixBytes = 4
/** With the length come the first bytes of the header, so that the API is known before memory is chosen. */
const keyBytes = 2
/** A request has at least key, version and correlation id. */
const frameBytesMin = 8
/** A frame larger than this is not asked room for before so much of it is there: who only announces one must not keep others out. */
export const earnestBytesMin = 4096
/** A shorter missing end is read together with what follows it. */
const targetBytesMin = 16 * 1024
const nothing = Buffer.alloc(0)

/** Assembles frames from chunks, or lets the socket read straight into the frame that is under way. */
export class FrameReader {
  #sink: FrameSink
  #frameBytesMax: number
  /** The frame under way, with `#filled` of its bytes. */
  #frame: Buffer | null = null
  #filled = 0
  /** Bytes that were received and not yet looked at: part of a length, or all that came after a frame that was not admitted. */
  #rest: Buffer = nothing
  /** Size of the frame that waits for admission; 0 for none. */
  #awaited = 0
  #ended = false

  constructor(sink: FrameSink, frameBytesMax: number) {
    this.#sink = sink
    this.#frameBytesMax = frameBytesMax
  }

  /** True while no more bytes should be read. */
  get stopped(): boolean {
    return this.#awaited > 0 || this.#ended
  }

  /** True in the middle of a frame: the client owes bytes. */
  get midFrame(): boolean {
    return !this.stopped && (this.#frame !== null || this.#rest.length > 0)
  }

  /** Memory for the next read: the missing end of a large frame under way, or null for any other. What was read there is reported with `filled`. */
  target(): Buffer | null {
    const frame = this.#frame
    return frame && frame.length - this.#filled >= targetBytesMin ? frame.subarray(this.#filled) : null
  }

  /** `bytes` were read into the start of `target()`. */
  filled(bytes: number): void {
    this.#filled += bytes
    this.#emitIfFull()
  }

  /** A chunk was received. Frames within it are views of it, unless `borrowed`: then its memory will be used again and everything is copied. */
  chunk(bytes: Buffer, borrowed: boolean): void {
    if (this.#ended) return
    if (this.#rest.length > 0) {
      bytes = Buffer.concat([this.#rest, bytes])
      this.#rest = nothing
      borrowed = false
    }
    if (this.#awaited > 0) this.#keep(bytes, 0, borrowed)
    else this.#parse(bytes, 0, borrowed)
  }

  /** The awaited frame has room now. */
  resume(): void {
    if (this.#awaited === 0 || this.#ended) return
    const bytes = this.#rest
    const frameBytes = this.#awaited
    this.#rest = nothing
    this.#awaited = 0
    this.#parse(bytes, this.#begin(bytes, 0, frameBytes, false), false)
  }

  /** Nothing is wanted any more. */
  end(): void {
    this.#ended = true
    this.#frame = null
    this.#rest = nothing
  }

  #parse(bytes: Buffer, at: number, borrowed: boolean): void {
    if (this.#frame) at = this.#begin(bytes, at, 0, borrowed)
    while (!this.#ended && at < bytes.length) {
      if (bytes.length - at < prefixBytes) {
        this.#keep(bytes, at, borrowed)
        return
      }
      const frameBytes = bytes.readInt32BE(at)
      if (frameBytes < frameBytesMin || frameBytes > this.#frameBytesMax) {
        this.#refuse(frameBytes)
        return
      }
      if (bytes.length - at < prefixBytes + (frameBytes > earnestBytesMin ? earnestBytesMin : keyBytes)) {
        this.#keep(bytes, at, borrowed)
        return
      }
      at += prefixBytes
      if (!this.#sink.admit(frameBytes)) {
        this.#awaited = frameBytes
        this.#keep(bytes, at, borrowed)
        return
      }
      at = this.#begin(bytes, at, frameBytes, borrowed)
    }
  }

  /** Takes the bytes of one frame, a new one if `frameBytes` is given. Returns the position after them. */
  #begin(bytes: Buffer, at: number, frameBytes: number, borrowed: boolean): number {
    if (frameBytes > 0 && !borrowed && bytes.length - at >= frameBytes) {
      this.#sink.frame(bytes.subarray(at, at + frameBytes))
      return at + frameBytes
    }
    if (frameBytes > 0) {
      this.#frame = this.#sink.memory(frameBytes, bytes.readInt16BE(at))
      this.#filled = 0
    }
    const taken = bytes.copy(this.#frame!, this.#filled, at)
    this.#filled += taken
    this.#emitIfFull()
    return at + taken
  }

  #emitIfFull(): void {
    const frame = this.#frame
    if (!frame || this.#filled < frame.length) return
    this.#frame = null
    this.#sink.frame(frame)
  }

  #keep(bytes: Buffer, at: number, borrowed: boolean): void {
    if (this.#ended) return
    this.#rest = borrowed ? Buffer.from(bytes.subarray(at)) : bytes.subarray(at)
  }

  #refuse(frameBytes: number): void {
    this.end()
    const foreign = foreignProtocol(frameBytes)
    if (foreign) this.#sink.fault(`this client speaks ${foreign}, which this port does not; was it meant for another port?`)
    else if (frameBytes > this.#frameBytesMax) {
      this.#sink.fault(`a request of ${frameBytes} bytes is announced; socket.request.max.bytes allows ${this.#frameBytesMax}`)
    } else this.#sink.fault(`a request of ${frameBytes} bytes is announced, which is no Kafka request; is this client meant for another port?`)
  }
}

/** Whose first bytes these are, read as the length of a request; null for nobody's in particular. A wrong port and a wrong security.protocol are what most faults come from. */
function foreignProtocol(frameBytes: number): 'HTTP' | 'TLS' | null {
  const start = Buffer.alloc(4)
  start.writeInt32BE(frameBytes)
  // A TLS record: handshake, version 3.x.
  if (start[0] === 0x16 && start[1] === 3) return 'TLS'
  return /^(GET |HEAD|POST|PUT |DELE|OPTI|PRI )$/.test(start.toString('latin1')) ? 'HTTP' : null
}
