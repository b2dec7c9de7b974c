// `twinlog topics alter`: AlterConfigs replaces all configs of a topic, so those that stay are read first.
import { CommandError, defineCommand, exitCodes, pairs, UsageError } from '../lib/command.ts'
import { bootstrapOption, withAdmin } from '../lib/kafka.ts'
import { jsonOption, print, printJson, table } from '../lib/output.ts'
import { replaceTopicConfigs, topicConfigs } from './configs.ts'
import { missingTopics } from './offsets.ts'

export const command = defineCommand({
  usage: 'twinlog topics alter TOPIC [--set KEY=VALUE] [--unset KEY]',
  summary: 'Sets configs of a topic, or takes them back to their defaults.',
  positionals: { min: 1, max: 1 },
  options: {
    ...bootstrapOption,
    set: { type: 'string', short: 's', multiple: true, value: 'KEY=VALUE', help: 'A config, such as retention.ms=60000; repeatable.' },
    unset: { type: 'string', multiple: true, value: 'KEY', help: 'A config that shall have its default; repeatable.' },
    'dry-run': { type: 'boolean', help: 'Only check.' },
    ...jsonOption,
  },
  examples: ['twinlog topics alter orders --set retention.ms=86400000 --unset retention.bytes'],
  async run(values, [topic = '']) {
    const set = pairs(values.set, '--set')
    const unset = values.unset ?? []
    if (set.length === 0 && unset.length === 0) throw new UsageError('give --set KEY=VALUE or --unset KEY')
    const configs = await withAdmin(values.bootstrap, async (admin) => {
      if ((await missingTopics(admin, [topic])).length > 0) throw new CommandError(`there is no topic ${topic}`)
      const now = await topicConfigs(admin, topic)
      for (const name of unset) if (!now.some((config) => config.name === name)) throw new CommandError(`${topic} has no config ${name}`)
      const wanted = new Map(now.flatMap(({ name, value, set: isSet }) => (isSet && value !== null ? [[name, value] as const] : [])))
      for (const [name, value] of set) wanted.set(name, value)
      for (const name of unset) wanted.delete(name)
      await replaceTopicConfigs(admin, topic, wanted, values['dry-run'] ?? false)
      return wanted
    })
    if (values.json) printJson({ topic, configs: Object.fromEntries(configs) })
    else if (configs.size === 0) print(`Every config of ${topic} has its default.\n`)
    else print(table(['CONFIG', 'VALUE'], [...configs]))
    return exitCodes.done
  },
})
