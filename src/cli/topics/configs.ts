// A topic's configs through DescribeConfigs and AlterConfigs, as kafkajs speaks them.
import type { Admin } from 'kafkajs'
import { Settings } from '../../config.ts'
import { brokerDefaults } from '../../engine/broker-defaults.ts'
import { validateTopicConfigs } from '../../engine/topic-configs.ts'
import { CommandError } from '../lib/command.ts'
import { asCommandError, loadKafka } from '../lib/kafka.ts'

export interface TopicConfig {
  name: string
  value: string | null
  /** Set on the topic itself. */
  set: boolean
}

/** DescribeConfigs's source for a config that the topic itself has. */
const topicSource = 1

/** Every config of a topic, by name. */
export async function topicConfigs(admin: Admin, topic: string): Promise<TopicConfig[]> {
  const { ConfigResourceTypes } = await loadKafka()
  const { resources } = await admin.describeConfigs({ includeSynonyms: false, resources: [{ type: ConfigResourceTypes.TOPIC, name: topic }] })
  return (resources[0]?.configEntries ?? [])
    .map(({ configName, configValue, configSource }) => ({ name: configName, value: configValue, set: Number(configSource) === topicSource }))
    .sort((a, b) => a.name.localeCompare(b.name))
}

/** Gives a topic exactly these configs; what is not among them goes back to its default (AlterConfigs). */
export async function replaceTopicConfigs(admin: Admin, topic: string, configs: ReadonlyMap<string, string>, validateOnly: boolean): Promise<void> {
  const { ConfigResourceTypes } = await loadKafka()
  const configEntries = [...configs].map(([name, value]) => ({ name, value }))
  await admin.alterConfigs({ validateOnly, resources: [{ type: ConfigResourceTypes.TOPIC, name: topic, configEntries }] }).catch((error: unknown) => {
    throw withConfigRule(error, configs)
  })
}

/** kafkajs keeps only the code of a refusal, INVALID_CONFIG; which config it was, and why, our own rules say: they are Kafka's. */
export function withConfigRule(error: unknown, configs: ReadonlyMap<string, string>): Error {
  const known = asCommandError(error, undefined)
  if (!known.message.includes('INVALID_CONFIG')) return known
  const reason = validateTopicConfigs(configs, brokerDefaults(new Settings()))
  return reason === null ? known : new CommandError(`${known.message}: ${reason}`)
}
