// The service's log: pino's JSON records on standard error. pino costs 40 ms to load, so records wait in a short queue until start() is called,
// which the service does once it is ready. Levels and format are pino's.
import { writeSync } from 'node:fs'
import type { Logger as Pino } from 'pino'
import type { SettingValue } from './config.ts'
import type { LogFields, Logger } from './logging.ts'

export type LogLevel = SettingValue<'log.level'>

/** What is written, also for the ready line on standard output, which no log level hides. */
export type LogRecord = { level: LogLevel; time: string; msg: string } & LogFields

const weights: Record<LogLevel, number> = { trace: 10, debug: 20, info: 30, warn: 40, error: 50, fatal: 60, silent: 100 }
type SpokenLevel = 'debug' | 'info' | 'warn' | 'error'

/** Records that wait for pino at most: a start says a few lines; more than this is a fault that repeats. */
const waitingMax = 1000

interface Waiting {
  level: SpokenLevel
  timeMs: number
  message: string
  fields: LogFields
}

export interface ServiceLoggerOptions {
  level: LogLevel
  /** Milliseconds since the epoch. */
  now(): number
  /** Standard error, by its number; tests give another. */
  descriptor?: number
}

/** A Logger that the service owns: it starts, changes its level, and ends. */
export class ServiceLogger implements Logger {
  #level: LogLevel
  readonly #now: () => number
  readonly #descriptor: number
  #waiting: Waiting[] = []
  #pino: Pino | null = null
  #recordTimeMs = 0

  constructor(options: ServiceLoggerOptions) {
    this.#level = options.level
    this.#now = options.now
    this.#descriptor = options.descriptor ?? 2
  }

  debug(message: string, fields: LogFields = {}): void {
    this.#take('debug', message, fields)
  }

  info(message: string, fields: LogFields = {}): void {
    this.#take('info', message, fields)
  }

  warn(message: string, fields: LogFields = {}): void {
    this.#take('warn', message, fields)
  }

  error(message: string, fields: LogFields = {}): void {
    this.#take('error', message, fields)
  }

  set level(level: LogLevel) {
    this.#level = level
    if (this.#pino) this.#pino.level = level
  }

  /** Loads pino and writes what waits. */
  async start(): Promise<void> {
    if (this.#pino) return
    const { pino } = await import('pino')
    // Synchronous: a record is out before the next thing happens, also when that is a crash. There are few of them.
    this.#pino ??= pino(
      {
        level: this.#level,
        base: null,
        formatters: { level: (label) => ({ level: label }) },
        timestamp: () => `,"time":"${new Date(this.#recordTimeMs).toISOString()}"`,
        serializers: { error: pino.stdSerializers.err },
      },
      pino.destination({ fd: this.#descriptor, sync: true }),
    )
    const waiting = this.#waiting
    this.#waiting = []
    for (const record of waiting) this.#write(record)
  }

  /** Writes what still waits without pino: the process ends before start(). */
  flush(): void {
    for (const { level, timeMs, message, fields } of this.#waiting) {
      writeLine(this.#descriptor, { level, time: new Date(timeMs).toISOString(), ...plain(fields), msg: message })
    }
    this.#waiting = []
  }

  #take(level: SpokenLevel, message: string, fields: LogFields): void {
    if (weights[level] < weights[this.#level]) return
    const record = { level, timeMs: this.#now(), message, fields }
    if (this.#pino) this.#write(record)
    else if (this.#waiting.length < waitingMax) this.#waiting.push(record)
  }

  #write({ level, timeMs, message, fields }: Waiting): void {
    this.#recordTimeMs = timeMs
    try {
      this.#pino?.[level](fields, message)
    } catch {
      // Nobody reads standard error any more. The broker goes on.
    }
  }
}

/** One JSON line to a descriptor, at once. A reader that has gone away is no reason to fail. */
export function writeLine(descriptor: number, record: Readonly<Record<string, unknown>>): void {
  const line = Buffer.from(`${JSON.stringify(record)}\n`)
  for (let written = 0; written < line.length; ) {
    try {
      written += writeSync(descriptor, line, written)
    } catch (error) {
      // A full pipe: its reader will empty it.
      if ((error as NodeJS.ErrnoException).code !== 'EAGAIN') return
    }
  }
}

/** An Error has no enumerable fields; give it what matters. */
function plain(fields: LogFields): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(fields).map(([name, value]) => [
      name,
      value instanceof Error ? { type: value.name, message: value.message, stack: value.stack } : value,
    ]),
  )
}
