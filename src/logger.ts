// The service's log: pino's JSON records on standard error. pino costs 40 ms to load, so records wait in a short queue until start() is called,
// which the service does once it is ready. Levels and format are pino's.
import type { Logger as Pino } from 'pino'
import type { SettingValue } from './config.ts'
import { logOutput, writeAll } from './log-output.ts'
import type { LogFields, Logger } from './logging.ts'

export type LogLevel = SettingValue<'log.level'>

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
    this.#pino ??= pino(
      {
        level: this.#level,
        base: null,
        formatters: { level: (label) => ({ level: label }) },
        timestamp: () => `,"time":"${timeText(this.#recordTimeMs)}"`,
        serializers: { error: pino.stdSerializers.err },
      },
      logOutput(this.#descriptor, (count) =>
        lineOf({ level: 'warn', time: timeText(this.#now()), count, msg: 'log records were lost: nobody read them' }),
      ),
    )
    const waiting = this.#waiting
    this.#waiting = []
    for (const record of waiting) this.#write(record)
  }

  /** Writes what still waits without pino: the process ends before start(). */
  flush(): void {
    for (const { level, timeMs, message, fields } of this.#waiting) {
      writeLine(this.#descriptor, { level, time: timeText(timeMs), ...plain(fields), msg: message })
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
    this.#pino?.[level](fields, message)
  }
}

/** One JSON line to a descriptor, at once. */
export const writeLine = (descriptor: number, record: Readonly<Record<string, unknown>>): void => writeAll(descriptor, Buffer.from(lineOf(record)))

const lineOf = (record: Readonly<Record<string, unknown>>): string => `${JSON.stringify(record)}\n`

const timeText = (ms: number): string => new Date(ms).toISOString()

/** An Error has no enumerable fields; give it what matters. */
function plain(fields: LogFields): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(fields).map(([name, value]) => [
      name,
      value instanceof Error ? { type: value.name, message: value.message, stack: value.stack } : value,
    ]),
  )
}
