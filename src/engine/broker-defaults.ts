// The broker's settings as topic configs look at them: every place that gives a default, nearest first.
import { isSettingName, type SettingSource, type Settings } from '../config.ts'
import type { BrokerDefaults, ConfigSource } from './topic-configs.ts'

/** Where DescribeConfigs says that a setting's value comes from. */
export const configSourceOf: Readonly<Record<SettingSource, Exclude<ConfigSource, 'topic'>>> = {
  dynamic: 'dynamic-broker',
  'dynamic-default': 'dynamic-default-broker',
  option: 'static-broker',
  environment: 'static-broker',
  file: 'static-broker',
  default: 'default',
}

export function brokerDefaults(settings: Settings): BrokerDefaults {
  return {
    sources(name) {
      if (!isSettingName(name)) return []
      return settings.candidates(name).flatMap(({ text, source }) => (text === null ? [] : [{ text, source: configSourceOf[source] }]))
    },
  }
}
