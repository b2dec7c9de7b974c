// `twinlog streams list`.
import { defineCommand, exitCodes } from '../lib/command.ts'
import { endpointOption, kinesisAt } from '../lib/kinesis.ts'
import { jsonOption, print, printJson, table } from '../lib/output.ts'
import { listStreams } from './facts.ts'

export const command = defineCommand({
  usage: 'twinlog streams list [--json]',
  summary: 'Lists streams with their status and capacity mode. Every topic whose name may be a stream’s is one.',
  options: { ...endpointOption, ...jsonOption },
  async run(values) {
    const streams = await listStreams(kinesisAt(values.endpoint))
    if (values.json) printJson(streams)
    else if (streams.length === 0) print('There are no streams.\n')
    else
      print(
        table(
          ['STREAM', 'STATUS', 'MODE', 'CREATED'],
          streams.map(({ name, status, mode, created }) => [name, status, mode, created]),
        ),
      )
    return exitCodes.done
  },
})
