// `twinlog start`: runs a broker until a signal stops it. What loads late loads late: the ports open first, then come the log and the rest.
import { isatty } from 'node:tty'
import { startBroker } from '../broker.ts'
import { systemClock } from '../clock.ts'
import type { Settings } from '../config.ts'
import { ServiceLogger, writeLine } from '../logger.ts'
import { systemRandom } from '../random.ts'
import { version } from '../version.ts'
import { bannerText } from './lib/banner.ts'
import { CommandError, defineCommand, exitCodes } from './lib/command.ts'
import { reachWarnings } from './lib/reach.ts'
import { readSettings, settingsOptions } from './lib/settings.ts'

/** pino is loaded this long after the broker is ready, so that it does not stand in the way of the first requests. */
const loggerStartDelayMs = 200
/** Beyond shutdown.timeout.ms, for closing the store; then the process ends anyway. */
const stopReserveMs = 800
/** What npm runs for `npm start` and for `npx twinlog`; not a script that leaves the broker behind on purpose (`twinlog & …`). */
const onlyUs = /^(['"]?twinlog['"]?|node dist\/bundle\/main\.cjs)( [^&]*)?$/
/** Where npm started the broker: whether it is still there is looked at this often. */
const orphanWatchMs = 500

export const command = defineCommand({
  usage: 'twinlog [start] [options]',
  summary: 'Runs a Kafka broker and a Kinesis endpoint on one log.',
  details:
    'Options win over TWINLOG_ environment variables (TWINLOG_DATA, TWINLOG_NUM_PARTITIONS …), those over the settings file, that over defaults.\n' +
    'When all ports answer, one line of JSON with "msg":"ready" is printed. SIGTERM and SIGINT stop in order, a second signal at once.',
  options: settingsOptions,
  examples: [
    'twinlog --memory',
    'twinlog --data /var/lib/twinlog --kafka 0.0.0.0:9092 --advertise broker.example:9092',
    'twinlog --set num.partitions=4 --set log.retention.hours=24',
  ],
  async run(values) {
    const settings = readSettings(values, process.env)
    const logger = new ServiceLogger({ level: settings.get('log.level'), now: systemClock.now })
    settings.onChange((name) => {
      if (name === 'log.level') logger.level = settings.get('log.level')
    })
    // Whatever ends the process, what was said before is written.
    process.once('exit', () => logger.flush())
    return serve(settings, logger)
  },
})

async function serve(settings: Settings, logger: ServiceLogger): Promise<number> {
  const stop = stopSignal(settings, logger)
  const inert = settings.inertGiven()
  if (inert.length > 0) logger.warn('these settings have no effect here', { settings: inert })
  let storeFailed = false
  const broker = await startBroker({
    settings,
    clock: systemClock,
    random: systemRandom,
    logger,
    onStoreFailure: () => {
      // Nothing more may be acknowledged. Ending is what makes somebody look, and starting again reads what is on the disk.
      storeFailed = true
      stop.now('store failure')
    },
  }).catch((error: unknown) => {
    throw startError(error, settings)
  })
  const addresses = { kafka: broker.kafka.address, aws: broker.aws.url, admin: broker.admin.url }
  const startMs = Math.round(performance.now())
  writeLine(1, { level: 'info', time: new Date().toISOString(), msg: 'ready', ...addresses, pid: process.pid, startMs, version })
  // process.stdout is a stream, which takes a few milliseconds to make.
  if (isatty(1)) {
    const keysKnown = settings.get('aws.credentials') !== null
    process.stdout.write(bannerText({ ...addresses, data: settings.get('data'), region: settings.get('aws.region'), keysKnown, version, startMs }))
  }
  for (const { message, fields } of reachWarnings(settings, broker.brokers.join())) logger.warn(message, fields)
  const loading = setTimeout(() => void startLogger(logger), loggerStartDelayMs)
  await stop.asked
  clearTimeout(loading)
  await startLogger(logger)
  logger.info('stopping', { reason: stop.reason() })
  await broker.close()
  logger.info('stopped')
  return storeFailed ? exitCodes.failed : exitCodes.done
}

/** The broker goes on without its log: a log is no reason to stop serving. */
async function startLogger(logger: ServiceLogger): Promise<void> {
  await logger.start().catch(() => logger.flush())
}

/** The first signal asks for a stop, which has its time; the second ends the process as the signal itself would. */
function stopSignal(settings: Settings, logger: ServiceLogger) {
  let reason = ''
  let ask!: () => void
  const asked = new Promise<void>((resolve) => {
    ask = resolve
  })
  const now = (why: string) => {
    if (reason) return
    reason = why
    const limitMs = settings.get('shutdown.timeout.ms') + stopReserveMs
    // Unless something hangs, the process has ended by then.
    setTimeout(() => {
      logger.error('stopping took too long', { limitMs })
      process.exit(exitCodes.failed)
    }, limitMs).unref()
    ask()
  }
  const take = (signal: NodeJS.Signals) => {
    if (reason) process.exit(signal === 'SIGINT' ? 130 : 143)
    now(signal)
  }
  process.on('SIGTERM', take).on('SIGINT', take)
  if (onlyUs.test(process.env['npm_lifecycle_script'] ?? '')) whenOrphaned(() => now('npm has ended'))
  return { asked, now, reason: () => reason }
}

/**
 * npm runs a script in a shell of its own, and a signal to npm ends that shell, which does not pass it on: the broker would hold its ports for ever, under nobody.
 */
function whenOrphaned(then: () => void): void {
  const parent = process.ppid
  const watch = setInterval(() => {
    if (process.ppid === parent) return
    clearInterval(watch)
    then()
  }, orphanWatchMs)
  watch.unref()
}

/** What a person can do about a start that failed. */
function startError(error: unknown, settings: Settings): unknown {
  if (!(error instanceof Error)) return error
  const { code, port, address, hostname } = error as NodeJS.ErrnoException & { port?: number; address?: string; hostname?: string }
  if (code === 'EADDRINUSE') {
    const door = (['kafka', 'aws', 'admin'] as const).find((name) => settings.get(name).endsWith(`:${port}`)) ?? 'kafka'
    return new CommandError(`${address}:${port} is taken by another process; --${door} HOST:PORT chooses another, port 0 any free one`)
  }
  if (code === 'EACCES' && port !== undefined)
    return new CommandError(`${address}:${port} may not be listened on by this user; choose a port above 1023`)
  if (code === 'EADDRNOTAVAIL' || code === 'ENOTFOUND' || code === 'EAI_AGAIN')
    return new CommandError(`this machine has no address ${address ?? hostname} to listen on (${error.message})`)
  if (error.name === 'StoreUnusable' || error.name === 'StorageFull') return new CommandError(error.message)
  if (code === 'EACCES' || code === 'EROFS' || code === 'ENOTDIR' || code === 'EEXIST') {
    return new CommandError(`the data directory ${settings.get('data')} cannot be used: ${error.message}; --data DIR names another`)
  }
  return error
}
