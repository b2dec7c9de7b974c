// `twinlog topics describe`.
import type { Admin } from 'kafkajs'
import { CommandError, defineCommand, exitCodes } from '../lib/command.ts'
import { bootstrapOption, withAdmin } from '../lib/kafka.ts'
import { jsonOption, print, printJson, table } from '../lib/output.ts'
import { topicConfigs } from './configs.ts'
import { missingTopics, topicOffsets } from './offsets.ts'

export const command = defineCommand({
  usage: 'twinlog topics describe TOPIC... [--all-configs] [--json]',
  summary: 'Shows partitions with leader and offsets, and the configs that were set.',
  positionals: { min: 1, max: 1000 },
  options: { ...bootstrapOption, 'all-configs': { type: 'boolean', help: 'Also configs that have their default.' }, ...jsonOption },
  async run(values, names) {
    const topics = await withAdmin(values.bootstrap, async (admin) => {
      const missing = await missingTopics(admin, names)
      if (missing.length > 0) throw new CommandError(`there is no topic ${missing.join(', ')}; twinlog topics list shows those that exist`)
      return describe(admin, names)
    })
    if (values.json) printJson(topics)
    else for (const topic of topics) print(topicText(topic, values['all-configs'] ?? false))
    return exitCodes.done
  },
})

interface DescribedTopic {
  name: string
  partitions: { partition: number; leader: number; startOffset: number; endOffset: number }[]
  configs: { name: string; value: string | null; set: boolean }[]
}

async function describe(admin: Admin, names: readonly string[]): Promise<DescribedTopic[]> {
  const { topics } = await admin.fetchTopicMetadata({ topics: [...names] })
  return Promise.all(
    names.map(async (name) => {
      const [offsets, configs] = await Promise.all([topicOffsets(admin, name), topicConfigs(admin, name)])
      const leaders = new Map(topics.find((topic) => topic.name === name)?.partitions.map(({ partitionId, leader }) => [partitionId, leader]))
      return {
        name,
        partitions: offsets.map(({ partition, start, end }) => ({
          partition,
          leader: leaders.get(partition) ?? -1,
          startOffset: start,
          endOffset: end,
        })),
        configs,
      }
    }),
  )
}

function topicText({ name, partitions, configs }: DescribedTopic, allConfigs: boolean): string {
  const rows = partitions.map(({ partition, leader, startOffset, endOffset }) => [partition, leader, startOffset, endOffset, endOffset - startOffset])
  const shown = configs.filter(({ set }) => set || allConfigs)
  const configText =
    shown.length > 0
      ? `\n${table(
          ['CONFIG', 'VALUE', ''],
          shown.map((config) => [config.name, config.value, config.set ? 'set' : 'default']),
        )}`
      : ''
  return `${name}\n${table(['PARTITION', 'LEADER', 'START', 'END', 'OFFSETS'], rows)}${configText}\n`
}
