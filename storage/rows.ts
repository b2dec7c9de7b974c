// Rows as bytes: msgpackr, without shared structures, so that every row can be read by itself. Buffers in a row come back as copies.
import { Packr } from 'msgpackr'
import { StoreUnusable } from './store.ts'

// copyBuffers is msgpackr's, though its types leave it out: LMDB hands out one global buffer, and a view into it would change under the reader.
const packr = new Packr({ useRecords: false, variableMapSize: true, copyBuffers: true } as ConstructorParameters<typeof Packr>[0])

/** The result is the caller's own. */
export const packRow = (row: unknown): Buffer => Buffer.from(packr.pack(row))

/** Throws StoreUnusable for what `packRow` did not write. */
export function unpackRow<Row>(bytes: Uint8Array): Row {
  try {
    return packr.unpack(bytes) as Row
  } catch (error) {
    throw new StoreUnusable(
      `a stored row cannot be read (${(error as Error).message.slice(0, 60)}): the data directory is damaged; put a copy in its place`,
      {
        cause: error,
      },
    )
  }
}
