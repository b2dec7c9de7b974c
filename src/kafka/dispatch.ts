// A frame -> its handler -> the answer's bytes. Versions, the header, errors that were thrown, metrics. Order and memory are connection.ts's, meaning is the handlers'.

import { performance } from 'node:perf_hooks'
import { decodeRequest, isFlexible, writeResponse } from '../../protocol/codec.ts'
import { errorCode, errorName } from '../../protocol/error-code.ts'
import { decodeHeaderStart, decodeRequestHeader, type RequestHeader, writeResponseHeader } from '../../protocol/header.ts'
import { DecodeError } from '../../protocol/reader.ts'
import { type Api, defaultOf, inVersion } from '../../protocol/schema.ts'
import { Writer } from '../../protocol/writer.ts'
import { disconnect, type Fault, faultText } from '../faults.ts'
import type { Loans } from '../lent-memory.ts'
import type { Client, Dispatcher, Reply } from './connection.ts'
import { type Answer, type Context, type DoorServices, type Handler, type NoAnswer, Refusal, type Refused } from './context.ts'
import { refusedBy } from './error-map.ts'
import type { Throttle } from './throttle.ts'

const produceKey = 0
const fetchKey = 1
const apiVersionsKey = 18
/** CreateTopics, DeleteTopics, CreatePartitions. */
const mutationKeys: readonly number[] = [19, 20, 37]
/** What the field for it holds: a burst of megabytes at a quota of some bytes a second is worth more. */
const throttleMsMax = 2 ** 31 - 1
const unexpected: Refused = {
  errorCode: errorCode.UNKNOWN_SERVER_ERROR,
  errorMessage: 'The broker ran into an unexpected error; its log says which.',
}

/** One request on its way. */
interface Call {
  handler: Handler
  header: RequestHeader
  request: unknown
  client: Client
  lent: boolean
  startMs: number
  frameBytes: number
  /** How long the client is to be held for what it produced with this request. */
  producedMs: number
  /** Time of the process's one thread that the request took so far. */
  workMs: number
}

/** The dispatcher of one server. */
export class FrameDispatcher implements Dispatcher {
  readonly #byKey: ReadonlyMap<number, Handler>
  readonly #services: DoorServices
  readonly #throttle: Throttle

  constructor(handlers: readonly Handler[], services: DoorServices) {
    this.#byKey = new Map(handlers.map((handler) => [handler.key, handler]))
    this.#services = services
    this.#throttle = services.throttle
  }

  lendable(apiKey: number): boolean {
    return this.#byKey.get(apiKey)?.lendable ?? false
  }

  alone(frame: Buffer): boolean {
    return this.#byKey.get(frame.readInt16BE(0))?.alone ?? false
  }

