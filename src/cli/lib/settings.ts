// The settings that a command line, the environment and a file give together. What they mean is config.ts's.
import { readFileSync } from 'node:fs'
import { type Given, givenByEnvironment, givenByFile, givenByPair, Settings } from '../../config.ts'
import { type OptionValues, UsageError } from './command.ts'

/** Options that start and config share. */
export const settingsOptions = {
  data: { type: 'string', value: 'DIR', help: 'The data directory (default: ./twinlog-data).' },
  memory: { type: 'boolean', help: 'Keep everything in memory: survives nothing, never touches the disk.' },
  kafka: { type: 'string', value: 'HOST:PORT', help: 'Where Kafka clients connect (default: 127.0.0.1:9092; port 0: any free one).' },
  aws: { type: 'string', value: 'HOST:PORT', help: 'Where Kinesis clients connect (default: 127.0.0.1:4567).' },
  admin: { type: 'string', value: 'HOST:PORT', help: 'Where /metrics, /livez and /readyz are (default: 127.0.0.1:9644).' },
  advertise: { type: 'string', value: 'HOST:PORT', help: 'The address that Kafka clients are told (default: the one listened on).' },
  flush: { type: 'string', value: 'sync|async', help: 'Whether an answer waits for the disk (default: sync).' },
  set: {
    type: 'string',
    multiple: true,
    value: 'KEY=VALUE',
    help: 'Any setting, such as num.partitions=4; repeatable. `twinlog config` lists them.',
  },
  config: { type: 'string', value: 'FILE', help: 'A file of settings, one key=value a line, as Kafka’s server.properties (TWINLOG_CONFIG).' },
} as const

export type SettingsValues = OptionValues<typeof settingsOptions>

/** Reads the file that is named, if one is. Throws SettingsInvalid or UsageError. */
export function readSettings(values: SettingsValues, environment: Readonly<Record<string, string | undefined>>): Settings {
  const { config = environment['TWINLOG_CONFIG'], set = [], memory, ...named } = values
  if (memory && named.data !== undefined && named.data !== 'memory') throw new UsageError('--memory and --data exclude each other')
  const memoryWord = environment['TWINLOG_MEMORY'] ?? ''
  if (!/^(1|true|0|false|)$/i.test(memoryWord)) throw new UsageError(`TWINLOG_MEMORY=${memoryWord} is not true or false`)
  // Neither is meant to win: one of them would lose data that somebody wants to keep.
  if (/^(1|true)$/i.test(memoryWord) && (environment['TWINLOG_DATA'] ?? 'memory') !== 'memory')
    throw new UsageError('TWINLOG_MEMORY and TWINLOG_DATA exclude each other')
  const options: Given[] = []
  for (const pair of set) {
    const given = givenByPair(pair, '--set')
    if (!given) throw new UsageError(`--set ${pair} is not KEY=VALUE`)
    options.push(given)
  }
  if (memory) options.push({ name: 'data', text: 'memory', source: 'option', where: '--memory' })
  for (const [name, text] of Object.entries(named)) options.push({ name, text: String(text), source: 'option', where: `--${name}` })
  return new Settings([...(config ? givenByFile(readFile(config), config) : []), ...givenByEnvironment(environment), ...options])
}

function readFile(path: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch (error) {
    throw new UsageError(`cannot read the settings file ${path}: ${(error as Error).message}`)
  }
}
