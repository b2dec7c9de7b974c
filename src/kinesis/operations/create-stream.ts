// CreateStream: a topic with one partition per shard, which Kafka clients see at once. A stream keeps records for 24 hours unless told
// otherwise, as AWS does; Kafka's week is the default of topics that Kafka clients create.
import { EngineError } from '../../engine/errors.ts'
import { inUse, invalidArgument } from '../aws-error.ts'
import { messageBytesOf } from '../describe.ts'
import { onDemandShardsMin } from '../on-demand.ts'
import { operation } from '../operation.ts'
import { integer, required, structure } from '../shape.ts'
import { maxRecordSizeInKiB, recordDistributionStrategy, streamMode, streamName, tags } from '../shapes.ts'
import { newFacts } from '../stream-facts.ts'
import { isStreamName } from '../streams.ts'
import { checkTags } from '../tags.ts'

const retentionMs = 24 * 3_600_000
const recordKibDefault = 1024
export const createStream = operation({
  name: 'CreateStream',
  input: {
    shardCount: integer({ min: 1 }),
    streamModeDetails: structure({ streamMode: required(streamMode) }),
    tags,
    warmThroughputMiBps: integer({ min: 0 }),
    maxRecordSizeInKiB,
    recordDistributionStrategy,
    streamName: required(streamName),
  },
  async run(input, { engine, streams, limits, onDemand: capacity, account, nowMs }) {
    // Nobody could see such a stream: not describe it, not delete it.
    if (!isStreamName(input.streamName)) throw invalidArgument(`${input.streamName} is a topic of Kafka's own and cannot be a stream.`)
    const mode = input.streamModeDetails?.streamMode ?? 'PROVISIONED'
    const onDemand = mode === 'ON_DEMAND'
    if (!onDemand && input.shardCount === undefined) throw invalidArgument('ShardCount must be provided for a stream in PROVISIONED mode.')
    if (onDemand && input.shardCount !== undefined) throw invalidArgument('ShardCount must not be provided for a stream in ON_DEMAND mode.')
    capacity.checkWarm(input.warmThroughputMiBps, mode, account.committed(nowMs))
    if (!onDemand && input.recordDistributionStrategy === 'AUTO') {
      throw invalidArgument('RecordDistributionStrategy AUTO is only supported for streams in ON_DEMAND mode.')
    }
    const given = Object.fromEntries(input.tags ?? [])
    checkTags(given, {}, input.streamName, streams.account)
    const partitionCount = input.shardCount ?? Math.max(onDemandShardsMin, input.warmThroughputMiBps ?? 0)
    if (!streams.byName(input.streamName))
      limits.newStream(mode, partitionCount, limits.on ? streams.all().filter(({ status }) => status === 'CREATING').length : 0)
    try {
      await engine.topics.create({
        name: input.streamName,
        partitionCount,
        configs: { 'retention.ms': String(retentionMs), 'max.message.bytes': String(messageBytesOf(input.maxRecordSizeInKiB ?? recordKibDefault)) },
        createdByAws: true,
        aws: newFacts({
          mode,
          tags: given,
          warmThroughputMiBps: input.warmThroughputMiBps ?? null,
          distribution: input.recordDistributionStrategy ?? 'USER_PARTITION_KEY',
          busyUntilMs: streams.busyUntil(nowMs),
        }),
      })
    } catch (error) {
      if (error instanceof EngineError && error.code === 'topic-exists') {
        throw inUse(`Stream ${input.streamName} under account ${streams.account} already exists.`)
      }
      throw error
    }
    return undefined
  },
})
