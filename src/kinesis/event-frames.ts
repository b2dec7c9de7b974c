// Pushed events -> frames, in the format that the request came in. SDKs refuse a stream that does not begin with initial-response.
import { LentMemory, Loans } from '../lent-memory.ts'
import { type BodyFormat, encodeBody } from './body-codec.ts'
import { cborType, jsonType } from './envelope.ts'
import { eventFrame } from './event-stream.ts'
import type { EventSource } from './subscription.ts'

/** Nobody tells when an event has left: its memory is the collector's. */
const unkept = new LentMemory(0)

export async function* framesOf(source: EventSource, format: BodyFormat, signal: AbortSignal): AsyncGenerator<Buffer> {
  const contentType = format === 'cbor' ? cborType : jsonType
  const frame = (kind: Readonly<Record<string, string>>, payload: unknown): Buffer => {
    const body = encodeBody(payload, format, new Loans(unkept))
    return eventFrame({ ...kind, ':content-type': contentType }, typeof body === 'string' ? Buffer.from(body) : body)
  }
  yield frame({ ':message-type': 'event', ':event-type': 'initial-response' }, {})
  for await (const pushed of source.events(signal)) {
    if ('exception' in pushed) yield frame({ ':message-type': 'exception', ':exception-type': pushed.exception }, { message: pushed.message })
    else yield frame({ ':message-type': 'event', ':event-type': pushed.event }, pushed.payload)
  }
}
