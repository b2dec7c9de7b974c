// The outside of a call: method, content type, target and CORS, in the order in which AWS looks at them (kinesis-facts "Envelope",
// the checks of kinesalite's test/connection.js). Pure. Bodies and operations are door.ts's.
import type { IncomingHttpHeaders } from 'node:http'
import { AwsError } from './aws-error.ts'

export const jsonType = 'application/x-amz-json-1.1'
export const cborType = 'application/x-amz-cbor-1.1'
/** AWS half-knows it: bodies are parsed, then every operation is unknown. */
const plainJsonType = 'application/json'
/** Stands before the operation in X-Amz-Target. */
export const servicePrefix = 'Kinesis_20131202'

/** How an answer is written. `xml`: the door in front of the service refused; `wrapped`: the body that plain JSON gets. */
export type Dress = 'json' | 'cbor' | 'wrapped' | 'xml'

export interface Envelope {
  readonly dress: Dress
  /** The operation of the target, where the service prefix is right; not yet looked up. */
  readonly operationName: string | null
  /** An answer that is due whatever the body says. */
  readonly refusal: AwsError | null
}

const undetermined = new AwsError('AccessDeniedException', 'Unable to determine service/operation name to be authorized', 403)

/** Looks at everything but the body; `known` tells an operation's name from others. */
export function readEnvelope(method: string, headers: IncomingHttpHeaders, bodyBytes: number, known: (operation: string) => boolean): Envelope {
  if (method !== 'POST') return { dress: 'xml', operationName: null, refusal: undetermined }
  const contentType = (headers['content-type'] ?? '').split(';')[0]!.trim()
  const target = headers['x-amz-target']
  const [service, operation] = (typeof target === 'string' ? target : '').split('.')
  const operationName = service === servicePrefix && operation && known(operation) ? operation : null
  if (bodyBytes === 0) {
    const refusal = new AwsError(operationName ? 'SerializationException' : 'UnknownOperationException')
    return { dress: contentType === jsonType ? 'json' : 'cbor', operationName, refusal }
  }
  if (contentType === jsonType) return { dress: 'json', operationName, refusal: null }
  if (contentType === cborType) return { dress: 'cbor', operationName, refusal: null }
  if (contentType === plainJsonType) return { dress: 'wrapped', operationName, refusal: null }
  return { dress: 'xml', operationName: null, refusal: service && operation ? new AwsError('UnknownOperationException', '', 404) : undetermined }
}

/** The headers that a browser needs, on every answer to a request with an origin. */
export const corsHeaders = {
  'Access-Control-Allow-Origin': '*',
  'Access-Control-Expose-Headers': 'x-amzn-RequestId,x-amzn-ErrorType,x-amz-request-id,x-amz-id-2,x-amzn-ErrorMessage,Date',
}

/** Two days, as AWS. */
const preflightAgeS = '172800'

export function preflightHeaders(headers: IncomingHttpHeaders): Record<string, string> {
  const answer: Record<string, string> = { 'Access-Control-Allow-Origin': '*', 'Access-Control-Max-Age': preflightAgeS }
  const wantedHeaders = headers['access-control-request-headers']
  const wantedMethod = headers['access-control-request-method']
  if (wantedHeaders) answer['Access-Control-Allow-Headers'] = wantedHeaders
  if (wantedMethod) answer['Access-Control-Allow-Methods'] = wantedMethod
  return answer
}

/** The body of a refusal by the door in front of the service. */
export function xmlBody(error: AwsError): string {
  const text = error.message.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;')
  return text === '' ? `<${error.type}/>\n` : `<${error.type}>\n  <Message>${text}</Message>\n</${error.type}>\n`
}

/** The body that `application/json` gets. */
export const wrappedBody = (error: AwsError): object => ({ Output: { __type: `com.amazon.coral.service#${error.type}` }, Version: '1.0' })
