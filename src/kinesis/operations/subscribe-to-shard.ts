// SubscribeToShard: a shard's records pushed as an event stream for five minutes (subscription.ts has the rules).
import { type AwsError, inUse, notFound } from '../aws-error.ts'
import { checkDryRun } from '../dry-run.ts'
import { operation } from '../operation.ts'
import { required, structure, timestamp } from '../shape.ts'
import { consumerARN, dryRun, sequenceNumber, shardId, shardIteratorType, streamId } from '../shapes.ts'
import { shardIndexOf } from '../shard-id.ts'
import { startOffset } from '../start.ts'
import { shardMissing } from './get-shard-iterator.ts'

export const subscribeToShard = operation({
  name: 'SubscribeToShard',
  input: {
    consumerARN: required(consumerARN),
    shardId: required(shardId),
    startingPosition: required(structure({ type: required(shardIteratorType), sequenceNumber, timestamp: timestamp() })),
    dryRun,
    streamId,
  },
  streams: true,
  async run(input, context) {
    const { consumers, streams, subscriptions } = context
    const consumer = consumers.find(input)
    const { stream } = consumer
    const missing = (name: string, account: string): AwsError => notFound(`Stream ${name} under account ${account} not found.`)
    streams.serving({ streamName: stream.name }, missing)
    if (consumer.status !== 'ACTIVE') throw inUse(`Consumer ${consumer.arn} is not ACTIVE, instead in state ${consumer.status}.`)
    const index = shardIndexOf(input.shardId)
    const shard = index === null ? undefined : stream.shards.get(index)
    if (!shard) {
      throw index === null
        ? notFound(`Could not find shard ${input.shardId} in stream ${stream.name} under account ${streams.account}.`)
        : shardMissing(index, stream.name, streams.account)
    }
    const { type, sequenceNumber: from, timestamp: timestampMs } = input.startingPosition
    const offset = await startOffset({ type, sequenceNumber: from, timestampMs }, stream, shard, context, 'SubscribeToShard')
    subscriptions.check(consumer, shard)
    checkDryRun(input)
    return subscriptions.open(consumer, shard, offset)
  },
})
