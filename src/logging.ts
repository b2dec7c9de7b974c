// What a logger is to everybody below the service: a few levels and an object of fields. logger.ts makes one from pino; a library's user may hand in any.

/** Fields of a log record. An `error` is shown with its stack. */
export type LogFields = Readonly<Record<string, unknown>>

/** Takes log records; never throws. */
export interface Logger {
  debug(message: string, fields?: LogFields): void
  info(message: string, fields?: LogFields): void
  warn(message: string, fields?: LogFields): void
  error(message: string, fields?: LogFields): void
}

const nothing = (): void => {}

/** Says nothing: the library's default. */
export const silentLogger: Logger = { debug: nothing, info: nothing, warn: nothing, error: nothing }
