// A Kafka client that costs as little as can be: frames made beforehand, responses matched by order. For load, not for use.
import { connect, type Socket } from 'node:net'
import { decodeResponse, isFlexible, writeRequest } from '../protocol/codec.ts'
import { errorCode } from '../protocol/error-code.ts'
import { decodeResponseHeader, writeRequestHeader } from '../protocol/header.ts'
import { createTopics } from '../protocol/messages/create-topics.ts'
import { listOffsets } from '../protocol/messages/list-offsets.ts'
import { metadata } from '../protocol/messages/metadata.ts'
import { produce } from '../protocol/messages/produce.ts'
import { codecNone } from '../protocol/records/batch.ts'
import { buildBatch } from '../protocol/records/builder.ts'
import type { Api, RequestInput, ResponseOf } from '../protocol/schema.ts'
import { Writer } from '../protocol/writer.ts'

/** A request in pieces, size in front; bytes 8 to 11 of the first piece are the correlation id. */
export type Frame = Buffer[]

/** A request of which parts are left out: those that another version has. What the version needs and lacks, the encoder refuses. */
export type Loose<T> = T extends Uint8Array
  ? T
  : T extends readonly (infer E)[]
    ? readonly Loose<E>[]
    : T extends object
      ? { [K in keyof T]?: Loose<T[K]> }
      : T

export function frameOf<A extends Api>(api: A, version: number, request: Loose<RequestInput<A>>): Frame {
  const writer = new Writer()
  writer.int32(0)
  writeRequestHeader(writer, { apiKey: api.key, apiVersion: version, correlationId: 0, clientId: 'bench' }, isFlexible(api, version))
  writeRequest(api, version, writer, request as RequestInput<A>)
  const parts = writer.parts()
  parts[0]!.writeInt32BE(parts.reduce((sum, part) => sum + part.length, 0) - 4, 0)
  return parts
}

/** One connection. Answers come in the order of requests. */
export class Wire {
  readonly #socket: Socket
  #waiting: { answered: (response: Buffer) => void; failed: (error: Error) => void }[] = []
  #chunks: Buffer[] = []
  #have = 0
  #need = 4
  #failure: Error | null = null

