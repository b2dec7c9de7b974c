// One resource of an IncrementalAlterConfigs or AlterConfigs request: what is set on it afterwards, whether that may be, and the change itself.
import { errorCode } from '../../../protocol/error-code.ts'
import { isSettingName } from '../../config.ts'
import { loadRegexes } from '../../coordinators/group/consumer/regex.ts'
import { brokerDefaults } from '../../engine/broker-defaults.ts'
import { type ConfigType, canonicalText, listItems } from '../../engine/config-values.ts'
import type { Engine } from '../../engine/engine.ts'
import { EngineError } from '../../engine/errors.ts'
import { explainTopicConfig, type TopicConfigName, topicConfigEntry } from '../../engine/topic-configs.ts'
import { topicNameFault } from '../../engine/topics.ts'
import { resourceNameBytesMax } from '../../limits.ts'
import { brokerResource, checkBrokerConfigs, typeOfSetting } from './broker-configs.ts'
import { alterLogger, checkLoggerBroker } from './broker-loggers.ts'
import { checkClientMetrics, clientMetricsTable, isClientMetricsName } from './client-metrics-configs.ts'
import { checkGroupConfigs, groupConfig, groupConfigTable, isGroupConfigName } from './group-configs.ts'
import { ResourceRefusal, resourceType } from './resource.ts'

/** IncrementalAlterConfigs' operations by their numbers. */
export const operation = { set: 0, delete: 1, append: 2, subtract: 3 } as const

export interface Alteration {
  name: string
  operation: number
  value: string | null
}

/** What a kind of resource knows of a name. */
interface Schema {
  type(name: string): ConfigType | string | undefined
  /** The value that acts where none is set, for APPEND and SUBTRACT. */
  inherited(name: string): string
}

/** Changes one resource, or only checks that it could be. `replace`: what is not named goes back to its default (AlterConfigs). Throws ResourceRefusal. */
export async function alterResource(
  type: number,
  name: string,
  alterations: readonly Alteration[],
  options: { engine: Engine; replace: boolean; validateOnly: boolean },
): Promise<void> {
  const { engine, replace, validateOnly } = options
  checkAlterations(alterations)
  const plan = (now: ReadonlyMap<string, string>, schema: Schema): Map<string, string> => planned(replace ? new Map() : now, alterations, schema)
  const touched = alterations.map((alteration) => alteration.name)
  switch (type) {
    case resourceType.topic:
      return alterTopic(name, plan, engine, validateOnly)
    case resourceType.broker: {
      const resource = brokerResource(name, engine.nodeId, 'alter')
      const checked = (now: ReadonlyMap<string, string>): Map<string, string> => {
        const after = plan(now, brokerSchema(engine))
        checkBrokerConfigs(after, touched, engine.settings)
        return after
      }
      const key = resource === 'broker' ? String(engine.nodeId) : ''
      return apply(engine, resource, key, checked, validateOnly)
    }
    case resourceType.brokerLogger:
      if (replace) break
      checkLoggerBroker(name, engine.nodeId, 'alter')
      for (const one of alterations) alterLogger(one.name, one.operation, one.value, engine.settings, true)
      if (!validateOnly) for (const one of alterations) alterLogger(one.name, one.operation, one.value, engine.settings, false)
      return
    case resourceType.clientMetrics: {
      if (name === '') throw new ResourceRefusal(errorCode.INVALID_REQUEST, `Subscription name can't be empty`)
      checkNameBytes(name)
      await loadRegexes()
      const checked = (now: ReadonlyMap<string, string>): Map<string, string> => {
        const after = plan(now, clientMetricsSchema)
        checkClientMetrics(after)
        return after
      }
      return apply(engine, 'client-metrics', name, checked, validateOnly)
    }
    case resourceType.group: {
      if (name === '') throw new ResourceRefusal(errorCode.INVALID_REQUEST, 'Default group resources are not allowed.')
      checkNameBytes(name)
      const checked = (now: ReadonlyMap<string, string>): Map<string, string> => {
        const after = plan(now, groupSchema(engine))
        checkGroupConfigs(after, engine.settings)
        return after
      }
      return apply(engine, 'group', name, checked, validateOnly)
    }
  }
  throw new ResourceRefusal(errorCode.INVALID_REQUEST, `Unknown resource type ${type}`)
}

/** Names are parts of stored keys. */
function checkNameBytes(name: string): void {
  if (Buffer.byteLength(name) + name.split('\0').length - 1 <= resourceNameBytesMax) return
  throw new ResourceRefusal(errorCode.INVALID_REQUEST, `The resource's name is longer than ${resourceNameBytesMax} bytes.`)
}

