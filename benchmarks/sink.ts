// A broker that does nothing: it takes frames and answers each at once with the same bytes. What the load generator reaches against it is the load generator's own
// ceiling. Runs as a process of its own: `node sink.js produce|acks-0|fetch BYTES`; prints its port.
import { createServer } from 'node:net'
import { encodeResponse } from '../protocol/codec.ts'
import { fetch } from '../protocol/messages/fetch.ts'
import { produce } from '../protocol/messages/produce.ts'
import { fetchVersion } from './reading.ts'
import { batchOf, produceVersion } from './wire.ts'

const [mode = 'produce', bytes = '1000000'] = process.argv.slice(2)

/** Size, correlation id, body; the client does not look at the id. */
function framed(body: Buffer): Buffer {
  const head = Buffer.alloc(8)
  head.writeInt32BE(body.length + 4)
  return Buffer.concat([head, body])
}

function answer(): Buffer {
  if (mode === 'produce') return framed(encodeResponse(produce, produceVersion, { responses: [] } as never))
  if (mode === 'acks-0') return Buffer.alloc(0)
  const batch = batchOf(Math.floor(250_000 / 1012), 1000, 1)
  const records = Buffer.concat(Array.from({ length: Math.ceil(Number(bytes) / batch.length) }, () => batch))
  const partitions = [{ partitionIndex: 0, errorCode: 0, highWatermark: 0, lastStableOffset: 0, abortedTransactions: null, records }]
  return framed(encodeResponse(fetch, fetchVersion, { sessionId: 0, errorCode: 0, responses: [{ topic: 'bench', partitions }] } as never))
}

const bytesOfAnswer = answer()

const server = createServer((socket) => {
  socket.setNoDelay(true)
  /** Bytes of the frame that are still to come; below 0 the size itself is being read. */
  let left = 0
  let size = 0
  let sizeBytes = 0
  socket.on('data', (chunk: Buffer) => {
    let answers = 0
    for (let at = 0; at < chunk.length; ) {
      if (left > 0) {
        const taken = Math.min(left, chunk.length - at)
        at += taken
        left -= taken
        if (left === 0) answers++
        continue
      }
      size = size * 256 + chunk[at++]!
      if (++sizeBytes < 4) continue
      left = size
      size = sizeBytes = 0
    }
    if (bytesOfAnswer.length > 0) while (answers-- > 0) socket.write(bytesOfAnswer)
  })
  socket.on('error', () => socket.destroy())
})
server.listen(0, '127.0.0.1', () => console.log((server.address() as { port: number }).port))
