// `twinlog topics create`.
import { CommandError, defineCommand, exitCodes, pairs, wholeNumber } from '../lib/command.ts'
import { bootstrapOption, withAdmin } from '../lib/kafka.ts'
import { jsonOption, print, printJson } from '../lib/output.ts'
import { withConfigRule } from './configs.ts'

export const command = defineCommand({
  usage: 'twinlog topics create TOPIC... [--partitions N] [--config KEY=VALUE]',
  summary: 'Creates topics.',
  positionals: { min: 1, max: 1000 },
  options: {
    ...bootstrapOption,
    partitions: { type: 'string', short: 'p', value: 'N', help: 'Partitions of each (default: the broker’s num.partitions).' },
    replicas: { type: 'string', value: 'N', help: 'Replication factor (default: the broker’s).' },
    config: {
      type: 'string',
      short: 'c',
      multiple: true,
      value: 'KEY=VALUE',
      help: 'A config of the topic, such as retention.ms=60000; repeatable.',
    },
    'if-not-exists': { type: 'boolean', help: 'Topics that exist already are no error.' },
    ...jsonOption,
  },
  examples: [
    'twinlog topics create orders --partitions 6',
    'twinlog topics create events --config retention.ms=3600000 --config compression.type=lz4',
  ],
  async run(values, names) {
    const partitions = wholeNumber(values.partitions, '--partitions', 1)
    const replicas = wholeNumber(values.replicas, '--replicas', 1)
    const configEntries = pairs(values.config, '--config').map(([name, value]) => ({ name, value }))
    const created = await withAdmin(values.bootstrap, async (admin) => {
      const known = new Set(await admin.listTopics())
      const there = names.filter((name) => known.has(name))
      if (there.length > 0 && !values['if-not-exists']) throw new CommandError(`${there.join(', ')}: exists already; nothing was created`)
      const wanted = names.filter((name) => !known.has(name))
      if (wanted.length > 0) {
        // -1: the broker's default (KIP-464).
        const topics = wanted.map((topic) => ({ topic, configEntries, numPartitions: partitions ?? -1, replicationFactor: replicas ?? -1 }))
        await admin.createTopics({ topics }).catch((error: unknown) => {
          throw withConfigRule(error, new Map(configEntries.map(({ name, value }) => [name, value])))
        })
      }
      return wanted
    })
    if (values.json) printJson({ created })
    else print(names.map((name) => (created.includes(name) ? `Created ${name}.\n` : `${name} exists already.\n`)).join(''))
    return exitCodes.done
  },
})
