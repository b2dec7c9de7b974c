// Messages to bytes and back, by API and version. Headers are header.ts's.
import { codecOf } from './compile.ts'
import { DecodeError, Reader } from './reader.ts'
import type { Api, Body, Envelope, RequestInput, RequestOf, ResponseInput, ResponseOf } from './schema.ts'
import { Writer } from './writer.ts'

/** Is this version of the API encoded with compact lengths and tagged fields? */
export const isFlexible = (api: { flexibleSince: number }, version: number): boolean => version >= api.flexibleSince

function decode(body: Body, version: number, flexible: boolean, reader: Reader): unknown {
  return codecOf(body, version, flexible).decode(reader)
}

/** A request's body from `at` on. Byte fields are views. Throws DecodeError. Bytes after the body are ignored, as Kafka does. */
export function decodeRequest<A extends Api>(api: A, version: number, bytes: Buffer, at = 0): RequestOf<A> {
  return decode(api.request, version, isFlexible(api, version), new Reader(bytes, at)) as RequestOf<A>
}

/** A response's body from `at` on: for clients. */
export function decodeResponse<A extends Api>(api: A, version: number, bytes: Buffer, at = 0): ResponseOf<A> {
  return decode(api.response, version, isFlexible(api, version), new Reader(bytes, at)) as ResponseOf<A>
}

export function writeRequest<A extends Api>(api: A, version: number, writer: Writer, value: RequestInput<A>): void {
  codecOf(api.request, version, isFlexible(api, version)).encode(writer, value as Record<string, unknown>)
}

export function writeResponse<A extends Api>(api: A, version: number, writer: Writer, value: ResponseInput<A>): void {
  codecOf(api.response, version, isFlexible(api, version)).encode(writer, value as Record<string, unknown>)
}

export function encodeResponse<A extends Api>(api: A, version: number, value: ResponseInput<A>): Buffer {
  const writer = new Writer()
  writeResponse(api, version, writer, value)
  return writer.toBuffer()
}

type ValueOf<E extends Envelope> = NonNullable<E['value']['out']>
type InputOf<E extends Envelope> = NonNullable<E['value']['in']>

/** A structure that carries its version in its first two bytes. Versions above ours are read as our highest, as Kafka does. */
export function decodeEnvelope<E extends Envelope>(envelope: E, bytes: Buffer): ValueOf<E> {
  const reader = new Reader(bytes)
  const version = reader.int16()
  if (version < envelope.versions[0]) throw new DecodeError(`${envelope.name} in version ${version}`)
  const known = Math.min(version, envelope.versions[1])
  return decode(envelope.value, known, isFlexible(envelope, known), reader) as ValueOf<E>
}

export function encodeEnvelope<E extends Envelope>(envelope: E, version: number, value: InputOf<E>): Buffer {
  const writer = new Writer()
  writer.int16(version)
  codecOf(envelope.value, version, isFlexible(envelope, version)).encode(writer, value as Record<string, unknown>)
  return writer.toBuffer()
}
