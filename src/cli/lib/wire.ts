// Kafka's protocol in our own words, for what kafkajs does not speak: groups of the newer kinds. One connection, one request at a time.
import { connect, type Socket } from 'node:net'
import { decodeResponse, isFlexible, writeRequest } from '../../../protocol/codec.ts'
import { errorFacts, errorName } from '../../../protocol/error-code.ts'
import { decodeResponseHeader, writeRequestHeader } from '../../../protocol/header.ts'
import { apiVersions } from '../../../protocol/messages/api-versions.ts'
import type { Api, RequestInput, ResponseOf } from '../../../protocol/schema.ts'
import { Writer } from '../../../protocol/writer.ts'
import { CommandError } from './command.ts'

const connectMsMax = 3000
const answerMsMax = 30_000
/** The answer to a request of these commands is smaller; what announces more is no Kafka broker. */
const answerBytesMax = 1 << 28

/** A connection to one broker, in the versions that it speaks. */
export class Wire {
  readonly #socket: Socket
  readonly #address: string
  #served = new Map<number, { minVersion: number; maxVersion: number }>()
  #received: Buffer = Buffer.alloc(0)
  #waiting: { resolve(frame: Buffer): void; reject(error: Error): void } | null = null
  #failure: Error | null = null
  #correlationId = 0

  private constructor(socket: Socket, address: string) {
    this.#socket = socket
    this.#address = address
    socket.on('data', (bytes) => this.#take(bytes))
    socket.on('error', (error) => this.#fail(error.message))
    socket.on('close', () => this.#fail('the connection was closed'))
    socket.setTimeout(answerMsMax, () => this.#fail('no answer'))
  }

  /** Connects and asks what is spoken there. */
  static async connect(host: string, port: number): Promise<Wire> {
    const address = `${host}:${port}`
    const socket = connect({ host, port, noDelay: true })
    await new Promise<void>((connected, failed) => {
      const limit = setTimeout(() => socket.destroy(new Error('connecting took too long')), connectMsMax)
      socket.once('connect', connected).once('error', failed).once('close', failed)
      socket.once('connect', () => clearTimeout(limit)).once('close', () => clearTimeout(limit))
    }).catch((error: Error) => {
      throw new CommandError(`no broker answers at ${address} (${error.message}); is it running? --bootstrap HOST:PORT names another`)
    })
    const wire = new Wire(socket, address)
    // Version 0 is what every broker answers.
    const { apiKeys } = await wire.#ask(apiVersions, 0, { clientSoftwareName: '', clientSoftwareVersion: '' })
    wire.#served = new Map(apiKeys.map((served) => [served.apiKey, served]))
    return wire
  }

  /** The highest version of the API that both sides speak, `versionMax` at most; -1 for none. */
  versionOf(api: Api, versionMax = api.versions[1]): number {
    const served = this.#served.get(api.key)
    if (!served) return -1
    const version = Math.min(served.maxVersion, versionMax)
    return version >= Math.max(served.minVersion, api.versions[0]) ? version : -1
  }

  /** Sends one request in the highest version that both speak, and reads its answer. */
  async ask<A extends Api>(api: A, request: RequestInput<A>, versionMax?: number): Promise<ResponseOf<A>> {
    const version = this.versionOf(api, versionMax)
    if (version < 0) throw new CommandError(`the broker at ${this.#address} does not serve ${api.name} in a version that this command speaks`)
    return this.#ask(api, version, request)
  }

  async #ask<A extends Api>(api: A, apiVersion: number, request: RequestInput<A>): Promise<ResponseOf<A>> {
    if (this.#failure) throw this.#failure
    const flexible = isFlexible(api, apiVersion)
    const correlationId = ++this.#correlationId
    const writer = new Writer()
    writer.int32(0)
    writeRequestHeader(writer, { apiKey: api.key, apiVersion, correlationId, clientId: 'twinlog-cli' }, flexible)
    writeRequest(api, apiVersion, writer, request)
    const bytes = writer.toBuffer()
    bytes.writeInt32BE(bytes.length - 4, 0)
    const frame = await new Promise<Buffer>((resolve, reject) => {
      this.#waiting = { resolve, reject }
      this.#socket.write(bytes)
    })
    const { bodyAt } = decodeResponseHeader(frame, api.key, flexible)
    return decodeResponse(api, apiVersion, frame, bodyAt)
  }

  close(): void {
    this.#socket.destroy()
  }

  #take(bytes: Buffer): void {
    this.#received = Buffer.concat([this.#received, bytes])
    if (this.#received.length < 4) return
    const length = this.#received.readInt32BE(0)
    if (length < 4 || length > answerBytesMax) {
      this.#fail('what it says is not the Kafka protocol')
      return
    }
    if (this.#received.length < 4 + length) return
    const frame = this.#received.subarray(4, 4 + length)
    this.#received = this.#received.subarray(4 + length)
    const waiting = this.#waiting
    this.#waiting = null
    waiting?.resolve(frame)
  }

  #fail(why: string): void {
    this.#failure ??= new CommandError(`the broker at ${this.#address} did not answer (${why})`)
    this.#waiting?.reject(this.#failure)
    this.#waiting = null
    this.#socket.destroy()
  }
}

/** Throws what an error code means for `what`, unless it is none. */
export function check(code: number, what: string, message?: string | null): void {
  if (code === 0) return
  throw new CommandError(`${what}: ${message || errorFacts(code)?.meaning || 'refused'} (${errorName(code)})`)
}
