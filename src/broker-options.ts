// What createBroker() may be given, and the settings that it amounts to. Starts nothing; broker.ts does.
import { joinAddress } from './address.ts'
import type { Clock } from './clock.ts'
import { isSettingName, Settings, type SettingsInput, SettingsInvalid } from './config.ts'
import type { Logger } from './logging.ts'
import type { Random } from './random.ts'

/** Where a door listens. */
export interface Listen {
  /** Default 127.0.0.1. */
  host?: string
  /** Default 0: any free port. */
  port?: number
}

/** What a broker may be given; all of it may be left out. */
export interface BrokerOptions {
  /** A directory, made when missing; `memory` (the default) keeps everything in the process. */
  data?: 'memory' | (string & {})
  kafka?: Listen
  aws?: Listen
  admin?: Listen
  /** The address that Kafka clients are told, HOST:PORT. Default: the one listened on. */
  advertise?: string
  /** `{ 'num.partitions': 4 }`: Kafka's broker names, and ours. */
  settings?: SettingsInput
  clock?: Clock
  random?: Random
  /** Default: silent. */
  logger?: Logger
}

const optionNames: Readonly<Record<keyof BrokerOptions, true>> = {
  data: true,
  kafka: true,
  aws: true,
  admin: true,
  advertise: true,
  settings: true,
  clock: true,
  random: true,
  logger: true,
}
const listenNames: Readonly<Record<keyof Listen, true>> = { host: true, port: true }

/** Throws SettingsInvalid. TypeScript tells of a slip in a name; in plain JavaScript it would start another broker than the one that is meant. */
export function settingsOf(options: BrokerOptions): Settings {
  const problems = Object.keys(options)
    .filter((name) => !Object.hasOwn(optionNames, name))
    .map((name) =>
      isSettingName(name)
        ? `${name} is a setting: createBroker({ settings: { '${name}': … } })`
        : `unknown option ${name}; createBroker takes ${Object.keys(optionNames).join(', ')}`,
    )
  const given: Record<string, string | number | boolean> = { data: options.data ?? 'memory', ...(options.settings as object) }
  for (const door of ['kafka', 'aws', 'admin'] as const) {
    const listen: unknown = options[door] ?? {}
    if (isListen(listen)) given[door] = joinAddress(listen.host ?? '127.0.0.1', listen.port ?? 0)
    else problems.push(`${door} is not { host?, port? }`)
  }
  if (problems.length > 0) throw new SettingsInvalid(problems)
  if (options.advertise !== undefined) given['advertise'] = options.advertise
  return Settings.of(given as SettingsInput)
}

const isListen = (value: unknown): value is Listen =>
  typeof value === 'object' && value !== null && Object.keys(value).every((name) => Object.hasOwn(listenNames, name))
