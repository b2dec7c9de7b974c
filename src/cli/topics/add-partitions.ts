// `twinlog topics add-partitions`.
import { CommandError, defineCommand, exitCodes, UsageError, wholeNumber } from '../lib/command.ts'
import { bootstrapOption, withAdmin } from '../lib/kafka.ts'
import { jsonOption, print, printJson } from '../lib/output.ts'
import { missingTopics } from './offsets.ts'

export const command = defineCommand({
  usage: 'twinlog topics add-partitions TOPIC --total N',
  summary: 'Gives a topic more partitions. Keys may then belong to other partitions than before.',
  positionals: { min: 1, max: 1 },
  options: {
    ...bootstrapOption,
    total: { type: 'string', short: 'p', value: 'N', help: 'How many partitions the topic shall have.' },
    'dry-run': { type: 'boolean', help: 'Only check.' },
    ...jsonOption,
  },
  async run(values, [topic = '']) {
    const total = wholeNumber(values.total, '--total', 1)
    if (total === undefined) throw new UsageError('--total says how many partitions the topic shall have')
    await withAdmin(values.bootstrap, async (admin) => {
      if ((await missingTopics(admin, [topic])).length > 0) throw new CommandError(`there is no topic ${topic}`)
      await admin.createPartitions({ validateOnly: values['dry-run'] ?? false, topicPartitions: [{ topic, count: total }] })
    })
    if (values.json) printJson({ topic, partitions: total })
    else print(values['dry-run'] ? `${topic} could have ${total} partitions.\n` : `${topic} has ${total} partitions.\n`)
    return exitCodes.done
  },
})
