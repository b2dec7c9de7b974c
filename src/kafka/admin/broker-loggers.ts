// The broker's log level as Kafka's BROKER_LOGGER resource. Kafka has a logger per Java class; here there is one, called root, which is the setting log.level.
// A level set this way lasts until the broker stops, as in Kafka.
import { errorCode } from '../../../protocol/error-code.ts'
import type { Settings } from '../../config.ts'
import { type ExplainedConfig, ResourceRefusal } from './resource.ts'

const levels = ['DEBUG', 'ERROR', 'FATAL', 'INFO', 'TRACE', 'WARN']
const rootLogger = 'root'

export function checkLoggerBroker(name: string, nodeId: number, doing: 'describe' | 'alter'): void {
  if (name === '' && doing === 'describe') throw new ResourceRefusal(errorCode.INVALID_REQUEST, 'Broker id must not be empty')
  const subject = doing === 'describe' ? 'Broker id' : 'Node id'
  if (!/^-?\d+$/.test(name)) throw new ResourceRefusal(errorCode.INVALID_REQUEST, `${subject} must be an integer, but it is: ${name}`)
  if (Number(name) === nodeId) return
  const expected = doing === 'describe' ? `Unexpected broker id, expected ${nodeId}` : `Unexpected node id. Expected ${nodeId},`
  throw new ResourceRefusal(errorCode.INVALID_REQUEST, `${expected} but received ${name}`)
}

export function explainLoggers(settings: Settings): ExplainedConfig[] {
  const level = settings.get('log.level')
  const value = level === 'silent' ? 'OFF' : level.toUpperCase()
  return [
    { name: rootLogger, value, type: 'UNKNOWN', source: 'dynamic-broker-logger', readOnly: false, sensitive: false, synonyms: [], documentation: '' },
  ]
}

/** Sets the level, or only checks that it could be set. Operations are IncrementalAlterConfigs' numbers. */
export function alterLogger(name: string, operation: number, level: string | null, settings: Settings, validateOnly: boolean): void {
  if (operation === 2 || operation === 3) {
    const verb = operation === 2 ? 'APPEND' : 'SUBTRACT'
    throw new ResourceRefusal(errorCode.INVALID_REQUEST, `${verb} operation is not allowed for the BROKER_LOGGER resource`)
  }
  if (name !== rootLogger) throw new ResourceRefusal(errorCode.INVALID_CONFIG, `Logger ${name} does not exist!`)
  if (operation === 1) throw new ResourceRefusal(errorCode.INVALID_REQUEST, 'Removing the log level of the root logger is not allowed')
  if (!levels.includes(level ?? '')) {
    const known = `Valid log levels are ${levels.join(', ')}`
    throw new ResourceRefusal(
      errorCode.INVALID_CONFIG,
      `Cannot set the log level of ${name} to ${level} as it is not a supported log level. ${known}`,
    )
  }
  if (!validateOnly) settings.set('log.level', (level ?? '').toLowerCase(), 'dynamic')
}
