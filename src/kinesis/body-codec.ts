// Bodies as bytes and as values, in the dress that a request came in: JSON 1.1 or CBOR, and gzip around either.
import { isAscii } from 'node:buffer'
import type { Loans } from '../lent-memory.ts'
import { serializationError } from './aws-error.ts'
import { decodeCbor, encodeCbor } from './cbor.ts'
import type { HttpRequest } from './door.ts'
import { encodeJson } from './json.ts'
import { encodeJsonBytes, OwnJson } from './json-bytes.ts'
import { JsonRecords } from './record-json.ts'

export type BodyFormat = 'json' | 'cbor'

/** The body without its Content-Encoding. Refuses one that grows beyond `bytesMax`, and encodings that AWS's clients do not use. */
export async function unpackBody({ body, headers, share }: Pick<HttpRequest, 'body' | 'headers' | 'share'>, bytesMax: number): Promise<Buffer> {
  const encoding = headers['content-encoding']
  if (encoding === undefined || encoding === 'identity' || encoding === 'aws-chunked') return body
  if (encoding !== 'gzip') throw serializationError(`Content-Encoding ${encoding} is not supported.`)
  // What it grows to is not known before: a few KiB may stand for the most that is allowed.
  await share.take(bytesMax)
  // Loaded when first needed: start-up time counts.
  const { gunzip } = await import('node:zlib')
  try {
    const unpacked = await new Promise<Buffer>((resolve, reject) => {
      gunzip(body, { maxOutputLength: bytesMax }, (error, bytes) => (error ? reject(error) : resolve(bytes)))
    })
    share.keep(body.length + unpacked.length)
    return unpacked
  } catch {
    share.keep(body.length)
    throw serializationError('The gzip data of the body is broken, or larger than a request may be.')
  }
}

/** UTF-8. Most bodies are ASCII, base64 above all: those are copied, which takes half of the time that decoding does. */
export const textOf = (body: Buffer): string => (isAscii(body) ? body.toString('latin1') : body.toString('utf8'))

/** More than twenty times what the largest request has; to make millions of values out of a body would hold up everybody else for a second. */
const valuesMax = 250_000

const comma = 0x2c
const colon = 0x3a
const openBracket = 0x5b
const openBrace = 0x7b

/** May it hold more values than that? Each begins after one of these bytes, and base64 has none of them. */
function hasTooManyValues(body: Buffer): boolean {
  if (body.length <= valuesMax) return false
  let count = 0
  for (let at = 0; at < body.length; at++) {
    const byte = body[at]
    if (byte === comma || byte === openBracket || byte === openBrace || byte === colon) count++
  }
  return count > valuesMax
}

/** The members of a request. */
export function parseBody(body: Buffer, format: BodyFormat): Record<string, unknown> {
  if (format === 'json' && hasTooManyValues(body)) throw serializationError()
  let value: unknown
  try {
    value = format === 'cbor' ? decodeCbor(body, valuesMax) : JSON.parse(textOf(body))
  } catch {
    throw serializationError()
  }
  if (typeof value !== 'object' || value === null) throw serializationError()
  return value as Record<string, unknown>
}

/** Answers with as many records or more are written as bytes at once; smaller ones are cheaper as text. */
const recordsForBytes = 8

/** An answer as text, or as bytes in memory of `outgoing`. */
export function encodeBody(value: unknown, format: BodyFormat, outgoing: Loans): string | Buffer {
  if (format === 'cbor') return encodeCbor(value)
  const { Records: records } = value as { Records?: unknown }
  if (records instanceof JsonRecords) return records.finish({ ...(value as object), Records: undefined })
  return records instanceof OwnJson || (Array.isArray(records) && records.length >= recordsForBytes)
    ? encodeJsonBytes(value, outgoing)
    : encodeJson(value)
}
