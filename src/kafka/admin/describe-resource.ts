// The resources of a DescribeConfigs request: which configs each has, each with its value, sources and meaning.
import { errorCode } from '../../../protocol/error-code.ts'
import { brokerDefaults } from '../../engine/broker-defaults.ts'
import type { Engine } from '../../engine/engine.ts'
import { topicNameFault } from '../../engine/topics.ts'
import { brokerResource, explainBroker, explainBrokerDefault } from './broker-configs.ts'
import { checkLoggerBroker, explainLoggers } from './broker-loggers.ts'
import { explainClientMetrics } from './client-metrics-configs.ts'
import { explainGroup } from './group-configs.ts'
import { type ExplainedConfig, ResourceRefusal, resourceType } from './resource.ts'
import { type TopicExplainer, topicExplainer } from './topic-resource.ts'

/** Describes the resources of one request. */
export class ResourceDescriber {
  readonly #engine: Engine
  readonly #topic: TopicExplainer

  constructor(engine: Engine) {
    this.#engine = engine
    this.#topic = topicExplainer(brokerDefaults(engine.settings))
  }

  /** Every config of the resource; the same array for topics that do not differ. Throws ResourceRefusal. */
  describe(type: number, name: string): readonly ExplainedConfig[] {
    return type === resourceType.topic ? this.#topic(overridesOf(name, this.#engine)) : describeOther(type, name, this.#engine)
  }
}

function describeOther(type: number, name: string, engine: Engine): ExplainedConfig[] {
  switch (type) {
    case resourceType.broker:
      return brokerResource(name, engine.nodeId, 'describe') === 'broker' ? explainBroker(engine.settings) : explainBrokerDefault(engine.configs)
    case resourceType.brokerLogger:
      checkLoggerBroker(name, engine.nodeId, 'describe')
      return explainLoggers(engine.settings)
    case resourceType.clientMetrics:
      if (name === '') throw new ResourceRefusal(errorCode.INVALID_REQUEST, 'Client metrics subscription name must not be empty')
      return explainClientMetrics(engine.configs.get('client-metrics', name))
    case resourceType.group:
      if (name === '') throw new ResourceRefusal(errorCode.INVALID_REQUEST, 'Group name must not be empty')
      return explainGroup(engine.configs.get('group', name), engine.settings)
    default:
      throw new ResourceRefusal(errorCode.INVALID_REQUEST, `Unsupported resource type: ${type}`)
  }
}

function overridesOf(name: string, engine: Engine): ReadonlyMap<string, string> {
  const fault = topicNameFault(name)
  if (fault !== null) throw new ResourceRefusal(errorCode.INVALID_TOPIC_EXCEPTION, fault)
  const topic = engine.topics.get(name)
  if (!topic) throw new ResourceRefusal(errorCode.UNKNOWN_TOPIC_OR_PARTITION, `The topic '${name}' does not exist.`)
  return topic.overrides
}
