// `twinlog streams reshard`.
import { defineCommand, exitCodes, UsageError, wholeNumber } from '../lib/command.ts'
import { endpointOption, kinesisAt } from '../lib/kinesis.ts'
import { jsonOption, print, printJson } from '../lib/output.ts'

export const command = defineCommand({
  usage: 'twinlog streams reshard STREAM --shards N',
  summary: 'Gives a stream more shards or fewer of equal size: at most twice as many, at least half.',
  details: 'To Kafka clients a split is one more partition, and a merge retires one: it can be read, and no longer written to.',
  positionals: { min: 1, max: 1 },
  options: {
    ...endpointOption,
    shards: { type: 'string', short: 's', value: 'N', help: 'How many open shards the stream shall have.' },
    ...jsonOption,
  },
  async run(values, [name = '']) {
    const shards = wholeNumber(values.shards, '--shards', 1)
    if (shards === undefined) throw new UsageError('--shards says how many open shards the stream shall have')
    await kinesisAt(values.endpoint)('UpdateShardCount', { StreamName: name, TargetShardCount: shards, ScalingType: 'UNIFORM_SCALING' })
    if (values.json) printJson({ stream: name, shards })
    else print(`${name} gets ${shards} open shards.\n`)
    return exitCodes.done
  },
})