function checkAlterations(alterations: readonly Alteration[]): void {
  if (new Set(alterations.map(({ name }) => name)).size < alterations.length) {
    throw new ResourceRefusal(errorCode.INVALID_REQUEST, 'Error due to duplicate config keys')
  }
  const empty = alterations.filter(({ operation: what, value }) => value === null && what !== operation.delete).map(({ name }) => name)
  if (empty.length > 0) throw new ResourceRefusal(errorCode.INVALID_REQUEST, `Null value not supported for : ${empty.join(', ')}`)
  const strange = alterations.find(({ operation: what }) => what < operation.set || what > operation.subtract)
  if (strange) throw new ResourceRefusal(errorCode.INVALID_REQUEST, `Unknown operation ${strange.operation} on ${strange.name}`)
}

/** What is set after the alterations; values are kept as given, lists are joined without blanks. */
function planned(now: ReadonlyMap<string, string>, alterations: readonly Alteration[], schema: Schema): Map<string, string> {
  const after = new Map(now)
  for (const { name, operation: what, value } of alterations) {
    if (what === operation.set) after.set(name, value ?? '')
    else if (what === operation.delete) after.delete(name)
    else after.set(name, listAfter(name, after.get(name), what, listItems(value ?? ''), schema))
  }
  return after
}

function listAfter(name: string, now: string | undefined, what: number, items: readonly string[], schema: Schema): string {
  const appends = what === operation.append
  if (schema.type(name) !== 'LIST') {
    throw new ResourceRefusal(errorCode.INVALID_CONFIG, `Can't ${appends ? 'APPEND' : 'SUBTRACT'} to key ${name} because its type is not LIST.`)
  }
  const before = listItems(now ?? schema.inherited(name))
  const after = appends ? [...before, ...items.filter((item) => !before.includes(item))] : before.filter((item) => !items.includes(item))
  return after.join(',')
}

async function alterTopic(
  name: string,
  plan: (now: ReadonlyMap<string, string>, schema: Schema) => Map<string, string>,
  engine: Engine,
  validateOnly: boolean,
): Promise<void> {
  if (name === '') throw new ResourceRefusal(errorCode.INVALID_REQUEST, 'Default topic resources are not allowed.')
  const fault = topicNameFault(name)
  if (fault) throw new ResourceRefusal(errorCode.INVALID_TOPIC_EXCEPTION, fault)
  const defaults = brokerDefaults(engine.settings)
  const schema: Schema = {
    type: (config) => topicConfigEntry(config)?.rule.type,
    inherited: (config) => explainTopicConfig(config as TopicConfigName, new Map(), defaults).value,
  }
  try {
    await engine.topics.alterConfigs(name, (now) => plan(now, schema), validateOnly)
  } catch (error) {
    if (error instanceof EngineError && error.code === 'config-invalid') throw new ResourceRefusal(errorCode.INVALID_CONFIG, error.message)
    if (error instanceof EngineError && error.code === 'topic-unknown') {
      throw new ResourceRefusal(errorCode.UNKNOWN_TOPIC_OR_PARTITION, `The topic '${name}' does not exist.`)
    }
    throw error
  }
}

function apply(
  engine: Engine,
  resource: 'broker' | 'broker-default' | 'group' | 'client-metrics',
  name: string,
  change: (now: ReadonlyMap<string, string>) => Map<string, string>,
  validateOnly: boolean,
): Promise<void> | void {
  if (validateOnly) change(engine.configs.get(resource, name))
  else return engine.configs.alter(resource, name, change)
}

const brokerSchema = (engine: Engine): Schema => ({
  type: (name) => (isSettingName(name) ? typeOfSetting(name) : undefined),
  inherited: (name) => (isSettingName(name) ? (engine.settings.text(name) ?? '') : ''),
})

const groupSchema = (engine: Engine): Schema => ({
  type: (name) => (isGroupConfigName(name) ? groupConfigTable[name].rule.type : undefined),
  inherited: (name) => (isGroupConfigName(name) ? groupConfig(name, new Map(), engine.settings) : ''),
})

const clientMetricsSchema: Schema = {
  type: (name) => (isClientMetricsName(name) ? clientMetricsTable[name].rule.type : undefined),
  inherited: (name) => (isClientMetricsName(name) ? canonicalText(clientMetricsTable[name].rule, clientMetricsTable[name].default) : ''),
}
