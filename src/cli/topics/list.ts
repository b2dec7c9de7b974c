// `twinlog topics list`.
import { defineCommand, exitCodes } from '../lib/command.ts'
import { bootstrapOption, withAdmin } from '../lib/kafka.ts'
import { jsonOption, print, printJson, table } from '../lib/output.ts'
import { topicOffsets } from './offsets.ts'

export const command = defineCommand({
  usage: 'twinlog topics list [--json]',
  summary: 'Lists topics with their partitions and how many offsets they hold.',
  options: { ...bootstrapOption, ...jsonOption, internal: { type: 'boolean', help: 'Also topics whose names start with __.' } },
  async run(values) {
    const topics = await withAdmin(values.bootstrap, async (admin) => {
      const names = (await admin.listTopics()).filter((name) => values.internal || !name.startsWith('__')).sort()
      return Promise.all(
        names.map(async (name) => {
          const offsets = await topicOffsets(admin, name)
          return { name, partitions: offsets.length, offsets: offsets.reduce((sum, { start, end }) => sum + (end - start), 0) }
        }),
      )
    })
    if (values.json) printJson(topics)
    else if (topics.length === 0) print('There are no topics.\n')
    else
      print(
        table(
          ['TOPIC', 'PARTITIONS', 'OFFSETS'],
          topics.map((topic) => [topic.name, topic.partitions, topic.offsets]),
        ),
      )
    return exitCodes.done
  },
})
