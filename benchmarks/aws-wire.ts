// A client of the Kinesis door that costs as little as can be: HTTP/1.1 requests made beforehand, answers taken as they come. For load, not for use: nothing is
// signed in earnest, as no server under test looks at signatures unless told to.
import { connect, type Socket } from 'node:net'

const target = 'Kinesis_20131202.'

/** A whole request in bytes. */
export function awsRequest(operation: string, input: unknown): Buffer {
  const body = Buffer.from(JSON.stringify(input))
  const head = [
    'POST / HTTP/1.1',
    'Host: 127.0.0.1',
    'Content-Type: application/x-amz-json-1.1',
    `X-Amz-Target: ${target}${operation}`,
    'X-Amz-Date: 20260101T000000Z',
    'Authorization: AWS4-HMAC-SHA256 Credential=bench/20260101/us-east-1/kinesis/aws4_request, SignedHeaders=host;x-amz-date, Signature=00',
    `Content-Length: ${body.length}`,
  ]
  return Buffer.concat([Buffer.from(`${head.join('\r\n')}\r\n\r\n`), body])
}

/** One keep-alive connection with one request at a time. */
export class AwsWire {
  readonly #socket: Socket
  #taker: AnswerTaker | null = null

  private constructor(socket: Socket) {
    this.#socket = socket
    socket.setNoDelay(true)
    socket.on('data', (chunk) => this.#taker?.take(chunk as Buffer))
    socket.on('error', (error) => this.#taker?.fail(error))
    socket.on('close', () => this.#taker?.fail(new Error('the server closed the connection')))
  }

  static open(host: string, port: number): Promise<AwsWire> {
    return new Promise((opened, failed) => {
      const socket = connect(port, host)
      socket.once('error', failed)
      socket.once('connect', () => {
        socket.off('error', failed)
        opened(new AwsWire(socket))
      })
    })
  }

  /** Sends a request; the answer's body. Throws on any status but 200. */
  send(request: Buffer): Promise<Buffer> {
    return new Promise((answered, failed) => {
      const done = (): void => {
        this.#taker = null
      }
      this.#taker = new AnswerTaker(
        (status, body) => {
          done()
          if (status === 200) answered(body)
          else failed(new Error(`status ${status}: ${body.subarray(0, 300)}`))
        },
        (error) => {
          done()
          failed(error)
        },
      )
      this.#socket.write(request)
    })
  }

  async call<Output>(operation: string, input: unknown): Promise<Output> {
    const body = await this.send(awsRequest(operation, input))
    return (body.length === 0 ? {} : JSON.parse(body.toString())) as Output
  }

  /** Sends a request whose answer goes on for long: every piece of its body, until the connection is closed. */
  stream(request: Buffer, onBody: (piece: Buffer) => void): void {
    this.#taker = new AnswerTaker(
      () => {},
      () => {},
      onBody,
    )
    this.#socket.write(request)
  }

  close(): void {
    this.#socket.destroy()
  }
}

/** Cuts one answer out of what arrives: a head, then a body of known length or in chunks. */
export class AnswerTaker {
  fail: (error: Error) => void
  readonly #done: (status: number, body: Buffer) => void
  readonly #onBody: ((piece: Buffer) => void) | undefined
  #pending: Buffer = Buffer.alloc(0)
  #pieces: Buffer[] = []
  #status = 0
  /** Bytes of the body, or of this chunk, that are still to come; -1 while the head or a chunk's size is. */
  #left = -1
  #chunked = false

  constructor(done: (status: number, body: Buffer) => void, fail: (error: Error) => void, onBody?: (piece: Buffer) => void) {
    this.#done = done
    this.fail = fail
    this.#onBody = onBody
  }

  take(chunk: Buffer): void {
    this.#pending = this.#pending.length === 0 ? chunk : Buffer.concat([this.#pending, chunk])
    while (this.#step()) {}
  }

  /** One step; false where more bytes are needed or all is done. */
  #step(): boolean {
    if (this.#status === 0) return this.#head()
    if (this.#left < 0) return this.#chunkSize()
    const piece = this.#pending.subarray(0, this.#left)
    this.#pending = this.#pending.subarray(piece.length)
    this.#left -= piece.length
    if (piece.length > 0) this.#keep(piece)
    if (this.#left > 0) return false
    if (!this.#chunked) return this.#finish()
    this.#left = -1
    return true
  }

  #head(): boolean {
    const end = this.#pending.indexOf('\r\n\r\n')
    if (end < 0) return false
    const head = this.#pending.toString('latin1', 0, end)
    this.#pending = this.#pending.subarray(end + 4)
    this.#status = Number(head.slice(9, 12))
    this.#chunked = /transfer-encoding: *chunked/i.test(head)
    this.#left = this.#chunked ? -1 : Number(/content-length: *(\d+)/i.exec(head)?.[1] ?? 0)
    return true
  }

  #chunkSize(): boolean {
    // The line end of the chunk before stands in front of all sizes but the first.
    const from = this.#pending[0] === 0x0d ? 2 : 0
    const end = this.#pending.indexOf('\r\n', from)
    if (end < 0) return false
    const size = Number.parseInt(this.#pending.toString('latin1', from, end), 16)
    if (size === 0) {
      if (this.#pending.length < end + 4) return false
      return this.#finish()
    }
    this.#pending = this.#pending.subarray(end + 2)
    this.#left = size
    return true
  }

  #keep(piece: Buffer): void {
    if (this.#onBody) this.#onBody(piece)
    else this.#pieces.push(piece)
  }

  #finish(): boolean {
    this.#done(this.#status, this.#pieces.length === 1 ? this.#pieces[0]! : Buffer.concat(this.#pieces))
    return false
  }
}

/** One call over a connection of its own. */
export async function awsOnce<Output>(host: string, port: number, operation: string, input: unknown): Promise<Output> {
  const wire = await AwsWire.open(host, port)
  try {
    return await wire.call<Output>(operation, input)
  } finally {
    wire.close()
  }
}
