// Lines of text as records, and back: key separators, JSON lines. Bytes that are not UTF-8 travel as base64 in JSON.
import { CommandError } from '../lib/command.ts'

/** A record to produce, as kafkajs takes it. */
export interface OutgoingRecord {
  key: Buffer | null
  value: Buffer | null
  headers?: Record<string, Buffer | Buffer[]>
  partition?: number
  timestamp?: string
}

/** A record that was consumed. */
export interface IncomingRecord {
  topic: string
  partition: number
  offset: string
  /** Milliseconds since the epoch. */
  timestamp: string
  key: Buffer | null
  value: Buffer | null
  headers: Record<string, Buffer | string | (Buffer | string)[] | undefined>
}

/** Cuts a stream of chunks into lines without their ends; the last one needs none. */
export class LineCutter {
  #rest: Buffer[] = []

  /** The lines that this chunk completes. */
  cut(chunk: Buffer): Buffer[] {
    const lines: Buffer[] = []
    let from = 0
    for (let at = chunk.indexOf(0x0a); at !== -1; at = chunk.indexOf(0x0a, from)) {
      lines.push(withoutReturn(Buffer.concat([...this.#rest, chunk.subarray(from, at)])))
      this.#rest = []
      from = at + 1
    }
    if (from < chunk.length) this.#rest.push(chunk.subarray(from))
    return lines
  }

  /** The last line, where no end of line follows it. */
  end(): Buffer[] {
    return this.#rest.length > 0 ? [withoutReturn(Buffer.concat(this.#rest))] : []
  }
}

const withoutReturn = (line: Buffer): Buffer => (line.at(-1) === 0x0d ? line.subarray(0, -1) : line)

/** `key<separator>value`; a line without the separator is a value without a key. */
export function recordOfLine(line: Buffer, separator: string | null): OutgoingRecord {
  const cut = separator === null ? -1 : line.indexOf(separator)
  if (cut < 0 || separator === null) return { key: null, value: line }
  return { key: line.subarray(0, cut), value: line.subarray(cut + Buffer.byteLength(separator)) }
}

/** `{"key":…,"value":…,"headers":{…},"partition":…,"timestamp":…}`; keyBase64 and valueBase64 for bytes; a value that is no string is kept as JSON. */
export function recordOfJson(line: Buffer, lineNumber: number): OutgoingRecord {
  let parsed: unknown
  try {
    parsed = JSON.parse(line.toString())
  } catch (error) {
    throw new CommandError(`line ${lineNumber} is not JSON: ${(error as Error).message}`)
  }
  if (typeof parsed !== 'object' || parsed === null || Array.isArray(parsed)) throw new CommandError(`line ${lineNumber} is not a JSON object`)
  const { key, keyBase64, value, valueBase64, headers, partition, timestamp } = parsed as Record<string, unknown>
  if (value === undefined && valueBase64 === undefined) throw new CommandError(`line ${lineNumber} has no "value" (null makes a tombstone)`)
  if (partition !== undefined && !Number.isSafeInteger(partition)) throw new CommandError(`line ${lineNumber}: "partition" is not a whole number`)
  const timeMs = timestamp === undefined ? undefined : typeof timestamp === 'number' ? timestamp : Date.parse(String(timestamp))
  if (timeMs !== undefined && !Number.isSafeInteger(timeMs))
    throw new CommandError(`line ${lineNumber}: "timestamp" is neither milliseconds nor a date`)
  return {
    key: bytesOf(key, keyBase64),
    value: bytesOf(value, valueBase64),
    ...(headers !== undefined && { headers: headersOf(headers, lineNumber) }),
    ...(partition !== undefined && { partition: partition as number }),
    ...(timeMs !== undefined && { timestamp: String(timeMs) }),
  }
}

function bytesOf(plain: unknown, base64: unknown): Buffer | null {
  if (typeof base64 === 'string') return Buffer.from(base64, 'base64')
  if (plain === null || plain === undefined) return null
  return Buffer.from(typeof plain === 'string' ? plain : JSON.stringify(plain))
}

function headersOf(headers: unknown, lineNumber: number): Record<string, Buffer | Buffer[]> {
  if (typeof headers !== 'object' || headers === null || Array.isArray(headers))
    throw new CommandError(`line ${lineNumber}: "headers" is not an object`)
  const bytes = (value: unknown) => bytesOf(value, undefined) ?? Buffer.alloc(0)
  return Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, Array.isArray(value) ? value.map(bytes) : bytes(value)]))
}

/** The JSON object of a consumed record, such as recordOfJson reads. */
export function jsonOfRecord({ topic, partition, offset, timestamp, key, value, headers }: IncomingRecord): Record<string, unknown> {
  const names = Object.keys(headers)
  return {
    topic,
    partition,
    offset: Number(offset),
    timestamp: Number(timestamp),
    ...jsonBytes('key', key),
    ...jsonBytes('value', value),
    ...(names.length > 0 && { headers: Object.fromEntries(names.map((name) => [name, headerText(headers[name])])) }),
  }
}

function jsonBytes(name: 'key' | 'value', bytes: Buffer | null): Record<string, string | null> {
  if (bytes === null) return { [name]: null }
  const text = bytes.toString()
  return Buffer.from(text).equals(bytes) ? { [name]: text } : { [`${name}Base64`]: bytes.toString('base64') }
}

/** Header values as text; kafkajs gives a list where a name stands twice. */
export function headerText(value: IncomingRecord['headers'][string]): string | string[] {
  if (Array.isArray(value)) return value.map((one) => one.toString())
  return value === undefined ? '' : value.toString()
}