  private constructor(socket: Socket) {
    this.#socket = socket
    socket.setNoDelay(true)
    socket.on('data', (chunk) => this.#take(chunk as Buffer))
    const ended = (error?: Error): void => {
      this.#failure ??= error ?? new Error('the server closed the connection')
      for (const { failed } of this.#waiting.splice(0)) failed(this.#failure)
    }
    socket.on('error', ended)
    socket.on('close', () => ended())
  }

  static open(host: string, port: number): Promise<Wire> {
    return new Promise((opened, failed) => {
      const socket = connect(port, host)
      socket.once('error', failed)
      socket.once('connect', () => {
        socket.off('error', failed)
        opened(new Wire(socket))
      })
    })
  }

  /** Sends a frame; its pieces must not change until they are out. Settles with the response, size cut off. */
  send(frame: Frame): Promise<Buffer> {
    if (this.#failure) return Promise.reject(this.#failure)
    return new Promise((answered, failed) => {
      this.#waiting.push({ answered, failed })
      this.#socket.cork()
      for (const part of frame) this.#socket.write(part)
      this.#socket.uncork()
    })
  }

  /** Sends a frame that gets no answer; settles when the socket has taken it. */
  post(frame: Frame): Promise<void> {
    return new Promise((taken) => {
      this.#socket.cork()
      for (const [i, part] of frame.entries()) this.#socket.write(part, i === frame.length - 1 ? () => taken() : undefined)
      this.#socket.uncork()
    })
  }

  /** Fields that the version does not have may be left out. */
  async call<A extends Api>(api: A, version: number, request: Loose<RequestInput<A>>): Promise<ResponseOf<A>> {
    return decodeAnswer(api, version, await this.send(frameOf(api, version, request)))
  }

  close(): void {
    this.#socket.destroy()
  }

  #take(chunk: Buffer): void {
    this.#chunks.push(chunk)
    this.#have += chunk.length
    while (this.#have >= this.#need) {
      if (this.#chunks.length > 1) this.#chunks = [Buffer.concat(this.#chunks, this.#have)]
      const all = this.#chunks[0]!
      const size = all.readInt32BE(0)
      if (this.#have < size + 4) {
        this.#need = size + 4
        return
      }
      this.#waiting.shift()?.answered(all.subarray(4, size + 4))
      this.#chunks = size + 4 === this.#have ? [] : [all.subarray(size + 4)]
      this.#have -= size + 4
      this.#need = 4
    }
  }
}

export function decodeAnswer<A extends Api>(api: A, version: number, response: Buffer): ResponseOf<A> {
  const { bodyAt } = decodeResponseHeader(response, api.key, isFlexible(api, version))
  return decodeResponse(api, version, response, bodyAt)
}

/** What a broker answers that has only just started: no leader, no controller, nobody to hold a replica. */
const notYet = new Set<number>([
  errorCode.LEADER_NOT_AVAILABLE,
  errorCode.NOT_CONTROLLER,
  errorCode.INVALID_REPLICATION_FACTOR,
  errorCode.REQUEST_TIMED_OUT,
])

/** Creates a topic and waits until its leaders lead: a broker's metadata may name one that does not know of it yet. */
export async function createTopic(wire: Wire, name: string, numPartitions: number, configs: Record<string, string> = {}): Promise<void> {
  const topic = {
    name,
    numPartitions,
    replicationFactor: 1,
    assignments: [],
    configs: Object.entries(configs).map(([key, value]) => ({ name: key, value })),
  }
  for (;;) {
    const answer = await wire.call(createTopics, 5, { topics: [topic], timeoutMs: 60_000, validateOnly: false })
    const { errorCode: code, errorMessage } = answer.topics[0]!
    if (code === 0) break
    if (!notYet.has(code)) throw new Error(`create topic: error ${code} ${errorMessage}`)
    await new Promise((again) => setTimeout(again, 5))
  }
  for (;;) {
    const { topics } = await wire.call(metadata, 4, { topics: [{ name }], allowAutoTopicCreation: false })
    const partitions = topics[0]?.partitions ?? []
    const named = topics[0]?.errorCode === 0 && partitions.length === numPartitions && partitions.every(({ leaderId }) => leaderId >= 0)
    if (named && (await leads(wire, name, numPartitions))) return
    await new Promise((again) => setTimeout(again, 5))
  }
}

/** Whether every partition can tell where it ends. */
async function leads(wire: Wire, name: string, numPartitions: number): Promise<boolean> {
  const partitions = Array.from({ length: numPartitions }, (_, partitionIndex) => ({ partitionIndex, timestamp: -1 }))
  const { topics } = await wire.call(listOffsets, 1, { replicaId: -1, topics: [{ name, partitions }] })
  return topics[0]!.partitions.every(({ errorCode: code }) => code === 0)
}

/** Bytes that do not compress, the same in every run. */
export function noise(length: number, seed: number): Buffer {
  const bytes = Buffer.allocUnsafe(length)
  let state = Math.imul(seed + 1, 0x9e37_79b1)
  for (let i = 0; i < length; i++) {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) | 0
    bytes[i] = state >>> 24
  }
  return bytes
}

/** A batch of `count` records of `recordBytes` each: bytes that do not compress, or, where a codec is asked for, hexadecimal text, which halves. */
export function batchOf(count: number, recordBytes: number, seed: number, codec = codecNone): Buffer {
  const timestampMs = Date.now()
  const records = Array.from({ length: count }, (_, i) => {
    const value = codec === codecNone ? noise(recordBytes, seed * 7919 + i) : noise(Math.ceil(recordBytes / 2), seed * 7919 + i).toString('hex')
    return { key: null, value, timestampMs }
  })
  return buildBatch(records, { codec })
}

export const produceVersion = 7

export interface Part {
  readonly partition: number
  readonly batch: Buffer
}

/** A produce request with one batch for each of some partitions. */
export const produceFrame = (topic: string, parts: readonly Part[], acks: number, transactionalId: string | null = null): Frame =>
  frameOf(produce, produceVersion, {
    transactionalId,
    acks,
    timeoutMs: 30_000,
    topicData: [{ name: topic, partitionData: parts.map(({ partition, batch }) => ({ index: partition, records: batch })) }],
  })

/** Throws where a produce response tells of an error. */
export function checkProduced(response: Buffer): void {
  for (const { partitionResponses } of decodeAnswer(produce, produceVersion, response).responses) {
    for (const { errorCode: code, index } of partitionResponses) if (code !== 0) throw new Error(`produce to partition ${index}: error ${code}`)
  }
}
