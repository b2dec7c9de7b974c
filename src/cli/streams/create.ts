// `twinlog streams create`.
import { defineCommand, exitCodes, UsageError, wholeNumber } from '../lib/command.ts'
import { endpointOption, kinesisAt } from '../lib/kinesis.ts'
import { jsonOption, print, printJson } from '../lib/output.ts'

export const command = defineCommand({
  usage: 'twinlog streams create STREAM... [--shards N | --on-demand]',
  summary: 'Creates streams.',
  positionals: { min: 1, max: 1000 },
  options: {
    ...endpointOption,
    shards: { type: 'string', short: 's', value: 'N', help: 'Shards of each (default: 1).' },
    'on-demand': { type: 'boolean', help: 'On-demand streams, whose shards follow what is written.' },
    ...jsonOption,
  },
  examples: ['twinlog streams create orders --shards 4'],
  async run(values, names) {
    const shards = wholeNumber(values.shards, '--shards', 1)
    if (shards !== undefined && values['on-demand']) throw new UsageError('--shards and --on-demand exclude each other')
    const capacity = values['on-demand'] ? { StreamModeDetails: { StreamMode: 'ON_DEMAND' } } : { ShardCount: shards ?? 1 }
    const call = kinesisAt(values.endpoint)
    for (const name of names) {
      await call('CreateStream', { StreamName: name, ...capacity })
      if (!values.json) print(`Created ${name}.\n`)
    }
    if (values.json) printJson({ created: names })
    return exitCodes.done
  },
})
