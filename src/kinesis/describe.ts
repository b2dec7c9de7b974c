// Streams and shards as AWS describes them. Pure; shared by the operations that list or describe.
import type { Output } from './operation.ts'
import { shardIdOf } from './shard-id.ts'
import type { StreamShard } from './shard-map.ts'
import type { Stream } from './streams.ts'
import { WireTime } from './wire-time.ts'

const hourMs = 3_600_000
/** What AWS keeps at most; a topic that keeps its records for longer, or for ever, shows it. */
const retentionHoursMax = 8760

/** `retention.ms` in AWS's unit. */
export function retentionHours({ topic }: Stream): number {
  const { retentionMs } = topic.config
  return retentionMs < 0 ? retentionHoursMax : Math.min(retentionHoursMax, Math.max(1, Math.round(retentionMs / hourMs)))
}

/** Room for key, headers and batch header beside the data, when `max.message.bytes` is set from AWS's figure. */
const batchOverheadBytes = 64 * 1024

/** AWS's largest record size as `max.message.bytes`: one setting for both doors. */
export const messageBytesOf = (recordKib: number): number => recordKib * 1024 + batchOverheadBytes

/** The reverse: what a stream takes, within what AWS allows. */
export const recordKibOf = ({ topic }: Stream): number =>
  Math.max(1024, Math.min(10_240, Math.floor((topic.config.maxMessageBytes - batchOverheadBytes) / 1024)))

/** The encryption that a stream's records are said to have; none is not mentioned. */
export const encryptionOf = ({ facts }: Stream): string | undefined => (facts.keyId === null ? undefined : 'KMS')

/** What was asked for, and what the open shards carry, one MiB/s each. Undefined for a stream without warm throughput. */
export const warmThroughput = ({ facts, shards }: Stream): Output | undefined =>
  facts.warmThroughputMiBps === null ? undefined : { TargetMiBps: facts.warmThroughputMiBps, CurrentMiBps: shards.open.length }

export const modeDetails = ({ facts }: Stream): Output => ({ StreamMode: facts.mode })

/** The members that DescribeStream and DescribeStreamSummary share. */
export function describeStream(stream: Stream): Output {
  const { facts } = stream
  return {
    StreamName: stream.name,
    StreamARN: stream.arn,
    StreamStatus: stream.status,
    StreamModeDetails: modeDetails(stream),
    RetentionPeriodHours: retentionHours(stream),
    StreamCreationTimestamp: new WireTime(stream.topic.createdMs),
    EnhancedMonitoring: [{ ShardLevelMetrics: facts.shardLevelMetrics }],
    EncryptionType: facts.keyId === null ? 'NONE' : 'KMS',
    KeyId: facts.keyId ?? undefined,
  }
}

export function describeShard({ shard, id, numbers }: StreamShard): Output {
  const [parent, adjacent] = shard.parents
  // A parent is named also when it has expired.
  const nameOf = (index: number | undefined): string | undefined => (index === undefined ? undefined : shardIdOf(index))
  return {
    ShardId: id,
    ParentShardId: nameOf(parent),
    AdjacentParentShardId: nameOf(adjacent),
    HashKeyRange: { StartingHashKey: String(shard.hashStart), EndingHashKey: String(shard.hashEnd) },
    SequenceNumberRange: {
      StartingSequenceNumber: numbers.before(shard.startOffset),
      EndingSequenceNumber: shard.closedMs === null ? undefined : numbers.end(shard.closedMs),
    },
  }
}

/** Shards that still exist: open ones, and closed ones whose records retention has not yet taken. None of a stream that is not made yet. */
export function visibleShards(stream: Stream, nowMs: number): StreamShard[] {
  if (stream.unmade) return []
  const { retentionMs } = stream.topic.config
  return stream.shards.all.filter(({ shard }) => shard.closedMs === null || retentionMs < 0 || shard.closedMs + retentionMs > nowMs)
}

/** The children that a reader of an ended shard goes on with. */
export function childShards(stream: Stream, index: number): Output[] {
  return stream.shards.childrenOf(index).map(({ shard, id }) => ({
    ShardId: id,
    ParentShards: shard.parents.map((parent) => stream.shards.get(parent)?.id).filter((name) => name !== undefined),
    HashKeyRange: { StartingHashKey: String(shard.hashStart), EndingHashKey: String(shard.hashEnd) },
  }))
}