  #contextOf(call: Call, proceed: () => void): Context<Api> {
    const { header, client } = call
    const services = this.#services
    return {
      engine: services.engine,
      groups: services.groups,
      shareGroups: services.shareGroups,
      streamsGroups: services.streamsGroups,
      transactions: services.transactions,
      settings: services.settings,
      clock: services.clock,
      random: services.random,
      logger: services.logger,
      counters: services.counters,
      served: services.served,
      fetchSessions: services.fetchSessions,
      shareSessions: services.shareSessions,
      answers: services.answers,
      memory: services.memory,
      throttle: services.throttle,
      telemetry: services.telemetry,
      turns: services.turns,
      faults: services.faults,
      mutations: services.throttle.mutations(header.clientId),
      advertised: services.advertised,
      version: header.apiVersion,
      clientId: header.clientId,
      client,
      lent: call.lent,
      respond,
      silence,
      hangUp,
      proceed,
    }
  }

  run(frame: Buffer, client: Client, proceed: () => void, lent: boolean): Reply | Promise<Reply> {
    let call: Call
    try {
      const decoded = this.#decode(frame, client, lent)
      if ('reason' in decoded) return { parts: null, close: decoded.reason }
      call = decoded
    } catch (error) {
      if (error instanceof DecodeError) return { parts: null, close: `${this.#nameOf(frame)} cannot be read: ${error.message}` }
      this.#services.logger.error('kafka request failed', { api: this.#nameOf(frame), error })
      return { parts: null, close: `${this.#nameOf(frame)} failed unexpectedly` }
    }
    const { faults } = this.#services
    const fault = faults.none ? null : faults.take(call.handler.name)
    if (fault) return this.#fail(call, fault)
    try {
      if (call.handler.key === produceKey && !this.#throttle.off) call.producedMs = this.#throttle.produced(call.header.clientId, call.frameBytes)
      // Over its quota the client is held as of now: what it has sent behind this request waits until the answer has muted the connection.
      const answer = call.handler.run(call.request, this.#contextOf(call, call.producedMs > 0 ? () => {} : proceed))
      call.workMs = performance.now() - call.startMs
      if (!(answer instanceof Promise)) return this.#replyOf(call, answer)
      return answer.then(
        (settled) => this.#replyOf(call, settled),
        (error: unknown) => this.#refuse(call, error),
      )
    } catch (error) {
      return this.#refuse(call, error)
    }
  }

  #decode(frame: Buffer, client: Client, lent: boolean): Call | { reason: string } {
    const startMs = performance.now()
    const { apiKey, apiVersion, correlationId } = decodeHeaderStart(frame)
    const handler = this.#byKey.get(apiKey)
    if (!handler) return { reason: `API key ${apiKey} is not served` }
    if (apiVersion < handler.min || apiVersion > handler.max) {
      if (apiKey !== apiVersionsKey) return { reason: `${handler.name} ${apiVersion} is not served; ${handler.min} to ${handler.max} are` }
      // KIP-511: the oldest answer, which everybody can read, with the versions that are served.
      const header = { apiKey, apiVersion: 0, correlationId, clientId: null, bodyAt: 0 }
      return {
        handler: unknownApiVersions(handler),
        header,
        request: null,
        client,
        lent,
        startMs,
        frameBytes: frame.length,
        producedMs: 0,
        workMs: 0,
      }
    }
    const flexible = isFlexible(handler.api, apiVersion)
    const header = decodeRequestHeader(frame, flexible)
    const request = this.#throttle.off ? decodeRequest(handler.api, apiVersion, frame, header.bodyAt) : this.#bounded(handler, header, frame)
    return { handler, header, request, client, lent, startMs, frameBytes: frame.length, producedMs: 0, workMs: 0 }
  }

  #replyOf(call: Call, answer: Answer<Api>): Reply {
    if (answer.kind === 'hang-up') return { parts: null, close: answer.reason }
    this.#observe(call, answer.errorCode)
    if (answer.kind === 'silence')
      return this.#throttle.off ? { parts: null, close: null } : { parts: null, close: null, muteMs: this.#throttled(call, null).throttleMs }
    try {
      const parts = encode(call, answer.response)
      return { ...(this.#throttle.off ? { parts, close: null } : this.#heldBack(call, answer.response, parts)), memory: answer.memory }
    } catch (error) {
      // An answer that does not fit its version is a fault of ours, and the client cannot be told in the same words.
      this.#services.logger.error('kafka answer cannot be encoded', { api: call.handler.name, version: call.header.apiVersion, error })
      return { parts: null, close: `the answer to ${call.handler.name} ${call.header.apiVersion} cannot be encoded` }
    }
  }

  /** The answer with its throttle time, where the client is over a quota. */
  #heldBack(call: Call, response: unknown, parts: Buffer[]): Reply {
    const { throttleMs, empty } = this.#throttled(call, parts)
    if (throttleMs === 0) return { parts, close: null }
    const body = empty ? emptyFetch(call.request) : (response as object)
    return { parts: encode(call, { ...body, throttleTimeMs: throttleMs }), close: null, muteMs: throttleMs }
  }

  /** What the client did is measured, and for how long it is to be held. `empty`: the answer to a fetch must wait for another time. */
  #throttled({ handler, header, startMs, producedMs, workMs }: Call, parts: Buffer[] | null): { throttleMs: number; empty: boolean } {
    const { clientId } = header
    const answerBytes = parts?.reduce((sum, part) => sum + part.length, 0) ?? 0
    const fetchMs = handler.key === fetchKey ? this.#throttle.fetched(clientId, answerBytes) : 0
    const mutationMs = mutationKeys.includes(handler.key) ? this.#throttle.mutated(clientId) : 0
    const requestMs = this.#throttle.worked(clientId, workMs === 0 ? performance.now() - startMs : workMs)
    return { throttleMs: Math.min(throttleMsMax, Math.max(producedMs, fetchMs, mutationMs, requestMs)), empty: fetchMs > 0 }
  }

  /** A fetch asks for no more than its quota can let through. */
  #bounded(handler: Handler, { apiVersion, clientId, bodyAt }: RequestHeader, frame: Buffer): unknown {
    const request = decodeRequest(handler.api, apiVersion, frame, bodyAt)
    if (handler.key !== fetchKey) return request
    const { maxBytes, minBytes } = request as { maxBytes: number; minBytes: number }
    const bytesMax = this.#throttle.fetchBytesMax(clientId)
    return { ...(request as object), maxBytes: Math.min(maxBytes, bytesMax), minBytes: Math.min(minBytes, bytesMax) }
  }

  #refuse(call: Call, error: unknown): Reply {
    const { handler, request } = call
    const refused = refusedBy(error) ?? unexpected
    if (refused === unexpected)
      this.#services.logger.error('kafka request failed', { api: handler.name, version: call.header.apiVersion, client: call.client.host, error })
    const response = handler.refuse ? handler.refuse(refused, request) : { ...(defaultOf(handler.api.response) as object), ...refused }
    return this.#replyOf(call, { kind: 'respond', response: response as object, errorCode: refused.errorCode, memory: null })
  }

  /** The next request of the connection waits for this one: what a test wants to see happens in order. */
  async #fail(call: Call, fault: Fault): Promise<Reply> {
    if (fault.when === 'after') {
      const answer = await (async () =>
        call.handler.run(
          call.request,
          this.#contextOf(call, () => {}),
        ))().catch(() => null)
      if (answer?.kind === 'respond') answer.memory?.giveBack()
    }
    if (fault.error === disconnect || !canTell(call)) return { parts: null, close: faultText }
    return this.#refuse(call, new Refusal(errorCode[fault.error as keyof typeof errorCode], faultText))
  }

  #observe({ handler, header, client, startMs }: Call, code: number): void {
    const { counters, settings, logger } = this.#services
    const [error, ms] = [errorName(code), performance.now() - startMs]
    counters.observeRequest('kafka', handler.name, error, ms / 1000)
    if (!settings.tellsRequests) return
    const { apiVersion: version, clientId } = header
    logger.debug('kafka request', {
      api: handler.name,
      version,
      error,
      ms: Math.round(ms * 1000) / 1000,
      clientId,
      client: `${client.host}:${client.port}`,
    })
  }

  #nameOf(frame: Buffer): string {
    if (frame.length < 4) return 'a request'
    return `${this.#byKey.get(frame.readInt16BE(0))?.name ?? 'a request'} ${frame.readInt16BE(2)}`
  }
}

