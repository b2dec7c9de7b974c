// Rows as bytes: msgpackr, without shared structures, so that every row can be read by itself. Buffers in a row come back as copies.
import { Packr } from 'msgpackr'

// copyBuffers is msgpackr's, though its types leave it out: LMDB hands out one global buffer, and a view into it would change under the reader.
const packr = new Packr({ useRecords: false, variableMapSize: true, copyBuffers: true } as ConstructorParameters<typeof Packr>[0])

/** The result is the caller's own. */
export const packRow = (row: unknown): Buffer => Buffer.from(packr.pack(row))

export const unpackRow = <Row>(bytes: Uint8Array): Row => packr.unpack(bytes) as Row
