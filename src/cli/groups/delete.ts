// `twinlog groups delete`.
import { defineCommand, exitCodes } from '../lib/command.ts'
import { bootstrapOption, withAdmin } from '../lib/kafka.ts'
import { jsonOption, print, printJson } from '../lib/output.ts'

export const command = defineCommand({
  usage: 'twinlog groups delete GROUP...',
  summary: 'Deletes groups and their committed offsets. A group with members is not deleted.',
  positionals: { min: 1, max: 1000 },
  options: { ...bootstrapOption, ...jsonOption },
  async run(values, names) {
    await withAdmin(values.bootstrap, (admin) => admin.deleteGroups([...names]))
    if (values.json) printJson({ deleted: names })
    else print(names.map((name) => `Deleted ${name}.\n`).join(''))
    return exitCodes.done
  },
})
