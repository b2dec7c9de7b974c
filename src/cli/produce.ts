// `twinlog produce`: lines of standard input or of a file become records.
import { createReadStream } from 'node:fs'
import { stat } from 'node:fs/promises'
import type { Producer } from 'kafkajs'
import { CommandError, defineCommand, exitCodes, pairs, UsageError, wholeNumber, wordOf } from './lib/command.ts'
import { asCommandError, bootstrapOption, connect, loadKafka } from './lib/kafka.ts'
import { bytesText, jsonOption, print, printJson } from './lib/output.ts'
import { Progress } from './lib/progress.ts'
import { LineCutter, type OutgoingRecord, recordOfJson, recordOfLine } from './records/lines.ts'
import { refusingUnknown } from './records/partitioner.ts'

/** One request's worth: below the broker's default limit for one batch, message.max.bytes, whatever partition the keys go to. */
const requestBytesMax = 512 * 1024
const requestRecordsMax = 10_000
/** A line that was typed is sent though no second one follows. */
const lingerMs = 20
const compressions = ['none', 'gzip', 'snappy', 'lz4', 'zstd'] as const

export const command = defineCommand({
  usage: 'twinlog produce TOPIC [FILE]',
  summary: 'Produces each line of a file, or of standard input, as a record.',
  positionals: { min: 1, max: 2 },
  options: {
    ...bootstrapOption,
    input: {
      type: 'string',
      short: 'i',
      value: 'lines|json|raw',
      help: 'lines (default); json: an object with key, value, headers, partition, timestamp a line; raw: the whole input is one record.',
    },
    'key-separator': { type: 'string', short: 'K', value: 'TEXT', help: 'What stands between key and value of a line.' },
    key: { type: 'string', short: 'k', value: 'KEY', help: 'The key of every record that brings none.' },
    header: { type: 'string', short: 'H', multiple: true, value: 'NAME=VALUE', help: 'A header of every record; repeatable.' },
    partition: { type: 'string', short: 'p', value: 'N', help: 'The partition (default: by key, else in turn).' },
    compression: { type: 'string', short: 'z', value: 'CODEC', help: 'none (default), gzip, snappy, lz4 or zstd.' },
    acks: { type: 'string', value: 'all|1|0', help: 'Which answer to wait for (default: all).' },
    ...jsonOption,
  },
  examples: [
    "echo 'hello' | twinlog produce greetings",
    'twinlog produce orders orders.csv --key-separator ,',
    'twinlog produce orders orders.jsonl --input json -z lz4',
  ],
  async run(values, [topic = '', file]) {
    const input = wordOf(['lines', 'json', 'raw'], values.input, '--input') ?? 'lines'
    const compression = wordOf(compressions, values.compression, '--compression') ?? 'none'
    const acks = { all: -1, '1': 1, '0': 0 }[wordOf(['all', '1', '0'], values.acks, '--acks') ?? 'all']
    const partition = wholeNumber(values.partition, '--partition')
    if (values['key-separator'] === '') throw new UsageError('--key-separator is empty')
    const common = { key: values.key ?? null, headers: pairs(values.header, '--header'), partition }
    const sizeBytes = file === undefined ? null : await sizeOf(file)
    const kafka = await connect(values.bootstrap)
    const { CompressionTypes, Partitioners } = await loadKafka()
    const codec = {
      none: CompressionTypes.None,
      gzip: CompressionTypes.GZIP,
      snappy: CompressionTypes.Snappy,
      lz4: CompressionTypes.LZ4,
      zstd: CompressionTypes.ZSTD,
    }
    const producer = kafka.producer({ createPartitioner: refusingUnknown(Partitioners.DefaultPartitioner) })
    const progress = new Progress({ label: `producing to ${topic}`, total: sizeBytes, show: bytesText })
    const startMs = performance.now()
    try {
      await producer.connect()
      const sender = new Sender(producer, { topic, acks, compression: codec[compression] })
      const lines = readRecords(file === undefined ? process.stdin : createReadStream(file), input, values['key-separator'] ?? null)
      for await (const { record, readBytes } of lines) {
        if (record) await sender.take(dressed(record, common))
        progress.to(readBytes)
      }
      await sender.finish()
      progress.end()
      const seconds = (performance.now() - startMs) / 1000
      const summary = { topic, records: sender.records, bytes: sender.bytes, seconds: Number(seconds.toFixed(3)) }
      if (values.json) printJson(summary)
      else
        print(`${summary.records} record${summary.records === 1 ? '' : 's'} (${bytesText(summary.bytes)}) in ${seconds.toFixed(2)} s to ${topic}.\n`)
      return exitCodes.done
    } catch (error) {
      throw asCommandError(error, values.bootstrap)
    } finally {
      progress.end()
      await producer.disconnect().catch(() => {})
    }
  },
})

