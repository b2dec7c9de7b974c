// The broker's settings as config resources: this broker by its id, and all brokers under the empty name. What is set is kept by the engine.
import { errorCode } from '../../../protocol/error-code.ts'
import { declarations, isSettingName, type SettingName, type Settings } from '../../config.ts'
import { configSourceOf } from '../../engine/broker-defaults.ts'
import type { ResourceConfigs } from '../../engine/resource-configs.ts'
import { type ExplainedConfig, ResourceRefusal, type SourceName, type TypeName } from './resource.ts'

/** Settings that give one time in several units, in falling precedence. */
const units: readonly (readonly SettingName[])[] = [
  ['log.retention.ms', 'log.retention.minutes', 'log.retention.hours'],
  ['log.roll.ms', 'log.roll.hours'],
  ['log.roll.jitter.ms', 'log.roll.jitter.hours'],
]

const settingNames = (Object.keys(declarations) as SettingName[]).sort()

export const typeOfSetting = (name: SettingName): TypeName => declarations[name].type.toUpperCase() as TypeName

/** Which of a broker's two resources a name means: '' is all brokers. `wanted` is the word for this broker in the refusal. */
export function brokerResource(name: string, nodeId: number, doing: 'describe' | 'alter'): 'broker' | 'broker-default' {
  if (name === '') return 'broker-default'
  const subject = doing === 'describe' ? 'Broker id' : 'Node id'
  if (!/^-?\d+$/.test(name)) throw new ResourceRefusal(errorCode.INVALID_REQUEST, `${subject} must be an integer, but it is: ${name}`)
  if (Number(name) === nodeId) return 'broker'
  const expected = doing === 'describe' ? `expected ${nodeId} or empty string, but received ${name}` : `expected ${nodeId}, but received ${name}`
  throw new ResourceRefusal(errorCode.INVALID_REQUEST, `Unexpected broker id, ${expected}`)
}

/** Every setting of this broker. */
export function explainBroker(settings: Settings): ExplainedConfig[] {
  return settingNames.map((name) => explainSetting(name, settings))
}

/** What is set for all brokers, and nothing else: Kafka lists no defaults there. */
export function explainBrokerDefault(configs: ResourceConfigs): ExplainedConfig[] {
  return [...configs.get('broker-default', '')].flatMap(([name, text]) => {
    if (!isSettingName(name)) return []
    const value = declarations[name].sensitive ? null : text
    return [
      { ...facts(name), value, source: 'dynamic-default-broker' as const, synonyms: [{ name, value, source: 'dynamic-default-broker' as const }] },
    ]
  })
}

function explainSetting(name: SettingName, settings: Settings): ExplainedConfig {
  const family = units.find((names) => names.includes(name)) ?? [name]
  const told = family
    .flatMap((member) => settings.candidates(member).map(({ text, source }) => ({ name: member, text, source: configSourceOf[source] })))
    .filter(({ text }) => text !== null)
    .sort((a, b) => rank.indexOf(a.source) - rank.indexOf(b.source))
  // As Kafka: a name's synonyms begin with its own first value; one that has none has no synonyms.
  const own = told.findIndex((one) => one.name === name)
  const hide = (text: string | null): string | null => (declarations[name].sensitive ? null : text)
  return {
    ...facts(name),
    value: hide(settings.text(name)),
    source: configSourceOf[settings.source(name)],
    synonyms: own < 0 ? [] : told.slice(own).map((one) => ({ name: one.name, value: hide(one.text), source: one.source })),
  }
}

const rank: readonly SourceName[] = ['dynamic-broker', 'dynamic-default-broker', 'static-broker', 'default']

function facts(name: SettingName): Omit<ExplainedConfig, 'value' | 'source' | 'synonyms'> {
  const { dynamic, sensitive, meaning } = declarations[name]
  return { name, type: typeOfSetting(name), readOnly: !dynamic, sensitive, documentation: meaning }
}

/** Refuses settings that a running broker cannot have. Kafka answers INVALID_REQUEST to all of these, and takes unknown names silently. */
export function checkBrokerConfigs(configs: ReadonlyMap<string, string>, changed: Iterable<string>, settings: Settings): void {
  const names = [...changed]
  const stranger = names.find((name) => configs.has(name) && !isSettingName(name))
  if (stranger !== undefined) throw new ResourceRefusal(errorCode.INVALID_CONFIG, `Unknown broker config name: ${stranger}`)
  const fixed = names.filter((name) => isSettingName(name) && !declarations[name].dynamic)
  if (fixed.length > 0) throw new ResourceRefusal(errorCode.INVALID_REQUEST, `Cannot update these configs dynamically: [${fixed.join(', ')}]`)
  for (const [name, text] of configs) {
    if (!isSettingName(name)) continue
    const expected = settings.check(name, text)
    if (expected !== null) throw new ResourceRefusal(errorCode.INVALID_REQUEST, badSetting(name, text, expected))
  }
}

function badSetting(name: SettingName, text: string, expected: string): string {
  const type = typeOfSetting(name)
  const shown = declarations[name].sensitive ? '[hidden]' : text
  const isNumber = type === 'INT' || type === 'LONG' || type === 'SHORT' || type === 'DOUBLE'
  const why = isNumber && !/^\s*[+-]?[\d.]+\s*$/.test(text) ? `Not a number of type ${type}` : `Value must be ${expected}`
  return `Invalid value ${shown} for configuration ${name}: ${why}`
}
