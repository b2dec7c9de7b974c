// AWS's event stream framing (application/vnd.amazon.eventstream): length, header length, their checksum; string headers; payload;
// checksum of all. Writes only: nothing is received in this form.
import { crc32 } from '@node-rs/crc32'

export const eventStreamType = 'application/vnd.amazon.eventstream'

const preludeBytes = 12
const checksumBytes = 4
/** The type byte of a header whose value is a string. */
const stringType = 7

/** One frame. Header names and values are ours: short, and ASCII. */
export function eventFrame(headers: Readonly<Record<string, string>>, payload: Buffer): Buffer {
  let headerBytes = 0
  for (const name in headers) headerBytes += 1 + name.length + 1 + 2 + headers[name]!.length
  const total = preludeBytes + headerBytes + payload.length + checksumBytes
  const frame = Buffer.allocUnsafe(total)
  frame.writeUInt32BE(total, 0)
  frame.writeUInt32BE(headerBytes, 4)
  frame.writeUInt32BE(crc32(frame.subarray(0, 8)), 8)
  let at = preludeBytes
  for (const name in headers) {
    const value = headers[name]!
    frame[at] = name.length
    at += 1 + frame.write(name, at + 1, 'latin1')
    frame[at] = stringType
    at = frame.writeUInt16BE(value.length, at + 1)
    at += frame.write(value, at, 'latin1')
  }
  payload.copy(frame, at)
  frame.writeUInt32BE(crc32(frame.subarray(0, total - checksumBytes)), total - checksumBytes)
  return frame
}