async function sizeOf(file: string): Promise<number> {
  try {
    return (await stat(file)).size
  } catch (error) {
    throw new CommandError(`cannot read ${file}: ${(error as Error).message}`)
  }
}

/** Records as they come, with how many bytes of the input have been read. A chunk that completes no record yields a null. */
async function* readRecords(stream: AsyncIterable<Buffer | string>, input: 'lines' | 'json' | 'raw', separator: string | null) {
  const cutter = new LineCutter()
  const whole: Buffer[] = []
  let readBytes = 0
  let lineNumber = 0
  const recordOf = (line: Buffer): OutgoingRecord | null => {
    lineNumber++
    if (input === 'lines') return recordOfLine(line, separator)
    return line.length === 0 ? null : recordOfJson(line, lineNumber)
  }
  for await (const piece of stream) {
    const chunk = typeof piece === 'string' ? Buffer.from(piece) : piece
    readBytes += chunk.length
    if (input === 'raw') whole.push(chunk)
    else for (const line of cutter.cut(chunk)) yield { record: recordOf(line), readBytes }
  }
  if (input === 'raw') yield { record: { key: null, value: Buffer.concat(whole) }, readBytes }
  else for (const line of cutter.end()) yield { record: recordOf(line), readBytes }
}

interface Common {
  key: string | null
  headers: readonly [string, string][]
  partition: number | undefined
}

function dressed(record: OutgoingRecord, { key, headers, partition }: Common): OutgoingRecord {
  const all = { ...Object.fromEntries(headers.map(([name, value]) => [name, Buffer.from(value)])), ...record.headers }
  return {
    ...record,
    key: record.key ?? (key === null ? null : Buffer.from(key)),
    ...(Object.keys(all).length > 0 && { headers: all }),
    ...(record.partition === undefined && partition !== undefined && { partition }),
  }
}

/** Gathers records into requests, one request under way at a time, so that order stays and memory is bounded. */
class Sender {
  records = 0
  bytes = 0
  readonly #producer: Producer
  readonly #request: { topic: string; acks: number; compression: number }
  #waiting: OutgoingRecord[] = []
  #waitingBytes = 0
  #sending: Promise<void> = Promise.resolve()
  #linger: NodeJS.Timeout | undefined
  #failure: unknown = null

  constructor(producer: Producer, request: { topic: string; acks: number; compression: number }) {
    this.#producer = producer
    this.#request = request
  }

  async take(record: OutgoingRecord): Promise<void> {
    if (this.#failure) throw this.#failure
    const bytes = (record.key?.length ?? 0) + (record.value?.length ?? 0)
    if (this.#waiting.length > 0 && this.#waitingBytes + bytes > requestBytesMax) await this.#send()
    this.#waiting.push(record)
    this.#waitingBytes += bytes
    if (this.#waitingBytes >= requestBytesMax || this.#waiting.length >= requestRecordsMax) await this.#send()
    else this.#linger ??= setTimeout(() => this.#send().catch(() => {}), lingerMs)
  }

  async finish(): Promise<void> {
    await this.#send()
    if (this.#failure) throw this.#failure
  }

  #send(): Promise<void> {
    clearTimeout(this.#linger)
    this.#linger = undefined
    const messages = this.#waiting
    const bytes = this.#waitingBytes
    this.#waiting = []
    this.#waitingBytes = 0
    if (messages.length > 0) {
      this.#sending = this.#sending.then(async () => {
        if (this.#failure) return
        try {
          await this.#producer.send({ ...this.#request, messages })
          this.records += messages.length
          this.bytes += bytes
        } catch (error) {
          this.#failure = error
        }
      })
    }
    return this.#sending
  }
}
