// A Kafka client without opinions, for tests: any API, any version, one request at a time, over a real socket.
import { connect, type Socket } from 'node:net'
import { decodeResponse, isFlexible, writeRequest } from '../../protocol/codec.ts'
import { decodeResponseHeader, writeRequestHeader } from '../../protocol/header.ts'
import type { Api, RequestInput, ResponseOf } from '../../protocol/schema.ts'
import { Writer } from '../../protocol/writer.ts'

export class RawClient implements AsyncDisposable {
  #socket: Socket
  #received = Buffer.alloc(0)
  #waiting: { resolve(frame: Buffer): void; reject(error: Error): void } | null = null
  #correlationId = 0
  #closed = false
  readonly clientId: string

  private constructor(socket: Socket, clientId: string) {
    this.#socket = socket
    this.clientId = clientId
    socket.on('data', (bytes) => this.#take(bytes))
    socket.on('error', () => {})
    socket.on('close', () => {
      this.#closed = true
      this.#waiting?.reject(new Error('the broker closed the connection'))
      this.#waiting = null
    })
  }

  static async connect(at: { host: string; port: number }, clientId = 'raw'): Promise<RawClient> {
    const socket = connect({ host: at.host, port: at.port, noDelay: true })
    await new Promise<void>((resolve, reject) => socket.once('connect', resolve).once('error', reject))
    return new RawClient(socket, clientId)
  }

  /** Sends one request and reads its answer. */
  async ask<A extends Api>(api: A, version: number, request: RequestInput<A>): Promise<ResponseOf<A>> {
    if (this.#closed) throw new Error('the broker has closed the connection')
    const flexible = isFlexible(api, version)
    const correlationId = ++this.#correlationId
    const writer = new Writer()
    writer.int32(0)
    writeRequestHeader(writer, { apiKey: api.key, apiVersion: version, correlationId, clientId: this.clientId }, flexible)
    writeRequest(api, version, writer, request)
    const bytes = writer.toBuffer()
    bytes.writeInt32BE(bytes.length - 4, 0)
    const answered = new Promise<Buffer>((resolve, reject) => {
      this.#waiting = { resolve, reject }
    })
    this.#socket.write(bytes)
    const frame = await answered
    const header = decodeResponseHeader(frame, api.key, flexible)
    if (header.correlationId !== correlationId) throw new Error(`answer ${header.correlationId} to request ${correlationId}`)
    return decodeResponse(api, version, frame, header.bodyAt)
  }

  close(): void {
    this.#socket.destroy()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.close()
  }

  #take(bytes: Buffer): void {
    this.#received = Buffer.concat([this.#received, bytes])
    if (this.#received.length < 4) return
    const end = 4 + this.#received.readInt32BE(0)
    if (this.#received.length < end) return
    const frame = this.#received.subarray(4, end)
    this.#received = this.#received.subarray(end)
    const waiting = this.#waiting
    this.#waiting = null
    waiting?.resolve(frame)
  }
}
