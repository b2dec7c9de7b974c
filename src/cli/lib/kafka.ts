// The Kafka client of the commands: kafkajs, loaded when a command needs it, with every codec and with errors that a person can act on.
import { connect as netConnect } from 'node:net'
import type { Admin, Kafka, KafkaConfig } from 'kafkajs'
import { overlookPastTimers } from '../../past-timers.ts'
import { CommandError, UsageError } from './command.ts'

/** The option that every command on a broker has. */
export const bootstrapOption = {
  bootstrap: { type: 'string', short: 'b', value: 'HOST:PORT', help: 'The broker, or several with commas (TWINLOG_BOOTSTRAP, else 127.0.0.1:9092).' },
} as const

/** Where a broker is asked for. */
export interface Server {
  /** A name or an address, without brackets. */
  readonly host: string
  readonly port: number
}

/** A variable that is set to nothing says nothing. */
const bootstrapText = (option: string | undefined): string => option ?? (process.env['TWINLOG_BOOTSTRAP'] || '127.0.0.1:9092')

/** The brokers that were asked for. */
export function bootstrapServers(option: string | undefined): Server[] {
  const text = bootstrapText(option)
  const servers: Server[] = []
  for (const part of text.split(',').map((piece) => piece.trim())) {
    if (part === '') continue
    const { ipv6, name, port } = /^(?:\[(?<ipv6>[^\]]+)\]|(?<name>[^:]+)):(?<port>\d+)$/.exec(part)?.groups ?? {}
    const host = ipv6 ?? name
    if (host === undefined) throw new UsageError(`--bootstrap ${part} is not HOST:PORT (an IPv6 address in brackets)`)
    servers.push({ host, port: Number(port) })
  }
  if (servers.length === 0) throw new UsageError('--bootstrap names no broker')
  return servers
}

/** kafkajs, with the codecs that it leaves to others. */
export async function loadKafka() {
  const [{ default: kafkajs }, { useOurCodecs }] = await Promise.all([import('kafkajs'), import('./codecs.ts')])
  useOurCodecs(kafkajs)
  return kafkajs
}

/**
 * kafkajs cuts HOST:PORT at its first colon. So an IPv6 address goes by another name until its socket is made; addresses that brokers advertise come to the
 * socket as they are.
 */
function reachable(servers: readonly Server[]): Pick<KafkaConfig, 'brokers' | 'socketFactory'> {
  const nameOf = (host: string): string => (host.includes(':') ? `${host.replaceAll(':', '-')}.ipv6.invalid` : host)
  const hosts = new Map(servers.map(({ host }) => [nameOf(host), host]))
  return {
    brokers: servers.map(({ host, port }) => `${nameOf(host)}:${port}`),
    socketFactory: ({ host, port, onConnect }) => netConnect({ host: hosts.get(host) ?? host, port }, onConnect).setKeepAlive(true, 60_000),
  }
}

/** A client that says nothing on its own and gives up within seconds. */
export async function connect(bootstrap: string | undefined): Promise<Kafka> {
  const servers = bootstrapServers(bootstrap)
  overlookPastTimers()
  const { Kafka, logLevel } = await loadKafka()
  return new Kafka({
    clientId: 'twinlog-cli',
    ...reachable(servers),
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
    const servers = bootstrapText(bootstrap)
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