/** Whether this version's answer has room for an error of the whole request. A produce with acks=0 has no answer. */
function canTell({ handler, header, request }: Call): boolean {
  if (handler.key === produceKey && (request as { acks: number }).acks === 0) return false
  if (handler.refuse) return true
  const field = handler.api.response.fields['errorCode']
  return field !== undefined && inVersion(field, header.apiVersion, isFlexible(handler.api, header.apiVersion)).present
}

/** ApiVersions as it is answered when its version is above ours: error 35 and the list (KIP-511). */
function unknownApiVersions(served: Handler): Handler {
  return {
    ...served,
    run: (_request, { respond, served: apis }) => {
      const apiKeys = apis.map(({ key, min, max }) => ({ apiKey: key, minVersion: min, maxVersion: max }))
      return respond({ errorCode: errorCode.UNSUPPORTED_VERSION, apiKeys, throttleTimeMs: 0 } as object)
    },
  }
}

/** The whole frame, length first; large byte fields stay where they are. */
function encode({ handler, header }: Call, response: unknown): Buffer[] {
  const writer = new Writer()
  writer.int32(0)
  writeResponseHeader(writer, header.apiKey, header.correlationId, isFlexible(handler.api, header.apiVersion))
  writeResponse(handler.api, header.apiVersion, writer, response as never)
  const frameBytes = writer.length - 4
  const parts = writer.parts()
  parts[0]!.writeInt32BE(frameBytes, 0)
  return parts
}

/** Nothing now: a session goes on, a full fetch gets none (KIP-219). */
function emptyFetch(request: unknown): object {
  const { sessionId, sessionEpoch } = request as { sessionId: number; sessionEpoch: number }
  return { errorCode: errorCode.NONE, sessionId: sessionEpoch > 0 ? sessionId : 0, responses: [] }
}

function respond(response: unknown, code?: number, memory: Loans | null = null): Answer<Api> {
  const topLevel = (response as { errorCode?: number }).errorCode
  return { kind: 'respond', response: response as object, errorCode: code ?? topLevel ?? errorCode.NONE, memory }
}

const silence = (code: number = errorCode.NONE): NoAnswer => ({ kind: 'silence', errorCode: code })
const hangUp = (reason: string): NoAnswer => ({ kind: 'hang-up', reason })
