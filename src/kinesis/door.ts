// One request in, one answer out: envelope, body, authorisation, validation, operation, encoding, in AWS's order. Knows HTTP's words but
// no sockets; server.ts does. Every failure ends here as AWS's answer.
import type { IncomingHttpHeaders } from 'node:http'
import type { SigV4Verifier } from '../auth/sigv4.ts'
import { disconnect, type Fault, type Faults, faultText } from '../faults.ts'
import type { Loans } from '../lent-memory.ts'
import type { Logger } from '../logging.ts'
import type { Random } from '../random.ts'
import { authorizationFault } from './authorization.ts'
import { AwsError } from './aws-error.ts'
import type { Share } from './body.ts'
import { encodeBody, parseBody, unpackBody } from './body-codec.ts'
import { encodeCbor } from './cbor.ts'
import {
  cborType,
  corsHeaders,
  type Dress,
  type Envelope,
  jsonType,
  preflightHeaders,
  readEnvelope,
  servicePrefix,
  wrappedBody,
  xmlBody,
} from './envelope.ts'
import { toAwsError } from './error-map.ts'
import { framesOf } from './event-frames.ts'
import { eventStreamType } from './event-stream.ts'
import { encodeJson } from './json.ts'
import { type Answer, contextOf, type Operation, type Services } from './operation.ts'
import { readPlain } from './plain-json.ts'
import { RequestIds } from './request-ids.ts'
import { checkStructure } from './shape-check.ts'
import { convertStructure } from './shape-convert.ts'
import { EventSource } from './subscription.ts'

export interface HttpRequest {
  readonly method: string
  /** Path and query. */
  readonly url: string
  readonly headers: IncomingHttpHeaders
  readonly body: Buffer
  /** What the body holds of the memory for bodies. */
  readonly share: Share
  /** Memory that is used until the call is answered: the body's, and what is made of it. */
  readonly incoming: Loans
  /** Memory that is used until the answer has left. */
  readonly outgoing: Loans
  /** What the answer holds of the memory for answers, for operations whose answers are large. */
  readonly room: Share
  /** Aborts when the client goes before it is answered. */
  hungUp(): AbortSignal
}

export interface HttpAnswer {
  readonly status: number
  readonly headers: Record<string, string>
  readonly body: string | Buffer
  /** Where the answer goes on: frames to be sent as they come, until the signal says that nobody listens. */
  readonly frames?: (signal: AbortSignal) => AsyncGenerator<Buffer>
  /** For metrics: the operation, where one was meant and known. */
  readonly operation: string | null
  /** AWS's exception name; null when all went well. */
  readonly errorType: string | null
  /** Nothing is answered: the connection ends. */
  readonly cut?: true
}

export interface DoorOptions {
  services: Services
  operations: readonly Operation[]
  /** Null: signatures need only be there. */
  verifier: SigV4Verifier | null
  random: Random
  logger: Logger
  /** What a test wants to go wrong. */
  faults: Faults
}

/** For people with curl: AWS's own text says only that a token is missing. */
const hints: Readonly<Record<string, string>> = {
  MissingAuthenticationTokenException:
    "any signature will do here: add -H 'Authorization: AWS4-HMAC-SHA256 Credential=x, SignedHeaders=x, Signature=x' -H 'X-Amz-Date: x'",
  AccessDeniedException: 'POST / with X-Amz-Target: Kinesis_20131202.<Operation> and Content-Type: application/x-amz-json-1.1',
  UnknownOperationException: 'POST / with X-Amz-Target: Kinesis_20131202.<Operation> and Content-Type: application/x-amz-json-1.1',
}

const noQuery = new URLSearchParams()

export class Door {
  readonly #options: DoorOptions
  readonly #operations: ReadonlyMap<string, Operation>
  readonly #ids: RequestIds
  /** What most calls come in, by target: JSON, to an operation that there is. */
  readonly #usual: ReadonlyMap<string, Envelope>
  /** What people were told already: SDKs do not show them headers, and the log need not be full of it. */
  readonly #told = new Set<string>()

