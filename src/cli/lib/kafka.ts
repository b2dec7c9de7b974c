// The Kafka client of the commands: kafkajs, loaded when a command needs it, with every codec and with errors that a person can act on.
import type { Admin, Kafka } from 'kafkajs'
import { CommandError, UsageError } from './command.ts'

/** The option that every command on a broker has. */
export const bootstrapOption = {
  bootstrap: { type: 'string', short: 'b', value: 'HOST:PORT', help: 'The broker, or several with commas (TWINLOG_BOOTSTRAP, else 127.0.0.1:9092).' },
} as const

/** The brokers that were asked for. */
export function bootstrapServers(option: string | undefined): string[] {
  const text = option ?? process.env['TWINLOG_BOOTSTRAP'] ?? '127.0.0.1:9092'
  const servers = text
    .split(',')
    .map((server) => server.trim())
    .filter((server) => server !== '')
  for (const server of servers) if (!/^.+:\d+$/.test(server)) throw new UsageError(`--bootstrap ${server} is not HOST:PORT`)
  if (servers.length === 0) throw new UsageError('--bootstrap names no broker')
  return servers
}

/** kafkajs, with the codecs that it leaves to others. */
export async function loadKafka() {
  const [{ default: kafkajs }, { useOurCodecs }] = await Promise.all([import('kafkajs'), import('./codecs.ts')])
  useOurCodecs(kafkajs)
  return kafkajs
}

/** A client that says nothing on its own and gives up within seconds. */
export async function connect(bootstrap: string | undefined): Promise<Kafka> {
  const brokers = bootstrapServers(bootstrap)
  const { Kafka, logLevel } = await loadKafka()
  return new Kafka({
    clientId: 'twinlog-cli',
    brokers,
    logLevel: logLevel.NOTHING,
    connectionTimeout: 3000,
    retry: { retries: 3, initialRetryTime: 150 },
  })
}

/** Runs `work` with an admin client, and always disconnects. */
export async function withAdmin<Result>(bootstrap: string | undefined, work: (admin: Admin, kafka: Kafka) => Promise<Result>): Promise<Result> {
  const kafka = await connect(bootstrap)
  const admin = kafka.admin()
  try {
    await admin.connect()
    return await work(admin, kafka)
  } catch (error) {
    throw asCommandError(error, bootstrap)
  } finally {
    await admin.disconnect().catch(() => {})
  }
}

interface KafkaJsError {
  name: string
  message: string
  type?: string
  errors?: readonly unknown[]
  cause?: unknown
  topic?: string
  groups?: readonly { groupId: string; errorCode: number; error?: { message?: string } }[]
}

/** kafkajs's errors as sentences: what failed, and what to do about it. */
export function asCommandError(error: unknown, bootstrap: string | undefined): Error {
  if (error instanceof CommandError || error instanceof UsageError || !(error instanceof Error)) return error as Error
  const known = error as KafkaJsError
  const name = known.name
  if (
    name === 'KafkaJSConnectionError' ||
    name === 'KafkaJSConnectionClosedError' ||
    name === 'KafkaJSBrokerNotFound' ||
    /ECONNREFUSED|ENOTFOUND|EHOSTUNREACH/.test(known.message)
  ) {
    const servers = bootstrap ?? process.env['TWINLOG_BOOTSTRAP'] ?? '127.0.0.1:9092'
    return new CommandError(`no broker answers at ${servers} (${known.message}); is it running? --bootstrap HOST:PORT names another`)
  }
  if (known.groups?.length)
    return new CommandError(known.groups.map(({ groupId, error: of, errorCode }) => `${groupId}: ${of?.message ?? `error ${errorCode}`}`).join('\n'))
  if (known.errors?.length) return new CommandError(known.errors.map((one) => topicErrorText(one as KafkaJsError)).join('\n'))
  if (name === 'KafkaJSNumberOfRetriesExceeded' && known.cause instanceof Error) return asCommandError(known.cause, bootstrap)
  if (name.startsWith('KafkaJS')) return new CommandError(known.type ? `${known.message} (${known.type})` : known.message)
  return error
}

function topicErrorText({ topic, message, type }: KafkaJsError): string {
  return `${topic ? `${topic}: ` : ''}${message}${type ? ` (${type})` : ''}`
}
