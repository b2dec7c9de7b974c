// What Kinesis tells of streams, read to the last page and in the shape that the commands print.
import type { Call } from '../lib/kinesis.ts'

export interface ListedStream {
  name: string
  status: string
  mode: string
  /** ISO 8601. */
  created: string
}

export interface StreamFacts {
  name: string
  arn: string
  status: string
  mode: string
  retentionHours: number
  openShards: number
  consumers: number
}

export interface ShardFacts {
  shardId: string
  parentShardId: string | null
  adjacentParentShardId: string | null
  startingHashKey: string
  endingHashKey: string
  startingSequenceNumber: string
  /** Null while the shard is open. */
  endingSequenceNumber: string | null
}

interface StreamPage {
  HasMoreStreams: boolean
  StreamSummaries: {
    StreamName: string
    StreamStatus: string
    StreamModeDetails: { StreamMode: string }
    /** Seconds since 1970, with a fraction. */
    StreamCreationTimestamp: number
  }[]
}

interface Summary {
  StreamDescriptionSummary: {
    StreamName: string
    StreamARN: string
    StreamStatus: string
    StreamModeDetails?: { StreamMode: string }
    RetentionPeriodHours: number
    OpenShardCount: number
    ConsumerCount?: number
  }
}

interface Shard {
  ShardId: string
  ParentShardId?: string
  AdjacentParentShardId?: string
  HashKeyRange: { StartingHashKey: string; EndingHashKey: string }
  SequenceNumberRange: { StartingSequenceNumber: string; EndingSequenceNumber?: string }
}

/** All streams, by name. */
export async function listStreams(call: Call): Promise<ListedStream[]> {
  const streams: ListedStream[] = []
  for (;;) {
    const page = await call<StreamPage>('ListStreams', { ExclusiveStartStreamName: streams.at(-1)?.name })
    for (const { StreamName, StreamStatus, StreamModeDetails, StreamCreationTimestamp } of page.StreamSummaries) {
      streams.push({
        name: StreamName,
        status: StreamStatus,
        mode: StreamModeDetails.StreamMode,
        created: new Date(StreamCreationTimestamp * 1000).toISOString(),
      })
    }
    if (!page.HasMoreStreams || page.StreamSummaries.length === 0) return streams
  }
}

/** One stream's summary. */
export async function streamFacts(call: Call, name: string): Promise<StreamFacts> {
  const { StreamDescriptionSummary: summary } = await call<Summary>('DescribeStreamSummary', { StreamName: name })
  return {
    name: summary.StreamName,
    arn: summary.StreamARN,
    status: summary.StreamStatus,
    mode: summary.StreamModeDetails?.StreamMode ?? 'PROVISIONED',
    retentionHours: summary.RetentionPeriodHours,
    openShards: summary.OpenShardCount,
    consumers: summary.ConsumerCount ?? 0,
  }
}

/** One stream's shards, closed ones that can still be read among them. */
export async function streamShards(call: Call, name: string): Promise<ShardFacts[]> {
  const shards: ShardFacts[] = []
  let token: string | undefined
  do {
    const page: { Shards: Shard[]; NextToken?: string } = await call('ListShards', token === undefined ? { StreamName: name } : { NextToken: token })
    shards.push(...page.Shards.map(shardFacts))
    token = page.NextToken
  } while (token !== undefined)
  return shards
}

const shardFacts = ({ ShardId, ParentShardId, AdjacentParentShardId, HashKeyRange, SequenceNumberRange }: Shard): ShardFacts => ({
  shardId: ShardId,
  parentShardId: ParentShardId ?? null,
  adjacentParentShardId: AdjacentParentShardId ?? null,
  startingHashKey: HashKeyRange.StartingHashKey,
  endingHashKey: HashKeyRange.EndingHashKey,
  startingSequenceNumber: SequenceNumberRange.StartingSequenceNumber,
  endingSequenceNumber: SequenceNumberRange.EndingSequenceNumber ?? null,
})
