// Putting records: each to the shard that its hash key picks, one append per partition that is written to, whatever the number of records.
// What a request may hold is the operations' to check.
import { EngineError } from '../engine/errors.ts'
import type { Partition } from '../engine/partition.ts'
import type { AwsError } from './aws-error.ts'
import { hashKeyHex, hashOfPartitionKey } from './hash-key.ts'
import { shardThrottled } from './limits.ts'
import type { Context } from './operation.ts'
import { buildRun, type PutEntry } from './record-run.ts'
import type { StreamShard } from './shard-map.ts'
import type { CallCounts, StreamCounts } from './stream-counts.ts'
import type { Stream } from './streams.ts'

export interface Stored {
  readonly shardId: string
  readonly sequenceNumber: string
}

/** What became of one record: stored, or the reason why not. */
export type PutResult = Stored | EngineError | AwsError

interface Group {
  readonly shard: StreamShard
  readonly partition: Partition
  readonly entries: PutEntry[]
  /** Where each entry stands in the request. */
  readonly places: number[]
  /** Of data and keys. */
  bytes: number
}

/** Which of a stream's counts a call belongs to. */
export interface PutCounts {
  readonly counts: StreamCounts
  readonly call: CallCounts
}

/** Stores records in the order of the request within each shard. Settles when all are durable or refused, with one result each. */
export async function putEntries(stream: Stream, entries: readonly PutEntry[], context: Context, { counts, call }: PutCounts): Promise<PutResult[]> {
  const { engine, clock } = context
  const { partitions } = stream.topic
  // Opened first and not held, so that routing and the order of appends are one step: a reshard cannot come between.
  for (;;) {
    await engine.open(stream.shards.open.map(({ shard }) => partitions[shard.partition]!))
    const held = partitions.find((partition) => partition.held)?.held
    if (!held) break
    await held
  }
  const arrivalMs = clock.now()
  const results = new Array<PutResult>(entries.length)
  const groups = groupByShard(stream, entries, results, context, arrivalMs, counts)
  if (context.limits.on && stream.facts.mode === 'ON_DEMAND') {
    const sum = (figure: (group: Group) => number): number => groups.reduce((total, group) => total + figure(group), 0)
    context.onDemand.took(
      stream,
      sum(({ entries: { length } }) => length),
      sum(({ bytes }) => bytes),
      arrivalMs,
    )
  }
  await Promise.all(
    groups.map(async (group) => {
      try {
        const { baseOffset, logAppendTimeMs } = await engine.append(
          group.partition,
          buildRun(group.entries, arrivalMs, stream.topic.config.maxMessageBytes),
          { trusted: true },
        )
        const timestampMs = logAppendTimeMs >= 0 ? logAppendTimeMs : arrivalMs
        const { id, numbers, shard } = group.shard
        counts.stored(call, shard.index, group.entries.length, group.bytes)
        for (let i = 0; i < group.places.length; i++) {
          results[group.places[i]!] = { shardId: id, sequenceNumber: numbers.at(baseOffset + i, timestampMs) }
        }
      } catch (error) {
        if (!(error instanceof EngineError)) throw error
        for (const place of group.places) results[place] = error
      }
    }),
  )
  return results
}

/** Sorts records by their shards. One that its shard has no throughput for gets its refusal, and no group. */
function groupByShard(
  stream: Stream,
  entries: readonly PutEntry[],
  results: PutResult[],
  { limits, streams }: Context,
  nowMs: number,
  counts: StreamCounts,
): Group[] {
  const groups = new Map<StreamShard, Group>()
  const spread = stream.facts.distribution === 'AUTO' ? streams.nextSpread(stream, entries.length) : null
  const throttles = limits.on
  for (let place = 0; place < entries.length; place++) {
    const entry = entries[place]!
    const { open } = stream.shards
    const shard = spread === null ? stream.shards.route(hashHexOf(entry)) : open[(spread + place) % open.length]!
    const bytes = entry.data.length + (entry.partitionKey?.length ?? 0)
    if (throttles && !limits.mayWrite(stream.topic.id, shard.shard.index, bytes, nowMs)) {
      counts.refusedWrite(shard.shard.index)
      results[place] = shardThrottled(shard.id, stream.name, streams.account)
      continue
    }
    let group = groups.get(shard)
    if (!group) {
      group = { shard, partition: stream.topic.partitions[shard.shard.partition]!, entries: [], places: [], bytes: 0 }
      groups.set(shard, group)
    }
    group.entries.push(entry)
    group.places.push(place)
    group.bytes += bytes
  }
  return [...groups.values()]
}

function hashHexOf({ partitionKey, explicitHashKey }: PutEntry): string {
  // Only a stream that spreads its records itself takes one without a key.
  if (explicitHashKey === undefined) return hashOfPartitionKey(partitionKey ?? '')
  return hashKeyHex(BigInt(explicitHashKey))
}
