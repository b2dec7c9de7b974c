import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { FrameReader } from '../../src/kafka/frame-reader.ts'

/** A sink that takes everything, or refuses as told. */
function collect(frameBytesMax = 1 << 20, admit: (bytes: number) => boolean = () => true) {
  const frames: Buffer[] = []
  const faults: string[] = []
  const asked: number[] = []
  const reader = new FrameReader(
    {
      admit: (bytes) => {
        asked.push(bytes)
        return admit(bytes)
      },
      memory: (bytes) => Buffer.allocUnsafeSlow(bytes),
      frame: (frame) => frames.push(frame),
      fault: (message) => faults.push(message),
    },
    frameBytesMax,
  )
  return { reader, frames, faults, asked }
}

function framed(payload: Uint8Array): Buffer {
  const prefix = Buffer.alloc(4)
  prefix.writeInt32BE(payload.length)
  return Buffer.concat([prefix, payload])
}

/** Hands bytes over as a socket would: into the target where there is one, else as a chunk that is overwritten afterwards. */
function feed(reader: FrameReader, bytes: Buffer, readBytes: number): void {
  const scratch = Buffer.alloc(readBytes)
  for (let at = 0; at < bytes.length && !reader.stopped; ) {
    const target = reader.target()
    const into = target && target.length <= readBytes * 4 ? target : scratch
    const count = bytes.copy(into, 0, at, Math.min(bytes.length, at + into.length))
    at += count
    if (into === scratch) {
      reader.chunk(scratch.subarray(0, count), true)
      scratch.fill(0xee)
    } else reader.filled(count)
  }
}

describe('a frame reader', () => {
  const payloads = fc.array(fc.oneof(fc.uint8Array({ minLength: 8, maxLength: 60 }), fc.uint8Array({ minLength: 20_000, maxLength: 70_000 })), {
    maxLength: 8,
  })

  test('gives the same frames however the bytes are cut and wherever they are read to', () => {
    fc.assert(
      fc.property(payloads, fc.integer({ min: 1, max: 30_000 }), fc.boolean(), (parts, readBytes, direct) => {
        const bytes = Buffer.concat(parts.map(framed))
        const { reader, frames, faults } = collect()
        if (direct) feed(reader, bytes, readBytes)
        else for (let at = 0; at < bytes.length; at += readBytes) reader.chunk(Buffer.from(bytes.subarray(at, at + readBytes)), false)
        expect(faults).toEqual([])
        expect(frames.map((frame) => frame.toString('hex'))).toEqual(parts.map((part) => Buffer.from(part).toString('hex')))
        expect(reader.midFrame).toBe(false)
      }),
      { numRuns: 150 },
    )
  })

  test('asks room for a large frame once its beginning is there, for a small one at once', () => {
    const { reader, frames, asked } = collect()
    const large = framed(Buffer.alloc(10_000, 7))
    reader.chunk(large.subarray(0, 4099), true)
    expect(asked).toEqual([])
    reader.chunk(large.subarray(4099, 4100), true)
    expect(asked).toEqual([10_000])
    reader.chunk(Buffer.concat([large.subarray(4100), framed(Buffer.alloc(100, 8)).subarray(0, 10)]), true)
    expect(asked).toEqual([10_000, 100])
    expect(frames).toEqual([Buffer.alloc(10_000, 7)])
  })

  test('a frame that is not admitted stops reading, and loses nothing when it has room', () => {
    fc.assert(
      fc.property(payloads, fc.integer({ min: 1, max: 100_000 }), fc.boolean(), (parts, readBytes, borrowed) => {
        const bytes = Buffer.concat(parts.map(framed))
        // Every frame is refused once before it is admitted.
        let refuse = true
        const { reader, frames } = collect(1 << 20, () => {
          refuse = !refuse
          return refuse
        })
        for (let at = 0; at < bytes.length; at += readBytes) {
          const chunk = Buffer.from(bytes.subarray(at, at + readBytes))
          reader.chunk(chunk, borrowed)
          if (borrowed) chunk.fill(0xee)
          while (reader.stopped) {
            refuse = true
            reader.resume()
          }
        }
        expect(frames.map((frame) => frame.toString('hex'))).toEqual(parts.map((part) => Buffer.from(part).toString('hex')))
      }),
      { numRuns: 150 },
    )
  })

  test.each([
    ['negative', -1],
    ['zero', 0],
    ['shorter than a header', 7],
    ['over the limit', 1001],
    ['the letters of some text', 0x74657874],
  ])('a length that is %s is a fault, found before memory is taken', (_, length) => {
    const { reader, frames, faults, asked } = collect(1000)
    const good = framed(Buffer.from('12345678'))
    const bad = Buffer.alloc(2000)
    bad.writeInt32BE(length)
    reader.chunk(Buffer.concat([good, bad]), false)
    reader.chunk(good, false)
    expect(frames).toHaveLength(1)
    expect(asked).toEqual([8])
    expect(faults).toHaveLength(1)
    expect(faults[0]).toContain(String(length))
    expect(reader.stopped).toBe(true)
  })

  test.each([
    ['HTTP', Buffer.from('GET / HTTP/1.1\r\n')],
    ['HTTP', Buffer.from('PRI * HTTP/2.0\r\n')],
    ['TLS', Buffer.from('1603010200010001fc0303', 'hex')],
  ])('a client that speaks %s is told of as one', (protocol, bytes) => {
    const { reader, faults, asked } = collect()
    feed(reader, bytes, bytes.length)
    expect(faults).toEqual([expect.stringContaining(`speaks ${protocol},`)])
    expect(asked).toEqual([])
  })

  test('a frame gets memory of exactly its size', () => {
    const { reader, frames } = collect()
    feed(reader, framed(Buffer.alloc(100_000, 1)), 65_536)
    expect(frames[0]?.buffer.byteLength).toBe(100_000)
  })
})