  constructor(options: DoorOptions) {
    this.#options = options
    this.#ids = new RequestIds(options.random)
    this.#operations = new Map(options.operations.map((operation) => [operation.name, operation]))
    this.#usual = new Map(
      options.operations.map(({ name }) => {
        const target = `${servicePrefix}.${name}`
        return [target, readEnvelope('POST', { 'content-type': jsonType, 'x-amz-target': target }, 1, () => true)]
      }),
    )
  }

  /** Is it a call of an operation that there is, whose answer is one piece? */
  answersWhole(headers: IncomingHttpHeaders): boolean {
    const envelope = this.#usual.get(headers['x-amz-target'] as string)
    return envelope !== undefined && !this.#operations.get(envelope.operationName!)!.streams
  }

  /** Never rejects. */
  async handle(request: HttpRequest): Promise<HttpAnswer> {
    const { method, headers } = request
    const browser = headers.origin !== undefined
    const requestId = this.#ids.requestId()
    if (browser && method === 'OPTIONS') {
      return { status: 200, headers: { 'x-amzn-RequestId': requestId, ...preflightHeaders(headers) }, body: '', operation: null, errorType: null }
    }
    const common: Record<string, string> = { 'x-amzn-RequestId': requestId, 'x-amz-id-2': this.#ids.extendedId() }
    if (browser) Object.assign(common, corsHeaders)
    const envelope = this.#envelopeOf(request)
    try {
      if (envelope.refusal) throw envelope.refusal
      const output = await this.#run(
        envelope,
        request,
        request.headers['content-encoding'] === undefined ? request.body : await this.#unpacked(request),
      )
      return this.#succeed(envelope, output, common, request.outgoing)
    } catch (thrown) {
      return this.#refuse(envelope, thrown, common, requestId)
    }
  }

  #envelopeOf({ method, headers, body }: HttpRequest): Envelope {
    const isUsual = method === 'POST' && body.length > 0 && headers['content-type'] === jsonType
    const usual = isUsual ? this.#usual.get(headers['x-amz-target'] as string) : undefined
    return usual ?? readEnvelope(method, headers, body.length, (name) => this.#operations.has(name))
  }

  /** The answer to a body that is larger than the limit; it was not read to its end. */
  tooLarge(bodyBytesMax: number): HttpAnswer {
    const error = new AwsError(
      'RequestEntityTooLargeException',
      `The request body is larger than ${bodyBytesMax} bytes (aws.request.max.bytes).`,
      413,
    )
    const headers = { 'x-amzn-RequestId': this.#ids.requestId(), 'Content-Type': jsonType }
    return { status: 413, headers, body: encodeJson(error.body()), operation: null, errorType: error.type }
  }

  #unpacked(request: HttpRequest): Promise<Buffer> {
    return unpackBody(request, this.#options.services.settings.get('aws.request.max.bytes'))
  }

  #run(envelope: Envelope, request: HttpRequest, body: Buffer): Promise<Answer> | Answer {
    const format = envelope.dress === 'cbor' ? 'cbor' : 'json'
    const operation = envelope.operationName === null ? undefined : this.#operations.get(envelope.operationName)
    const plain = envelope.dress === 'json' && operation ? readPlain(body, operation.input, request.incoming) : null
    const members = plain ? null : parseBody(body, format)
    if (envelope.dress === 'wrapped') throw new AwsError('UnknownOperationException', '', 404)
    if (!operation) throw new AwsError('UnknownOperationException')
    const at = request.url.indexOf('?')
    const fault = authorizationFault(request.headers, at < 0 ? noQuery : new URLSearchParams(request.url.slice(at + 1)))
    if (fault) throw fault
    const refused = this.#options.verifier?.verify(request, this.#options.services.clock.now())
    if (refused) throw new AwsError(refused.type, refused.message)
    const input = plain ?? convertStructure(operation.input, members!)
    checkStructure(operation.input, input)
    const { services } = this.#options
    const nowMs = services.clock.now()
    services.limits.call(operation.name, input, nowMs)
    const { faults } = this.#options
    const context = contextOf(services, { nowMs, format, room: request.room, outgoing: request.outgoing, hungUp: request.hungUp })
    const asked = faults.none ? null : faults.take(operation.name)
    return asked ? fail(asked, () => operation.run(input as never, context)) : operation.run(input as never, context)
  }

  #succeed(envelope: Envelope, output: Answer, headers: Record<string, string>, outgoing: Loans): HttpAnswer {
    const format = envelope.dress === 'cbor' ? 'cbor' : 'json'
    if (output instanceof EventSource) {
      headers['Content-Type'] = eventStreamType
      return {
        status: 200,
        headers,
        body: '',
        frames: (signal) => framesOf(output, format, signal),
        operation: envelope.operationName,
        errorType: null,
      }
    }
    headers['Content-Type'] = format === 'cbor' ? cborType : jsonType
    return {
      status: 200,
      headers,
      body: output === undefined ? '' : encodeBody(output, format, outgoing),
      operation: envelope.operationName,
      errorType: null,
    }
  }

  #refuse(envelope: Envelope, thrown: unknown, headers: Record<string, string>, requestId: string): HttpAnswer {
    if (thrown === cut) return { status: 0, headers, body: '', operation: envelope.operationName, errorType: 'Disconnected', cut: true }
    const { error, unexpected } = toAwsError(thrown)
    if (unexpected) this.#options.logger.error('an AWS operation failed', { operation: envelope.operationName, requestId, error: thrown })
    if (error.hint !== null) this.#tell(error.hint, envelope)
    const hint = error.hint ?? hints[error.type]
    if (hint) headers['x-twinlog-hint'] = hint
    const [contentType, body] = dressed(envelope.dress, error)
    if (contentType) headers['Content-Type'] = contentType
    return { status: error.status, headers, body, operation: envelope.operationName, errorType: error.type }
  }

  #tell(hint: string, { operationName: operation }: Envelope): void {
    if (this.#told.has(hint)) return
    this.#told.add(hint)
    this.#options.logger.warn('an AWS client may be configured for another place', { operation, hint })
  }
}

/** Thrown where nothing is to be answered. */
const cut = Symbol('cut')

/** Fails as a test asked for; done or not, the client is not told of what was done. */
async function fail({ error, when }: Fault, run: () => Promise<Answer> | Answer): Promise<never> {
  if (when === 'after') await (async () => run())().catch(() => {})
  if (error === disconnect) throw cut
  throw new AwsError(error, faultText, error.startsWith('Internal') ? 500 : error === 'ServiceUnavailable' ? 503 : 400)
}

function dressed(dress: Dress, error: AwsError): [contentType: string | null, body: string | Buffer] {
  switch (dress) {
    case 'xml':
      return [null, xmlBody(error)]
    case 'wrapped':
      return ['application/json', encodeJson(wrappedBody(error))]
    case 'cbor':
      return [cborType, encodeCbor(error.body())]
    default:
      return [jsonType, encodeJson(error.body())]
  }
}
