// The AWS SDK for JavaScript speaks JSON only to Kinesis (its model lists no other protocol). This request handler puts CBOR in its place on
// the wire, as the Java SDKs speak it: blobs as bytes, times as tag 1 with whole milliseconds. The codec is not ours.
import { Readable } from 'node:stream'
import { cbor, tag } from '@smithy/core/cbor'

interface Handler {
  handle(request: { headers: Record<string, string>; body: unknown }, options?: unknown): Promise<{ response: AnyResponse }>
}
interface AnyResponse {
  statusCode: number
  headers: Record<string, string>
  body: AsyncIterable<Uint8Array>
}

const cborType = 'application/x-amz-cbor-1.1'
/** Members of Kinesis's model that are times: seconds in JSON. */
const times = new Set([
  'Timestamp',
  'StreamCreationTimestamp',
  'ApproximateArrivalTimestamp',
  'ConsumerCreationTimestamp',
  'QueueCreationTimestamp',
  'FirstReceiveTimestamp',
  'StartedAt',
  'EndedAt',
  'EarliestAllowedEndAt',
])

/** Speaks CBOR through a handler that the SDK made requests in JSON for. Event streams stay as they are. */
export function throughCbor(inner: unknown, change: (operation: string, input: Record<string, unknown>) => void = () => {}): never {
  const handler = inner as Handler
  const handle = handler.handle.bind(handler)
  handler.handle = async (request, options) => {
    const operation = String(request.headers['x-amz-target']).split('.')[1]!
    const input = JSON.parse(Buffer.from(request.body as string).toString() || '{}') as Record<string, unknown>
    change(operation, input)
    const streaming = operation === 'SubscribeToShard'
    const body = streaming ? Buffer.from(JSON.stringify(input)) : Buffer.from(cbor.serialize(toCbor(input, '')))
    const headers = { ...request.headers, 'content-length': String(body.length), ...(streaming ? {} : { 'content-type': cborType }) }
    const { response } = await handle(Object.assign(request, { headers, body }), options)
    if (streaming) return { response }
    const chunks: Uint8Array[] = []
    for await (const chunk of response.body) chunks.push(chunk)
    const bytes = Buffer.concat(chunks)
    if (bytes.length > 0 && response.headers['content-type'] !== cborType)
      throw new Error(`${operation} was answered in ${response.headers['content-type']}`)
    const text = bytes.length === 0 ? '' : JSON.stringify(fromCbor(cbor.deserialize(bytes)))
    return { response: Object.assign(response, { body: Readable.from([Buffer.from(text)]) }) }
  }
  return handler as never
}

function toCbor(value: unknown, name: string): unknown {
  if (name === 'Data') return new Uint8Array(Buffer.from(value as string, 'base64'))
  if (times.has(name)) return tag({ tag: 1, value: Math.round((value as number) * 1000) })
  if (Array.isArray(value)) return value.map((item) => toCbor(item, ''))
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(Object.entries(value).map(([key, member]) => [key, toCbor(member, key)]))
}

function fromCbor(value: unknown): unknown {
  if (value instanceof Uint8Array) return Buffer.from(value).toString('base64')
  if (Array.isArray(value)) return value.map(fromCbor)
  if (typeof value !== 'object' || value === null) return typeof value === 'bigint' ? Number(value) : value
  if ('tag' in value) {
    const { tag: kind, value: ms } = value as { tag: number | bigint; value: number }
    if (Number(kind) !== 1 || !Number.isInteger(Number(ms)))
      throw new Error(`a time is tag 1 with whole milliseconds, not ${String(kind)}: ${String(ms)}`)
    return Number(ms) / 1000
  }
  return Object.fromEntries(Object.entries(value).map(([key, member]) => [key, fromCbor(member)]))
}
