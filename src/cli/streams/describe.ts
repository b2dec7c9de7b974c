// `twinlog streams describe`.
import { defineCommand, exitCodes } from '../lib/command.ts'
import { endpointOption, kinesisAt } from '../lib/kinesis.ts'
import { jsonOption, print, printJson, table } from '../lib/output.ts'
import { type ShardFacts, type StreamFacts, streamFacts, streamShards } from './facts.ts'

export const command = defineCommand({
  usage: 'twinlog streams describe STREAM... [--json]',
  summary: 'Shows streams and their shards, closed ones that can still be read among them.',
  positionals: { min: 1, max: 1000 },
  options: { ...endpointOption, ...jsonOption },
  async run(values, names) {
    const call = kinesisAt(values.endpoint)
    const streams: (StreamFacts & { shards: ShardFacts[] })[] = []
    for (const name of names) streams.push({ ...(await streamFacts(call, name)), shards: await streamShards(call, name) })
    if (values.json) printJson(streams)
    else for (const stream of streams) print(streamText(stream))
    return exitCodes.done
  },
})

function streamText({ name, arn, status, mode, retentionHours, consumers, shards }: StreamFacts & { shards: ShardFacts[] }): string {
  const rows = shards.map((shard) => [
    shard.shardId,
    shard.endingSequenceNumber === null ? 'open' : 'closed',
    [shard.parentShardId, shard.adjacentParentShardId].filter((parent) => parent !== null).join(' ') || null,
    shard.startingHashKey,
    shard.endingHashKey,
  ])
  const facts = `${arn}\n${status}, ${mode}, ${retentionHours} h of retention, ${consumers} fan-out consumers`
  return `${name}\n${facts}\n${table(['SHARD', 'STATE', 'PARENTS', 'FIRST HASH KEY', 'LAST HASH KEY'], rows)}\n`
}
