// What the load generator makes of bytes that come in any pieces: HTTP answers and event-stream messages.
import { expect, it } from 'vitest'
import { AnswerTaker } from '../../benchmarks/aws-wire.ts'
import { EventFrames } from '../../benchmarks/event-frames.ts'
import { eventFrame } from '../../src/kinesis/event-stream.ts'

function taken(answer: string, pieceBytes: number): { status: number; body: string } | null {
  let got: { status: number; body: string } | null = null
  const taker = new AnswerTaker(
    (status, body) => {
      got = { status, body: body.toString() }
    },
    () => {},
  )
  const bytes = Buffer.from(answer)
  for (let at = 0; at < bytes.length; at += pieceBytes) taker.take(bytes.subarray(at, at + pieceBytes))
  return got
}

const plain = 'HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello'
const chunked = 'HTTP/1.1 400 Bad Request\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nhell\r\n1\r\no\r\n0\r\n\r\n'

it.each([1, 2, 3, 7, 1000])('takes an answer in pieces of %d bytes, of known length and in chunks', (pieceBytes) => {
  expect(taken(plain, pieceBytes)).toEqual({ status: 200, body: 'hello' })
  expect(taken(chunked, pieceBytes)).toEqual({ status: 400, body: 'hello' })
})

it('takes an answer without a body, and waits for one that is not whole', () => {
  expect(taken('HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n', 1000)).toEqual({ status: 200, body: '' })
  expect(taken(plain.slice(0, -1), 1000)).toBeNull()
})

it('cuts event-stream messages as the product writes them, in any pieces', () => {
  const bytes = Buffer.concat(
    ['one', 'two'].map((text) => eventFrame({ ':message-type': 'event', ':event-type': text }, Buffer.from(`{"${text}":1}`))),
  )
  for (const pieceBytes of [1, 5, 1000]) {
    const events: string[] = []
    const frames = new EventFrames((type, payload) => events.push(`${type} ${payload}`))
    for (let at = 0; at < bytes.length; at += pieceBytes) frames.take(bytes.subarray(at, at + pieceBytes))
    expect(events).toEqual(['one {"one":1}', 'two {"two":1}'])
  }
})
