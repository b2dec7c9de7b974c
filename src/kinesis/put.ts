// Putting records: each to the shard that its hash key picks, one append per partition that is written to, whatever the number of records.
// What a request may hold is the operations' to check.
import type { Engine } from '../engine/engine.ts'
import { EngineError } from '../engine/errors.ts'
import type { Partition } from '../engine/partition.ts'
import { Loans } from '../lent-memory.ts'
import type { AwsError } from './aws-error.ts'
import { hashKeyHex, hashOfPartitionKey } from './hash-key.ts'
import { shardThrottled } from './limits.ts'
import type { Context } from './operation.ts'
import { buildRun, type PutEntry } from './record-run.ts'
import type { StreamShard } from './shard-map.ts'
import type { CallCounts, StreamCounts } from './stream-counts.ts'
import type { Stream } from './streams.ts'

/** Where a record is. It is named when it is answered: `shard.numbers.at(offset, timestampMs)`. */
export interface Stored {
  readonly shard: StreamShard
  readonly offset: number
  readonly timestampMs: number
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
  // Opened first and not held, so that routing and the order of appends are one step: a reshard cannot come between.
  for (let notYet = notReady(stream, context.engine); notYet; notYet = notReady(stream, context.engine)) await notYet
  const arrivalMs = context.clock.now()
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
  await store(stream, groups, results, arrivalMs, context, { counts, call })
  return results
}

/** Null where every open shard takes records; else what to wait for. */
function notReady({ shards, topic: { partitions } }: Stream, engine: Engine): Promise<void> | null {
  for (const { shard } of shards.open) {
    const partition = partitions[shard.partition]!
    if (!partition.opened) return engine.open([partition])
  }
  for (const { held } of partitions) if (held) return held
  return null
}

const appendTerms = { trusted: true, reusable: true } as const

/** Appends every group; settles when all have their results. A failure that is nobody's answer rejects. */
function store(
  { topic }: Stream,
  groups: readonly Group[],
  results: PutResult[],
  arrivalMs: number,
  { engine, memory }: Context,
  { counts, call }: PutCounts,
): Promise<void> {
  return new Promise((resolve, reject) => {
    let left = groups.length
    const settled = (): void => {
      if (--left <= 0) resolve()
    }
    if (left === 0) resolve()
    for (const { shard, partition, entries, places, bytes } of groups) {
      const loans = new Loans(memory)
      engine.appendFor(partition, buildRun(entries, arrivalMs, topic.config.maxMessageBytes, loans), appendTerms, {
        stored: (baseOffset, logAppendTimeMs) => {
          loans.giveBack()
          const timestampMs = logAppendTimeMs >= 0 ? logAppendTimeMs : arrivalMs
          counts.stored(call, shard.shard.index, entries.length, bytes)
          for (let i = 0; i < places.length; i++) results[places[i]!] = { shard, offset: baseOffset + i, timestampMs }
          settled()
        },
        // Whether the log still looks at the run is not certain then: its memory is let go.
        failed: (error) => {
          if (!(error instanceof EngineError)) return reject(error)
          for (const place of places) results[place] = error
          settled()
        },
      })
    }
  })
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
