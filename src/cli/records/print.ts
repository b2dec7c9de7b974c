// Writes consumed records to a stream in one of a few formats, no faster than it takes them.
import { once } from 'node:events'
import { headerText, type IncomingRecord, jsonOfRecord } from './lines.ts'

export interface PrintOptions {
  format: 'text' | 'json' | 'raw'
  /** text: print the key, then this; null for no key. */
  keySeparator: string | null
  headers: boolean
  /** text: partition, offset and time first. */
  meta: boolean
}

/** Small writes are joined up to this. */
const joinBytesMax = 64 * 1024

export class Printer {
  readonly #stream: NodeJS.WriteStream
  readonly #options: PrintOptions
  #pieces: Buffer[] = []
  #bytes = 0
  #flush: NodeJS.Immediate | undefined
  #broken = false

  constructor(stream: NodeJS.WriteStream, options: PrintOptions) {
    this.#stream = stream
    this.#options = options
    // `twinlog consume orders | head` closes the pipe early: that is an end, not an error.
    stream.on('error', (error: NodeJS.ErrnoException) => {
      this.#broken = true
      if (error.code === 'EPIPE') process.exit(0)
    })
  }

  async print(record: IncomingRecord): Promise<void> {
    const piece = recordBytes(record, this.#options)
    this.#pieces.push(piece)
    this.#bytes += piece.length
    if (this.#bytes >= joinBytesMax) await this.#write()
    else this.#flush ??= setImmediate(() => void this.#write())
  }

  async end(): Promise<void> {
    await this.#write()
  }

  async #write(): Promise<void> {
    clearImmediate(this.#flush)
    this.#flush = undefined
    const pieces = this.#pieces
    this.#pieces = []
    this.#bytes = 0
    if (pieces.length > 0 && !this.#broken && !this.#stream.write(Buffer.concat(pieces))) await once(this.#stream, 'drain')
  }
}

const newline = Buffer.from('\n')
const nullText = Buffer.from('null')

/** The bytes that stand for a record. */
export function recordBytes(record: IncomingRecord, { format, keySeparator, headers, meta }: PrintOptions): Buffer {
  if (format === 'json') return Buffer.from(`${JSON.stringify(jsonOfRecord(record))}\n`)
  if (format === 'raw') return record.value ?? Buffer.alloc(0)
  const parts: Buffer[] = []
  if (meta) parts.push(Buffer.from(`${record.partition}:${record.offset} ${new Date(Number(record.timestamp)).toISOString()}\t`))
  if (headers) parts.push(Buffer.from(`${headersText(record.headers)}\t`))
  if (keySeparator !== null) parts.push(record.key ?? nullText, Buffer.from(keySeparator))
  parts.push(record.value ?? nullText, newline)
  return Buffer.concat(parts)
}

function headersText(headers: IncomingRecord['headers']): string {
  return Object.keys(headers)
    .flatMap((name) => [headerText(headers[name])].flat().map((value) => `${name}=${value}`))
    .join(',')
}
