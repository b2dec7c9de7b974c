// `twinlog streams delete`.
import { defineCommand, exitCodes } from '../lib/command.ts'
import { endpointOption, kinesisAt } from '../lib/kinesis.ts'
import { jsonOption, print, printJson } from '../lib/output.ts'

export const command = defineCommand({
  usage: 'twinlog streams delete STREAM...',
  summary: 'Deletes streams with everything in them, fan-out consumers included.',
  positionals: { min: 1, max: 1000 },
  options: { ...endpointOption, ...jsonOption },
  async run(values, names) {
    const call = kinesisAt(values.endpoint)
    for (const name of names) {
      await call('DeleteStream', { StreamName: name, EnforceConsumerDeletion: true })
      if (!values.json) print(`Deleted ${name}.\n`)
    }
    if (values.json) printJson({ deleted: names })
    return exitCodes.done
  },
})
