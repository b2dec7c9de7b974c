// `twinlog topics delete`.
import { CommandError, defineCommand, exitCodes } from '../lib/command.ts'
import { bootstrapOption, withAdmin } from '../lib/kafka.ts'
import { jsonOption, print, printJson } from '../lib/output.ts'
import { missingTopics } from './offsets.ts'

export const command = defineCommand({
  usage: 'twinlog topics delete TOPIC...',
  summary: 'Deletes topics with everything in them.',
  positionals: { min: 1, max: 1000 },
  options: { ...bootstrapOption, 'if-exists': { type: 'boolean', help: 'Topics that do not exist are no error.' }, ...jsonOption },
  async run(values, names) {
    const deleted = await withAdmin(values.bootstrap, async (admin) => {
      const missing = await missingTopics(admin, names)
      if (missing.length > 0 && !values['if-exists']) throw new CommandError(`there is no topic ${missing.join(', ')}; nothing was deleted`)
      const topics = names.filter((name) => !missing.includes(name))
      if (topics.length > 0) await admin.deleteTopics({ topics })
      return topics
    })
    if (values.json) printJson({ deleted })
    else print(deleted.map((name) => `Deleted ${name}.\n`).join(''))
    return exitCodes.done
  },
})
