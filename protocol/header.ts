// Request and response headers (models: RequestHeader, ResponseHeader), and the one exception: ApiVersions answers with header 0 always, so that
// a client that guessed too high a version can read the answer (KIP-511).
import { DecodeError, Reader } from './reader.ts'
import type { Writer } from './writer.ts'

const apiVersionsKey = 18
/** SaslHandshake and ControlledShutdown 0 aside, the header follows the body's encoding. */
const controlledShutdownKey = 7

export interface RequestHeader {
  readonly apiKey: number
  readonly apiVersion: number
  readonly correlationId: number
  readonly clientId: string | null
  /** Where the body begins. */
  readonly bodyAt: number
}

/** Key, version and correlation id: at the front of every request whatever its version. */
export function decodeHeaderStart(frame: Buffer): { apiKey: number; apiVersion: number; correlationId: number } {
  if (frame.length < 8) throw new DecodeError(`a request of ${frame.length} bytes has no header`)
  return { apiKey: frame.readInt16BE(0), apiVersion: frame.readInt16BE(2), correlationId: frame.readInt32BE(4) }
}

/** The whole header. `flexible` is the body's: header 2 then, which ends with tagged fields. */
export function decodeRequestHeader(frame: Buffer, flexible: boolean): RequestHeader {
  const start = decodeHeaderStart(frame)
  const reader = new Reader(frame, 8)
  if (start.apiKey === controlledShutdownKey && start.apiVersion === 0) return { ...start, clientId: null, bodyAt: 8 }
  // Never compact, also in flexible versions.
  const clientId = reader.nullableString()
  if (flexible) reader.skipTags()
  return { apiKey: start.apiKey, apiVersion: start.apiVersion, correlationId: start.correlationId, clientId, bodyAt: reader.at }
}

/** For clients and tests. */
export function writeRequestHeader(
  writer: Writer,
  header: { apiKey: number; apiVersion: number; correlationId: number; clientId: string | null },
  flexible: boolean,
): void {
  writer.int16(header.apiKey)
  writer.int16(header.apiVersion)
  writer.int32(header.correlationId)
  writer.nullableString(header.clientId)
  if (flexible) writer.unsignedVarint(0)
}

/** Does the response header end with tagged fields? */
const hasFlexibleResponseHeader = (apiKey: number, flexible: boolean): boolean => flexible && apiKey !== apiVersionsKey

export function writeResponseHeader(writer: Writer, apiKey: number, correlationId: number, flexible: boolean): void {
  writer.int32(correlationId)
  if (hasFlexibleResponseHeader(apiKey, flexible)) writer.unsignedVarint(0)
}

/** For clients and tests: the correlation id, and where the body begins. */
export function decodeResponseHeader(frame: Buffer, apiKey: number, flexible: boolean, at = 0): { correlationId: number; bodyAt: number } {
  const reader = new Reader(frame, at)
  const correlationId = reader.int32()
  if (hasFlexibleResponseHeader(apiKey, flexible)) reader.skipTags()
  return { correlationId, bodyAt: reader.at }
}
