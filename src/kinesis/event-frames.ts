// Pushed events -> frames, in the format that the request came in. SDKs refuse a stream that does not begin with initial-response.
import { type BodyFormat, encodeBody } from './body-codec.ts'
import { cborType, jsonType } from './envelope.ts'
import { eventFrame } from './event-stream.ts'
import type { EventSource } from './subscription.ts'

export async function* framesOf(source: EventSource, format: BodyFormat, signal: AbortSignal): AsyncGenerator<Buffer> {
  const contentType = format === 'cbor' ? cborType : jsonType
  const frame = (kind: Readonly<Record<string, string>>, payload: unknown): Buffer => {
    const body = encodeBody(payload, format)
    return eventFrame({ ...kind, ':content-type': contentType }, typeof body === 'string' ? Buffer.from(body) : body)
  }
  yield frame({ ':message-type': 'event', ':event-type': 'initial-response' }, {})
  for await (const pushed of source.events(signal)) {
    if ('exception' in pushed) yield frame({ ':message-type': 'exception', ':exception-type': pushed.exception }, { message: pushed.message })
    else yield frame({ ':message-type': 'event', ':event-type': pushed.event }, pushed.payload)
  }
}
