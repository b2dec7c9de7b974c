// Sends the frames of an event stream as they come and as fast as the client takes them. One per response.
import type { ServerResponse } from 'node:http'
import type { Http2ServerResponse } from 'node:http2'
import type { HttpAnswer } from './door.ts'

export type AnyResponse = ServerResponse | Http2ServerResponse

/** Nothing happens to it any more: its answer is out, or its client has gone. Of an HTTP/2 response whose client has gone Node says only that it is finished. */
export const isOver = (response: AnyResponse): boolean => response.writableFinished || response.destroyed

/** Event streams under way, so that a stop can end them. */
export class EventSender {
  readonly #listening = new Set<AbortController>()

  /** Until the frames end, the client goes, or `stop` is called. Answers the bytes sent; frames that fail reject. */
  async send({ status, headers }: HttpAnswer, frames: (signal: AbortSignal) => AsyncGenerator<Buffer>, to: AnyResponse): Promise<number> {
    const response = to as ServerResponse
    const listening = new AbortController()
    this.#listening.add(listening)
    // Gone before there was anything to send: nothing tells of that any more.
    if (isOver(response)) listening.abort()
    else response.once('close', () => listening.abort())
    let bytes = 0
    try {
      response.writeHead(status, headers)
      for await (const frame of frames(listening.signal)) {
        if (listening.signal.aborted) break
        bytes += frame.length
        if (!response.write(frame)) await roomIn(response, listening.signal)
      }
      return bytes
    } finally {
      this.#listening.delete(listening)
      response.end()
    }
  }

  /** Ends every stream. */
  stop(): void {
    for (const listening of this.#listening) listening.abort()
  }
}

/** Until the response takes more, or nobody listens. */
function roomIn(response: ServerResponse, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const done = (): void => {
      response.removeListener('drain', done)
      signal.removeEventListener('abort', done)
      resolve()
    }
    response.once('drain', done)
    signal.addEventListener('abort', done, { once: true })
    if (signal.aborted) done()
  })
}
