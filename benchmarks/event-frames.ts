// AWS event-stream messages cut out of a stream of bytes: the event's type and its payload. Does not look at checksums; test/kinesis does.

/** Total length, length of headers, checksum of both. */
const preludeBytes = 12
const checksumBytes = 4
const stringHeader = 7

export class EventFrames {
  #pending: Buffer = Buffer.alloc(0)
  readonly #onEvent: (type: string, payload: Buffer) => void

  constructor(onEvent: (type: string, payload: Buffer) => void) {
    this.#onEvent = onEvent
  }

  take(piece: Buffer): void {
    this.#pending = this.#pending.length === 0 ? piece : Buffer.concat([this.#pending, piece])
    for (;;) {
      if (this.#pending.length < preludeBytes) return
      const bytes = this.#pending.readUInt32BE(0)
      if (this.#pending.length < bytes) return
      const headersEnd = preludeBytes + this.#pending.readUInt32BE(4)
      const type = headerOf(this.#pending.subarray(preludeBytes, headersEnd), ':event-type')
      this.#onEvent(type, this.#pending.subarray(headersEnd, bytes - checksumBytes))
      this.#pending = this.#pending.subarray(bytes)
    }
  }
}

/** The value of a header; empty where it is not there. Every header of these streams is a string. */
function headerOf(headers: Buffer, wanted: string): string {
  for (let at = 0; at < headers.length; ) {
    const nameEnd = at + 1 + headers[at]!
    if (headers[nameEnd] !== stringHeader) return ''
    const valueEnd = nameEnd + 3 + headers.readUInt16BE(nameEnd + 1)
    if (headers.toString('latin1', at + 1, nameEnd) === wanted) return headers.toString('latin1', nameEnd + 3, valueEnd)
    at = valueEnd
  }
  return ''
}
